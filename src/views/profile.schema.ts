import * as z from 'zod'
import { count, type Kind, list, text, thing } from './json.schema.ts'
import { heldKeys } from './profile.view.ts'

const setting = z.strictObject({
  name: text('of the setting'),
  value: text('in force, secrets masked'),
  source: text('who said so'),
})

const profile = z
  .strictObject({
    name: text('of the profile'),
    current: z.boolean().describe('used here by a command that names none'),
    default: z.boolean().describe('used where nothing else names one'),
    production: z.boolean().describe('marked so'),
    database: text('name and host, or where the embedded store is').nullable(),
    organization: text('where --org is not given').nullable(),
    ...Object.fromEntries(
      heldKeys.map((key) => [key, text('what the profile says, secrets masked').nullable()]),
    ),
    problem: text('why no command would run with it').nullable(),
    settings: z.array(setting).describe('in force with it, here and now'),
  })
  .meta({ id: 'Profile', description: 'A named set of settings.' })

const version = z.strictObject({
  version: text('of the tool'),
  commit: text('that it was built from; null outside a clone').nullable(),
  schema: count('the newest migration that it brings'),
  node: text('the Node.js that runs it'),
})

export const kinds: readonly Kind[] = [
  list({ kind: 'ProfileList', says: 'The profiles, the demo’s last', by: ['profile list'] }, profile),
  thing(
    {
      kind: 'Profile',
      says: 'One profile, and what is in force with it',
      by: ['profile show', 'profile use', 'profile add', 'profile remove'],
    },
    profile,
  ),
  thing({ kind: 'Version', says: 'Which version this is', by: [] }, version),
]
