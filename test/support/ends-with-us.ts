import { spawn } from 'node:child_process'

/**
 * Ends a server and removes its folder, unless that is to be kept, when this process is gone, however it went (SIGKILL
 * too): a shell of its own reads the server's pid from a pipe, and the pipe closes with us.
 */
export const endsWithUs = (
  folder: string,
  { keep = false } = {},
): { serves(pid: number | null): void; done(): Promise<void> } => {
  const script = `pid=
    while read -r line; do pid=$line; done
    if [ -n "$pid" ]; then
      kill -CONT "$pid"; kill -QUIT "$pid"
      for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" && sleep 0.2; done
      kill -KILL "$pid"
    fi
    ${keep ? '' : 'rm -rf "$0"'}`
  const watch = spawn('sh', ['-c', script, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const gone = new Promise<void>((resolve) => watch.once('exit', () => resolve()))
  watch.unref()
  // The pipe is held open by us on purpose, but must not keep this process alive.
  const pipe = watch.stdin as typeof watch.stdin & { unref?(): void }
  pipe.unref?.()
  return {
    serves: (pid) => void watch.stdin.write(`${pid ?? ''}\n`),
    done: () => {
      watch.ref()
      watch.stdin.end()
      return gone
    },
  }
}
