import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { MeanderError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { schemaKindView } from '../views/schema-kind.view.ts'
import { parseText } from './shared/parsers.ts'
import { teach } from './shared/teaching.ts'
import { wanting } from './shared/wanted.ts'

interface SchemaOptions {
  readonly line?: boolean
}

const parseKind = wanting<string>(async () => {
  const { allKinds } = await import('../views/kinds.schema.ts')
  return allKinds.map(({ kind, says }) => [kind, says])
}, parseText)

export const registerSchema = (command: Command, context: Context, run = schema): void => {
  teach(command, {
    examples: [
      ['What sessions list prints as JSON', 'meanderctl schema SessionList'],
      ['One line of it as NDJSON', 'meanderctl schema SessionList --line'],
      ['Which kinds there are', 'meanderctl schema'],
    ],
    ends: [],
    notes: `What -o json prints has "kind" in it, and this is its JSON Schema (2020-12). No field is ever dropped; a newer meanderctl may add some, and its schema then has them.`,
  })
    .argument('[kind]', 'as in "kind":"SessionList"; left out, all are listed', parseKind)
    .option('--line', 'of one line of -o ndjson, instead of the document of -o json')
    .action((kind: string | undefined, options: SchemaOptions) => run(kind, options, context))
}

export const schema = async (
  name: string | undefined,
  { line = false }: SchemaOptions,
  context: Context,
): Promise<void> => {
  const { show, terminal, settings } = context
  const { allKinds, jsonSchemaOf } = await import('../views/kinds.schema.ts')
  if (name === undefined) {
    if (line) throw new MeanderError('USAGE', '--line is of one kind: name it.', { hint: allOfThem })
    return show.list(schemaKindView, allKinds)
  }
  if (settings.output.source === 'flag' && show.format !== 'json') {
    throw new MeanderError('USAGE', `A schema is JSON: there is none as ${show.format}.`, {
      hint: `Leave out -o${show.format === 'ndjson' ? '; the schema of one line: --line' : ''}.`,
    })
  }
  const kind = allKinds.find((known) => known.kind === name)
  if (!kind) {
    const kinds = allKinds.map((known) => known.kind)
    const parts = kinds.filter((known) => alike(known, name))
    const near = parts.length > 0 ? parts : [nearest(name, kinds) ?? []].flat()
    throw new MeanderError('USAGE', `There is no kind ${name}.`, {
      hint: near.length > 0 ? `Did you mean ${near.join(', ')}?` : allOfThem,
    })
  }
  const found = jsonSchemaOf(kind, line)
  if (!found) {
    throw new MeanderError('USAGE', `${name} has no lines: it is one document.`, {
      hint: `meanderctl schema ${name}`,
    })
  }
  await terminal.write([`${JSON.stringify(found, null, 2)}\n`])
}

/** One is a part of the other, whatever the case: `sessions` is like `Session` and `SessionList`. */
const alike = (kind: string, name: string): boolean => {
  const [one, other] = [kind.toLowerCase(), name.toLowerCase().replace(/s$/, '')]
  return other.length > 2 && (one.includes(other) || other.includes(one))
}

const allOfThem = 'See them all: meanderctl schema'
