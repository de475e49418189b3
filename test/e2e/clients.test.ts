import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { emailOf, organizations, seedGrant } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type Stage, sessionOf, setStage } from './stage.ts'

/** Every way to end access, by the tool as it is installed, and the clients that it locks out. */

const server = postgresAt(inject('postgres'))
const because = ['--reason', 'locked out', '--yes', '-o', 'json']

describe.each(['redis', 'database'] as const)('where the platform reads %s', (mode) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage(server, mode)
  })
  afterAll(() => stage?.strike())
  afterEach(() => expect(stage.platform.failures).toEqual([]))

  test('by session: these two and no other', async () => {
    const { phone, portal, succeeds, expectPhoneGone, expectPortalGone, expectServed } = stage
    const [lost, browser, kept, keptBrowser] = [
      await phone('ola'),
      await portal('ola'),
      await phone('ola'),
      await portal('ola'),
    ]
    const others = [await phone('mari'), await portal('per')]
    const ids = [await sessionOf(lost.client), await sessionOf(browser)]
    const { summary } = JSON.parse(await succeeds(['sessions', 'revoke', ...ids, ...because]))
    expect(summary).toMatchObject({ requested: 2, revoked: 2, accessTokensBlocked: 1 })
    await expectPhoneGone(lost)
    await expectPortalGone(browser)
    await expectServed(kept, keptBrowser, ...others)
  })

  test('by user: everywhere, and free to come back', async () => {
    const { phone, portal, succeeds, expectPhoneGone, expectPortalGone, expectServed } = stage
    const [first, second, browser] = [await phone('ola'), await phone('ola'), await portal('ola')]
    const others = [await phone('mari'), await portal('mari'), await phone('per')]
    await succeeds(['users', 'sign-out', emailOf('ola'), ...because])
    await expectPhoneGone(first)
    await expectPhoneGone(second)
    await expectPortalGone(browser)
    await expectServed(...others, await phone('ola'), await portal('ola'))
  })

  test('by off-boarding: everywhere, and nobody comes back in until reinstated', async () => {
    const { phone, portal, succeeds, expectPhoneGone, expectPortalGone, expectServed } = stage
    const [lost, browser] = [await phone('ola'), await portal('ola')]
    const others = [await phone('mari'), await portal('mari'), await portal('per')]
    await succeeds(['users', 'offboard', emailOf('ola'), ...because])
    await expectPhoneGone(lost)
    await expectPortalGone(browser)
    const refused = { status: 403, message: '403 login_refused' }
    await expect(phone('ola')).rejects.toMatchObject(refused)
    await expect(portal('ola')).rejects.toMatchObject(refused)
    await expectServed(...others)
    await succeeds(['users', 'verify', emailOf('ola'), '--offboarded'])
    await succeeds(['users', 'reinstate', emailOf('ola'), ...because])
    await expectServed(await phone('ola'))
  })

  test('by grant: what was opened under it, and nothing else of the same person', async () => {
    const { phone, portal, succeeds, expectPhoneGone, expectPortalGone, expectServed } = stage
    const [here, there] = [
      await seedGrant(server, stage.database, 'gro', 'hlf'),
      await seedGrant(server, stage.database, 'gro', 'nhf'),
    ]
    const [visiting, browsing] = [await phone('gro', here), await portal('gro', here)]
    const others = [
      await phone('gro'),
      await phone('gro', there),
      await portal('gro', there),
      await phone('ola'),
    ]
    expect(await visiting.client.get('/me')).toMatchObject({ organization: organizations.hlf })
    await expect(phone('siv', here)).rejects.toMatchObject({ status: 403 })
    await expect(phone('ola', here)).rejects.toMatchObject({ status: 403 })
    await succeeds(['grants', 'revoke', here, ...because])
    await expectPhoneGone(visiting)
    await expectPortalGone(browsing)
    await expect(phone('gro', here)).rejects.toMatchObject({ status: 403 })
    await expectServed(...others)
  })

  test('by policy: what is older or idle for longer, at once', async () => {
    const { phone, portal, succeeds, expectPhoneGone, expectPortalGone, expectServed } = stage
    const [old, oldBrowser, idle] = [await phone('ola'), await portal('ola'), await phone('mari')]
    const others = [await phone('ola'), await portal('mari'), await phone('per')]
    const aged = [await sessionOf(old.client), await sessionOf(oldBrowser)]
    // Time is the one thing that is not waited for.
    await server.query(
      `begin; set local session_replication_role = 'replica';
       update meander.sessions set created_at = created_at - interval '9 days' where id = any ('{${aged}}');
       update meander.sessions set last_activity_at = last_activity_at - interval '3 hours'
       where id = '${await sessionOf(idle.client)}'; commit`,
      [],
      stage.database,
    )
    const set = ['sessions', 'policy', 'set', '--absolute-lifetime', '8d', '--idle-timeout', '2h']
    await succeeds([...set, ...because])
    await expectPhoneGone(old)
    await expectPortalGone(oldBrowser)
    await expectPhoneGone(idle)
    await expectServed(...others)
    const off = ['sessions', 'policy', 'set', '--absolute-lifetime', 'off', '--idle-timeout', 'off']
    await succeeds([...off, ...because])
  })
})

test('platform and clients share no line with the tool', () => {
  for (const folder of ['platform', 'clients']) {
    const path = new URL(`../support/${folder}/`, import.meta.url)
    for (const file of readdirSync(path)) {
      const imported = [...readFileSync(new URL(file, path), 'utf8').matchAll(/from '(\.[^']*)'/g)]
      expect(imported.map(([, what]) => what).filter((what) => !what?.startsWith('./'))).toEqual([])
    }
  }
})
