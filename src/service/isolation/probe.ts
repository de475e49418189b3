import { randomInt, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { MeanderError, problemOfFile } from '../../errors.ts'
import type { Names } from '../../postgres/operator-calls.ts'

const id = z.uuid().toLowerCase().nullish()
const text = z.string().min(1).max(500).nullish()

/** Each kind of thing that a call may name. */
const shape = {
  organization: id,
  slug: text,
  user: id,
  email: text,
  login: text,
  session: id,
  grant: id,
  jti: id,
  request: id,
  ticket: text,
} satisfies Record<keyof Names, z.ZodType>

/** What the administrator writes down of another organization; what is left out is not tried. */
const probeFile = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('IsolationProbe'),
  items: z.array(z.strictObject(shape)).min(1).max(1_000),
})

export type Probe = z.infer<typeof probeFile>['items'][number]

/** Every kind of thing that a probe may name. */
export const kinds = Object.keys(shape) as (keyof Names)[]

/** @throws MeanderError USAGE for a file that cannot be read, or is none. */
export const readProbe = async (path: string): Promise<Probe[]> => {
  const refuse = (what: string, cause?: unknown): never => {
    throw new MeanderError('USAGE', `The probe ${path} ${what}`, {
      hint: 'The administrator makes it: see meanderctl doctor isolation --help',
      cause,
    })
  }
  const file = await readFile(path, 'utf8').catch((error) =>
    refuse(`cannot be read: ${problemOfFile(error)}`, error),
  )
  let json: unknown
  try {
    json = JSON.parse(file)
  } catch (error) {
    return refuse('is not JSON', error)
  }
  const checked = probeFile.safeParse(json)
  if (checked.success) return checked.data.items
  const [issue] = checked.error.issues
  return refuse(`is not as it has to be: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`)
}

/** What a probe names, and in the place of what it does not name something that nobody has. */
export const namesIn = (probe: Probe): Names => {
  const names = nobodys(example)
  return Object.fromEntries(kinds.map((kind) => [kind, probe[kind] ?? names[kind]])) as unknown as Names
}

/** Names of the same shape that nobody has. */
export const nobodys = (names: Names): Names =>
  Object.fromEntries(kinds.map((kind) => [kind, another(names[kind])])) as unknown as Names

const example: Names = {
  organization: '00000000-0000-4000-8000-000000000000',
  slug: 'organization',
  user: '00000000-0000-4000-8000-000000000000',
  email: 'somebody@somewhere.example',
  login: 'somebody_login',
  session: '00000000-0000-4000-8000-000000000000',
  grant: '00000000-0000-4000-8000-000000000000',
  jti: '00000000-0000-4000-8000-000000000000',
  request: '00000000-0000-4000-8000-000000000000',
  ticket: 'TICKET-00000',
}

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const another = (name: string): string =>
  isUuid.test(name)
    ? randomUUID()
    : name
        .replace(/[a-z]/g, () => String.fromCharCode(97 + randomInt(26)))
        .replace(/[A-Z]/g, () => String.fromCharCode(65 + randomInt(26)))
        .replace(/[0-9]/g, () => String(randomInt(10)))
