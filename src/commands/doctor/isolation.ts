import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { checkView } from '../../views/doctor.view.ts'
import { counted } from '../shared/acting.ts'
import { parseFile } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface IsolationOptions {
  readonly probe: string
}

export const registerIsolation = (parent: Command, context: Context, run = isolation): void => {
  teach(parent.command('isolation'), {
    examples: [['With the administrator’s probe', 'meanderctl doctor isolation --probe probe.json']],
    ends: [...endsOfLook, 'NOT_ENDED'],
    notes: `The probe names things of another organization. Somebody who sees them all, a superuser, makes it with probe.sql, which lies beside the tool:

  psql -XAtq -v organization=SLUG \\
    -f "$(npm root -g)/meanderctl/dist/probe.sql" > probe.json

It is JSON: {"schemaVersion":1,"kind":"IsolationProbe","items":[{"organization": ID,"slug":SLUG,"user":ID,"email":ADDRESS,"login":LOGIN,"session":ID,"grant":ID, "jti":ID,"request":ID,"ticket":TEXT}]}. What is left out is not tried; several items are all tried. Every call is rolled back: nothing is changed, nothing is left on record.`,
  })
    .description(
      'Try another organization’s ids through every function that this login may call: 0 when they look like nobody’s',
    )
    .requiredOption('--probe <file>', 'ids of another organization, made by the administrator', parseFile)
    .action((options: IsolationOptions) => run(options, context))
}

export const isolation = async ({ probe }: IsolationOptions, context: Context): Promise<void> => {
  const { readProbe } = await import('../../service/isolation/probe.ts')
  const probes = await readProbe(probe)
  const tries = await (await context.service()).isolation()
  const result = await tries.examine(probes, context.signal)
  await context.show.result('IsolationResult', checkView, result)
  const { functions, calls, findings, notChecked } = result.summary
  context.terminal.note(
    `${counted(calls, 'call')} of ${counted(functions, 'function')}, all rolled back: ${counted(findings, 'finding')}, ${notChecked} not checked.`,
  )
  if (findings > 0) context.end('NOT_ENDED')
}
