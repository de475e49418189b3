import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { version } from '../../version.ts'
import { counted, purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseOrganization } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface CheckpointOptions extends ReasonOptions {
  readonly org?: string
  readonly generateKey?: boolean
}

export const registerCheckpoint = (parent: Command, context: Context, run = checkpoint): void => {
  const command = teach(parent.command('checkpoint'), {
    examples: [
      ['Once', 'meanderctl audit checkpoint --generate-key --quiet'],
      ['Every night', 'meanderctl audit checkpoint --quiet >> checkpoints.jsonl'],
    ],
    ends: [...endsOfLook, 'UNKNOWN'],
  })
    .description(
      'Write a signed head of the record, to be kept outside the database: what verify later checks it against',
    )
    .option('--org <slug|id>', 'of this organization; left out, of all within reach', parseOrganization)
    .option('--generate-key', 'make the signing key where MEANDERCTL_SIGNING_KEY_FILE says, and nothing else')
    .action((options: CheckpointOptions) => run(options, context))
  reasonOptions(command)
}

export const checkpoint = async (options: CheckpointOptions, context: Context): Promise<void> => {
  const { settings, terminal } = context
  const { generateSigningKey, readSigningKey } = await import('../../service/audit/signing-key.ts')
  if (options.generateKey) {
    if (options.org !== undefined) {
      throw new MeanderError('USAGE', '--generate-key takes no checkpoint: give --org without it.')
    }
    const made = await generateSigningKey(settings.signingKeyFile)
    await terminal.write([made.publicKey])
    terminal.note(
      `The private key is ${made.path}, the public one ${made.publicKeyPath}; its id is ${made.keyId}.`,
    )
    terminal.note(
      'Keep the public key where checkpoints are verified, out of reach of whoever can write to the database.',
    )
    return
  }

  // Before anything is put on record: a key that cannot sign would leave an event without its checkpoint.
  const key = await readSigningKey(settings.signingKeyFile)
  const { checkpoints } = await context.service()
  const organization = options.org ?? settings.organization.value
  const taken = await checkpoints.take(organization, key, purposeOf(options, context), version)
  if (taken === null) throw new MeanderError('NOT_FOUND', 'There is no organization within your reach.')
  const { cleanJson } = await terminal.style()
  await terminal.write([`${cleanJson(JSON.stringify(taken))}\n`])
  terminal.note(
    `${counted(taken.heads.length, 'record')} checkpointed, signed with ${taken.keyId}. Keep this outside the database.`,
  )
}
