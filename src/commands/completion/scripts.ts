/** Each asks `meanderctl __complete SHELL …` and shows what comes; all else is decided there. */

const bash = `# bash completion for meanderctl: meanderctl completion bash >> ~/.bashrc
_meanderctl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default 2>/dev/null ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <(command meanderctl __complete bash "\${COMP_LINE:0:COMP_POINT}" "$2" "$COMP_TYPE" </dev/null 2>/dev/null)
  # Sessions come newest first.
  compopt -o nosort 2>/dev/null
}
complete -F _meanderctl meanderctl
`

const zsh = `#compdef meanderctl
# zsh completion for meanderctl: meanderctl completion zsh >> ~/.zshrc, behind compinit; or as _meanderctl in a folder of fpath
_meanderctl() {
  local line
  local -a words_before found
  words_before=("\${(@Q)words[2,CURRENT-1]}")
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compset -P '--*='
      _files
      return
    fi
    found+=("\${line/$'\\t'/:}")
  done < <(command meanderctl __complete zsh "\${words_before[@]}" "$PREFIX" </dev/null 2>/dev/null)
  (( $#found )) && _describe -V meanderctl found
}
if [[ \${funcstack[1]} == _meanderctl ]]; then
  _meanderctl "$@"
else
  compdef _meanderctl meanderctl
fi
`

const fish = `# fish completion for meanderctl: meanderctl completion fish > ~/.config/fish/completions/meanderctl.fish
function __meanderctl_complete
  # A command that there is not would be told of here, whatever is redirected.
  command -q meanderctl; or return
  set -l before (commandline -opc)[2..]
  set -l current (commandline -ct)
  for line in (command meanderctl __complete fish $before "$current" </dev/null 2>/dev/null)
    if test "$line" = :files
      set -l attached (string match -r -- '^--[^=]*=' "$current")
      for file in (__fish_complete_path (string replace -- "$attached" '' "$current"))
        echo "$attached$file"
      end
    else
      echo $line
    end
  end
end
complete -c meanderctl -f -k -a '(__meanderctl_complete)'
`

/** What a shell reads to complete, by its name. */
export const scripts = { bash, zsh, fish } as const
