import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { allKinds, jsonSchemaOf } from '../../../src/views/kinds.schema.ts'
import type { View } from '../../../src/views/view.ts'

/** The schemas against the contract, the views and the commands: a field or a kind that one of them lacks is seen. */

const src = fileURLToPath(new URL('../../../src/', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))

type Shape = Record<string, z.ZodType & { shape?: Shape; element?: z.ZodType & { shape?: Shape } }>
const shapeOf = (schema: z.ZodType | undefined): Shape => (schema as unknown as { shape: Shape }).shape
const kindNamed = (name: string) => {
  const kind = allKinds.find((known) => known.kind === name)
  if (!kind) throw new Error(`there is no schema of ${name}`)
  return kind
}
const fieldsOf = (schema: z.ZodType | undefined): string[] => Object.keys(shapeOf(schema))

/** `a b{c d} e[{f}]` as the contract writes fields; what is in braces is what a field consists of. */
const written = (schema: z.ZodType | undefined, left: readonly string[] = []): string =>
  Object.entries(shapeOf(schema))
    .filter(([name]) => !left.includes(name))
    .map(([name, field]) => {
      const unwrap = (field as unknown as { unwrap?: () => typeof field }).unwrap?.bind(field)
      const inner = field.element ? field : (unwrap?.() ?? field)
      if (inner.element) return `${name}[${inner.element.shape ? `{${written(inner.element)}}` : ''}]`
      return inner.shape ? `${name}{${written(inner)}}` : name
    })
    .join(' ')

describe('the contract’s fields, in its order', () => {
  it.each([
    [
      'SessionList',
      'id userId userEmail userName organizationId organization kind deviceType deviceName userAgent ip createdAt lastActivityAt expiresAt effectiveExpiresAt state supportAccessGrantId revokedAt revokedBy revokeReason',
    ],
    [
      'UserList',
      'id email name organizationId organization role status deactivatedAt activeSessions lastActivityAt',
    ],
    [
      'GrantList',
      'id organizationId organization granteeUserId granteeEmail grantedBy reason ticket createdAt expiresAt state revokedAt revokedBy activeSessions',
    ],
  ])('%s', (name, fields) => {
    expect(fieldsOf(kindNamed(name).line).slice(0, fields.split(' ').length)).toEqual(fields.split(' '))
  })

  it('AuditEvent', () => {
    const [event] = (kindNamed('AuditEventList').line as unknown as { options: z.ZodType[] }).options
    expect(fieldsOf(event).join(' ')).toBe(
      'organization seq at actor actorUserId action targetType targetId reason ticket requestId details prevHash hash',
    )
  })

  const run = (summary: string, items: string) =>
    `requestId dryRun summary{${summary}} blocklist{mode published pending} residualAccess[{jti sessionId expiresAt}] items[{${items}}]`
  // Beside the contract's: a refused user is neither invalid nor failed.
  const rows = (done: string, already: string) =>
    run(
      `rows ${done} ${already} notFound invalid refused failed sessionsRevoked accessTokensBlocked grantsRevoked`,
      'row email userId outcome sessionsRevoked message',
    )
  it.each([
    [
      'RevocationResult',
      run(
        'requested revoked alreadyRevoked alreadyExpired notFound refreshTokensRevoked accessTokensBlocked',
        'sessionId userId userEmail outcome',
      ),
    ],
    ['OffboardResult', rows('offboarded', 'alreadyOffboarded')],
    ['SignOutResult', rows('signedOut', 'alreadySignedOut')],
    ['ReinstateResult', rows('reinstated', 'alreadyActive')],
    [
      'VerifyResult',
      'summary{users ended notEnded notFound} items[{userId email ended checks[{name ok detail}]}] auditHead{organization seq hash}',
    ],
  ])('%s', (name, fields) => {
    expect(written(kindNamed(name).document, ['schemaVersion', 'kind', 'plan'])).toBe(fields)
  })
})

/** Views that programs get, and whose fields a line of which kind has. */
const lineOf: Readonly<Record<string, string>> = {
  auditEventView: 'AuditEventList',
  auditFaultView: 'AuditVerificationResult',
  blocklistStatusView: 'BlocklistStatus',
  changedLimitView: 'SessionPolicyResult',
  blocklistEntryView: 'BlocklistEntry',
  checkView: 'DoctorResult',
  grantDetailsView: 'Grant',
  grantView: 'GrantList',
  migrateView: 'MigrateResult',
  operatorChangeView: 'OperatorChange',
  operatorView: 'OperatorList',
  planView: 'Plan',
  policyView: 'SessionPolicyList',
  profileView: 'ProfileList',
  proofView: 'VerifyResult',
  rebuildView: 'RebuildResult',
  revokedGrantView: 'GrantRevocationResult',
  revokedSessionView: 'RevocationResult',
  schemaKindView: 'SchemaList',
  schemaStatusView: 'SchemaStatus',
  sessionChangeView: 'SessionChange',
  sessionDetailsView: 'Session',
  sessionView: 'SessionList',
  statsGroupView: 'SessionStats',
  sweptReasonView: 'SweepResult',
  syncView: 'SyncResult',
  timelineStepView: 'Timeline',
  traceView: 'Trace',
  userDetailsView: 'User',
  userOutcomeView: 'OffboardResult',
  userView: 'UserList',
  whoamiView: 'Identity',
}
/** Views of a whole document whose lines are other things. */
const itemOf: Readonly<Record<string, string>> = {
  sessionStatsView: 'SessionStats',
  timelineView: 'Timeline',
}
/** Views for a person's eyes alone: parts of an answer, or another way to show it. */
const forPeople = [
  'accessTokenView',
  'checkedChainView',
  'grantChoiceView',
  'heldGrantView',
  'mendView',
  'neighbourView',
  'operatorChoiceView',
  'redisFindingView',
  'refreshTokenView',
  'sessionChoiceView',
  'settingView',
  'traceHeadView',
  'tracedAccessTokenView',
  'tracedGrantView',
  'tracedRefreshTokenView',
  'tracedSessionView',
  'tracedUserView',
  'usableSessionView',
  'userChoiceView',
  'watchedView',
]

describe('the views', async () => {
  const views: [name: string, view: View<unknown>][] = []
  for (const file of files.filter((path) => /^views\/[\w-]+\.view\.ts$/.test(path))) {
    for (const [name, view] of Object.entries(await import(`${src}${file}`)))
      if (typeof view === 'object' && view !== null && 'columns' in view)
        views.push([name, view as View<unknown>])
  }

  it('have a schema, or are for people alone', () => {
    const named = [...Object.keys(lineOf), ...Object.keys(itemOf), ...forPeople].sort()
    expect([...new Set(views.map(([name]) => name))].sort()).toEqual(named)
  })

  it.each(views.filter(([name]) => !forPeople.includes(name)))(
    '%s has the fields of its schema',
    (name, view) => {
      const kind = kindNamed(lineOf[name] ?? itemOf[name] ?? '')
      const schema = name in itemOf ? shapeOf(kind.document).item : kind.line
      const options = (schema as unknown as { options?: z.ZodType[] }).options
      expect(view.columns.map(({ key }) => key)).toEqual(fieldsOf(options?.[0] ?? schema))
    },
  )
})

describe('the kinds', () => {
  it('have a name each', () => {
    const names = allKinds.map(({ kind }) => kind)
    expect(new Set(names).size).toBe(names.length)
    for (const { kind, document } of allKinds) {
      if (kind === 'AuditEventList' || document === undefined) continue
      expect(shapeOf(document).kind?.safeParse(kind).success, kind).toBe(true)
    }
  })

  it('are all that commands print, and nothing else', async () => {
    const printed = new Set<string>()
    const viewKinds = new Map<string, string>()
    for (const file of files.filter((path) => path.startsWith('views/') && path.endsWith('.view.ts'))) {
      for (const [name, view] of Object.entries(await import(`${src}${file}`)))
        if (typeof view === 'object' && view !== null && 'kind' in view)
          viewKinds.set(name, String(view.kind))
    }
    for (const file of files.filter((path) => path.startsWith('commands/'))) {
      const text = readFileSync(`${src}${file}`, 'utf8')
      for (const [, how, first = ''] of text.matchAll(/show\.(list|item|result|findings)\(\s*('?[\w.]+)/g)) {
        if (how === 'list' || how === 'item') {
          if (!(first in lineOf) && !(first in itemOf)) continue
          printed.add(`${viewKinds.get(first)}${how === 'list' ? 'List' : ''}`)
        } else if (first.startsWith("'")) printed.add(first.slice(1))
      }
    }
    // What `kind: 'SignOutResult'` says in the words of the acts on users, and what is written by other means.
    const verbs = readFileSync(`${src}commands/shared/user-verbs.ts`, 'utf8')
    for (const [, kind = ''] of verbs.matchAll(/kind: '(\w+)'/g)) printed.add(kind)
    for (const kind of [
      'PlanFile',
      'Evidence',
      'Checkpoint',
      'SessionChange',
      'BlocklistEvent',
      'Error',
      'Profile',
      'Version',
      'Capabilities',
    ])
      printed.add(kind)
    // Of these, programs get the lines alone.
    for (const lists of ['SessionStatsGroupList', 'TimelineStepList', 'RevokedSessionList'])
      printed.delete(lists)
    expect([...printed].sort()).toEqual(allKinds.map(({ kind }) => kind).sort())
  })

  it('are printed by commands that there are', () => {
    const typed = new Set(allKinds.flatMap(({ by }) => by))
    const help = readFileSync(new URL('../../golden/help.txt', import.meta.url), 'utf8')
    for (const command of typed) {
      if (command === '(every command)') continue
      const [names, option] = command.split(/ (?=--)/)
      const page = help.split(/^\$ meanderctl /m).find((one) => one.startsWith(`${names} --help\n`))
      expect(page, command).toBeDefined()
      if (option) expect(page, command).toContain(option)
    }
  })

  it('are closed, described, and JSON Schema', () => {
    for (const kind of allKinds) {
      for (const ofLine of [false, true]) {
        const schema = jsonSchemaOf(kind, ofLine)
        if (!schema) continue
        expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
        const open = JSON.stringify(schema).match(
          /\{"type":"object","properties":(?!.*"additionalProperties")/,
        )
        expect(open, kind.kind).toBeNull()
      }
    }
  })
})
