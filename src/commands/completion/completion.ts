import { Argument, type Command } from 'commander'
import type { Context } from '../../context.ts'
import { teach } from '../shared/teaching.ts'
import { scripts } from './scripts.ts'

export const registerCompletion = (command: Command, _: Context, run = completion): void => {
  teach(command, {
    examples: [
      ['bash', 'meanderctl completion bash >> ~/.bashrc'],
      ['zsh, behind compinit', 'meanderctl completion zsh >> ~/.zshrc'],
      ['fish', 'meanderctl completion fish > ~/.config/fish/completions/meanderctl.fish'],
    ],
    ends: [],
    formats: [],
    notes: `Organizations, users, sessions and grants are completed from the database that a command would ask there, within 300 ms or not at all. Nothing is asked of a person, no passwordCommand is run, nothing is written, and nothing is read under a support access grant: that would be an act on its record. The demo takes longer to start than that. What a shell would have to quote is left for you to type.`,
  })
    .addArgument(new Argument('<shell>', 'whose script to print').choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => run(shell, command))
}

export const completion = (shell: keyof typeof scripts, command: Command): void =>
  command.configureOutput().writeOut?.(scripts[shell])
