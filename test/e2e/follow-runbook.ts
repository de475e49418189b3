import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, looksLike, readPage } from '../support/runbook.ts'
import { type Shell, type Shown, startShell } from '../support/shell.ts'
import { bin, cleanEnvironment } from './meanderctl.ts'

/** What a page finds, what others do while it is followed, and what must be so afterwards. */
export interface Scene {
  /** The settings of whoever sits at the prompt `login$`, or `login@server$`. */
  settings(login: string): Readonly<Record<string, string>>
  /** In the order in which the page tells of them. */
  readonly meanwhile?: Readonly<Record<string, () => Promise<unknown>>>
  afterwards(): Promise<unknown>
  strike(): Promise<void>
}

/** A page that was followed to its end. */
export interface Followed {
  readonly asWritten: string
  /** The same text where everything was shown as it is written. */
  readonly asSeen: string
  /** Blocks that were run: commands, and scripts that a command called. */
  readonly blocks: number
  readonly meanwhile: readonly string[]
}

const transcript = ({ login, command }: Command, { output, exitCode }: Shown): string =>
  [
    `${login}$ ${command.replaceAll('\n', '\n> ')}`,
    ...(output === '' ? [] : [output]),
    ...(exitCode === 0 ? [] : [`# exit ${exitCode}`]),
  ].join('\n')

/** What was shown, as the page writes it wherever it does, so that a difference is all that is seen of a failure. */
const inTheWordsOf = (page: string, output: string): string => {
  if (looksLike(output, page)) return page
  const lines = page.split('\n').filter((line) => line !== '…')
  const written = (line: string) => lines.find((one) => looksLike(line, one)) ?? line
  return `${output.trimEnd().split('\n').map(written).join('\n')}\n(not as on the page)`
}

/** Runs what a page says from top to bottom, in a folder of its own with the built tool on the path. */
export const followRunbook = async (file: string, scene: Scene): Promise<Followed> => {
  const page = readPage(file)
  const place = mkdtempSync(join(tmpdir(), 'meanderctl-runbook-'))
  const [folder, path] = [join(place, 'work'), join(place, 'bin')]
  for (const made of [folder, path]) mkdirSync(made)
  symlinkSync(bin, join(path, 'meanderctl'))
  for (const { name, text } of page.scripts) {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
  const env = { ...cleanEnvironment(), PATH: `${path}:${process.env.PATH}`, HOME: folder }
  const shell: Shell = startShell(folder, env)

  const [asWritten, asSeen, meanwhile]: [string[], string[], string[]] = [[], [], []]
  const called = new Set<string>()
  let blocks = 0
  try {
    for (const step of page.steps) {
      if ('meanwhile' in step) {
        const happens = scene.meanwhile?.[step.meanwhile]
        if (!happens) throw new Error(`nobody knows how to do ${step.meanwhile}`)
        await happens()
        meanwhile.push(step.meanwhile)
        continue
      }
      for (const command of step.commands) {
        const { output, exitCode } = await shell.run(command.command, scene.settings(command.login))
        for (const { name } of page.scripts) if (command.command.includes(`./${name}`)) called.add(name)
        asWritten.push(transcript(command, command))
        asSeen.push(transcript(command, { output: inTheWordsOf(command.output, output), exitCode }))
      }
      blocks += 1
    }
  } finally {
    await shell.close()
    rmSync(place, { recursive: true })
  }
  return {
    asWritten: asWritten.join('\n'),
    asSeen: asSeen.join('\n'),
    blocks: blocks + called.size,
    meanwhile,
  }
}
