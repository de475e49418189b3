import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Kind } from '../../src/views/json.schema.ts'
import { allKinds } from '../../src/views/kinds.schema.ts'

/** Holds what a command says to programs against `meanderctl schema`: every test that runs one does this by itself. */

const kindNamed = new Map(allKinds.map((kind) => [kind.kind, kind]))
const failure = kindNamed.get('Error')?.line ?? z.never()

/** What is no JSON, whatever `-o` says: help, a public key, and what a shell reads. */
const notForPrograms: readonly string[] = ['--help', 'help', '--generate-key', '__complete']

/** `json` or `ndjson` when that is what was asked for. */
const formOf = (argv: readonly string[], fallback: string | undefined): string | undefined => {
  const at = argv.findLastIndex((word) => word === '-o' || word === '--output')
  const joined = argv.map((word) => /^(?:-o|--output=)(.+)$/.exec(word)?.[1]).findLast(Boolean)
  return (at >= 0 ? argv[at + 1] : joined) ?? fallback
}

/** What `by` says of a command: `sessions list`, or `blocklist sync --follow` with that option alone. */
const prints = ({ by }: Kind, argv: readonly string[]): boolean =>
  by.some((command) => {
    const words = command.split(' ')
    const [names, options] = [
      words.filter((word) => !word.startsWith('--')),
      words.filter((word) => word.startsWith('--')),
    ]
    const start = argv.findIndex((_, at) => isDeepStrictEqual(argv.slice(at, at + names.length), names))
    return start >= 0 && options.every((option) => argv.includes(option))
  })

const held = (schema: z.ZodType, what: string, text: string): void => {
  const checked = schema.safeParse(JSON.parse(text))
  if (checked.success) return
  const problems = z.prettifyError(checked.error)
  throw new Error(`${what} is not as its schema says:\n${problems}\n${text.slice(0, 2000)}`)
}

const holdDocument = (text: string): void => {
  const { kind: name } = JSON.parse(text)
  const kind = kindNamed.get(name)
  if (!kind?.document) throw new Error(`no schema of the kind ${name}: ${text.slice(0, 2000)}`)
  held(kind.document, name, text)
}

const holdLines = (text: string, argv: readonly string[]): void => {
  const kinds = allKinds.filter((kind) => kind.line && prints(kind, argv))
  if (kinds.length === 0) throw new Error(`no schema of a line of ${argv.join(' ')}: ${text.slice(0, 2000)}`)
  const line = z.union(kinds.map((kind) => kind.line ?? z.never()))
  for (const one of text.trimEnd().split('\n'))
    held(line, `a line of ${kinds.map(({ kind }) => kind).join(' or ')}`, one)
}

/**
 * @param fallback what MEANDERCTL_OUTPUT says
 * @throws Error naming kind and field where an answer is not as its schema says
 */
export const holdAnswer = (
  argv: readonly string[],
  { code, stdout, stderr }: { readonly code: number; readonly stdout: string; readonly stderr: string },
  fallback?: string,
): void => {
  const capabilities = argv.includes('help') && argv.includes('--json')
  const form = capabilities ? 'json' : formOf(argv, fallback)
  if (form !== 'json' && form !== 'ndjson') return
  for (const line of stderr.split('\n')) if (line.startsWith('{"error":')) held(failure, 'Error', line)
  // What was cut off in the middle has no end to be held against anything.
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
  if (code !== 0 && whole !== stdout) return
  if (stdout === '' || (!capabilities && argv.some((word) => notForPrograms.includes(word)))) return
  if (form === 'json') holdDocument(stdout)
  else holdLines(stdout, argv)
}
