/**
 * A program that does with a terminal what commands do; run in a real one by the tests of the terminal.
 * First argument: what to do. Second: the terminal's options as JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../../src/errors.ts'
import { createTerminal } from '../../src/terminal/create-terminal.ts'
import { processStreams } from '../../src/terminal/streams.ts'

const [act = '', given = '{}', count = '3'] = process.argv.slice(2)
const terminal = createTerminal(
  Object.assign(processStreams(), {
    color: 'auto' as const,
    pager: 'less -FRX',
    input: true,
    quiet: false,
    accessible: false,
    ...(JSON.parse(given) as object),
  }),
)
const say = (value: unknown) => terminal.write([`answer ${JSON.stringify(value)}\n`])

function* lines() {
  for (let number = 1; number <= Number(count); number += 1) yield `line ${number}\n`
}

const devices = ['iPhone', 'iPad', 'Pixel\u202e'].map((name) => ({ name, value: name }))

const acts: Record<string, () => Promise<void>> = {
  confirm: async () => say(await terminal.prompt.confirm('Revoke 3 sessions?')),
  text: async () =>
    say(
      await terminal.prompt.text('Reason:', {
        validate: (value) => value.trim() !== '' || 'A reason is required.',
      }),
    ),
  password: async () => say(await terminal.prompt.password('Password:')),
  typed: async () => say(await terminal.prompt.typed('This ends 60 sessions. Type hlf to go on:', 'hlf')),
  select: async () =>
    say(
      await terminal.prompt.select('Which user?', [
        { name: 'Anna\u202e', value: 'anna' },
        { name: 'Bo', value: 'bo' },
      ]),
    ),
  checkbox: async () => say(await terminal.prompt.checkbox('Which sessions?', devices)),
  search: async () =>
    say(
      await terminal.prompt.search('Which device?', async (typed) => {
        if (typed === 'lost') throw new MeanderError('FAILED', 'The connection was lost.')
        return devices.filter(({ name }) => name.toLowerCase().startsWith(typed))
      }),
    ),
  pipe: async () => {
    const stdin = terminal.readStdin()
    const interactive = terminal.interactive
    let bytes = 0
    for await (const chunk of stdin) bytes += chunk.length
    await say({ bytes, interactive, sure: interactive && (await terminal.prompt.confirm('Sure?')) })
  },
  write: () => terminal.write(lines()),
  page: async () => {
    await terminal.write(lines(), { pager: true })
    terminal.note('after the pager')
  },
  progress: async () => {
    const progress = terminal.progress('Ending sessions', 10)
    for (let done = 1; done <= 10; done += 1) {
      await sleep(Number(count))
      progress.update(done)
    }
    progress.stop('ended 10 sessions')
  },
  tones: async () => {
    const { tone } = await terminal.style()
    await terminal.write([`${tone('good', 'active')} ${tone('bad', 'revoked')} ${tone('plain', 'x')}\n`])
  },
}

// An open connection keeps a process alive as this does: a question that never ends is seen.
const alive = setInterval(() => {}, 1000)
try {
  await acts[act]?.()
} catch (error) {
  if (!(error instanceof MeanderError)) throw error
  terminal.warn(`${error.code}: ${error.message}`)
  process.exitCode = error.exitCode
} finally {
  clearInterval(alive)
}
