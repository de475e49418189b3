import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { outputFormats } from '../../views/view.ts'
import { parseFile, parseText } from '../shared/parsers.ts'
import { teach } from '../shared/teaching.ts'
import { showOne } from './say.ts'

/** What a profile may hold, by its key in the file. */
const settings = {
  databaseUrl: ['--database-url <url>', 'postgresql://user@host:5432/database, without a password'],
  passwordCommand: ['--password-command <command>', 'run for the password of the database: a vault, a token'],
  sslRootCert: ['--ssl-root-cert <file>', 'the authority of the server’s certificate, or system'],
  sslCert: ['--ssl-cert <file>', 'a client certificate'],
  sslKey: ['--ssl-key <file>', 'its key'],
  redisUrl: ['--redis-url <url>', 'rediss://user@host:6380, without a password'],
  redisClusterNodes: ['--redis-cluster-nodes <list>', 'host:port,… of a Cluster'],
  redisSentinels: ['--redis-sentinels <list>', 'host:port,… of the sentinels'],
  redisSentinelName: ['--redis-sentinel-name <name>', 'the primary that they watch'],
  redisUsername: ['--redis-username <name>', 'where the URL names none'],
  redisTlsCa: ['--redis-tls-ca <file>', 'the authority of Redis’s certificate, or system'],
  redisTlsCert: ['--redis-tls-cert <file>', 'a client certificate for Redis'],
  redisTlsKey: ['--redis-tls-key <file>', 'its key'],
  redisPrefix: ['--redis-prefix <text>', 'before every key'],
  signingKeyFile: ['--signing-key-file <file>', 'the key that signs checkpoints and evidence'],
  organization: ['--org <slug|id>', 'the organization where --org is not given'],
  output: ['--default-output <format>', 'the form of output where -o is not given'],
} as const satisfies Record<string, readonly [flags: string, description: string]>

interface AddOptions extends Partial<Record<keyof typeof settings | 'org' | 'defaultOutput', string>> {
  readonly production?: boolean
  readonly use?: boolean
  readonly replace?: boolean
}

export const registerAdd = (parent: Command, context: Context, run = addProfile): void => {
  const command = parent
    .command('add')
    .description('Write down a database, Redis and organization under a name; no secret is kept')
    .argument('<name>', 'the profile', parseText)
    .option('--production', 'mark it: every question says so')
    .option('--use', 'make it the default')
    .option('--replace', 'put it in the place of the profile of that name, whole')
  for (const [key, [flags, description]] of Object.entries(settings)) {
    const option = new Option(flags, description)
    command.addOption(
      key === 'output'
        ? option.choices(outputFormats)
        : option.argParser(flags.endsWith('<file>') ? parseFile : parseText),
    )
  }
  command.action((name: string, options: AddOptions) => run(name, options, context))
  teach(command, {
    examples: [
      [
        'Name a database',
        'meanderctl profile add staging --database-url postgresql://kari@db.example.org/meander --use',
      ],
    ],
    ends: [],
    notes,
  })
}

const notes = `The file is $XDG_CONFIG_HOME/meanderctl/config.json, for its owner alone. The
password comes from --password-command (its standard output; sh runs it, for a
minute at most), else from PGPASSWORD, ~/.pgpass or a question. Flag,
environment and env file go before a profile.`

export const addProfile = async (name: string, options: AddOptions, context: Context): Promise<void> => {
  const { org, defaultOutput, production, use, replace, ...rest } = options
  const given = {
    ...rest,
    ...(org && { organization: org }),
    ...(defaultOutput && { output: defaultOutput }),
  }
  if (Object.keys(given).length === 0) {
    throw new MeanderError('USAGE', 'The profile would hold nothing.', {
      hint: `Such as: meanderctl profile add ${name} --database-url postgresql://USER@HOST/DATABASE`,
    })
  }
  const book = await context.profiles()
  const profile = await book.add(
    name,
    { values: given as Record<string, string>, production: production ?? false },
    { replace: replace ?? false, use: use ?? false },
  )
  await showOne(profile, context)
  if (!profile.current)
    context.terminal.note(`To use it: meanderctl --profile ${name} …, or meanderctl profile use ${name}`)
}
