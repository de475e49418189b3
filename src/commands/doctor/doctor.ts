import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { checkView, mendView, settingView } from '../../views/doctor.view.ts'
import { counted } from '../shared/acting.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { registerIsolation } from './isolation.ts'

export const registerDoctor = (doctor: Command, context: Context, run = examine): void => {
  teach(doctor, {
    examples: [
      ['What is to mend', 'meanderctl doctor --quiet -o csv --columns name,state,fix'],
      ['For the file', 'meanderctl doctor --quiet > doctor.txt'],
    ],
    ends: [...endsOfLook, 'NOT_ENDED'],
    unlike: {
      whoami: 'says what this login may do',
      'blocklist status': 'looks at the blocklist alone',
      'audit verify': 'checks the record',
    },
    notes:
      'Changes nothing, and puts nothing on the record. Every login may run it and sees what the catalogue shows it; what needs the administrator is "not checked", and said to be. Goes on where a part is broken. 7 when there is a finding; a warning, or something that was not checked, is 0.',
  }).action(() => run(context))
  registerIsolation(doctor, context)
}

export const examine = async (context: Context): Promise<void> => {
  const { show, terminal } = context
  const doctor = await (await context.unchecked()).doctor()
  const result = await doctor.examine(await context.setup(), context.now)
  await show.result('DoctorResult', checkView, result)
  if (show.format === 'table' || show.format === 'wide') {
    const wrong = result.items.filter(({ state }) => state === 'finding' || state === 'warning')
    await show.section('To mend', mendView, wrong)
    await show.section('Settings', settingView, result.settings)
  }
  const { findings, warnings, notChecked } = result.summary
  terminal.note(
    `${counted(findings, 'finding')}, ${counted(warnings, 'warning')}, ${notChecked} not checked.`,
  )
  if (findings > 0) context.end('NOT_ENDED')
}
