import { randomUUID } from 'node:crypto'
import { expect, vi } from 'vitest'
import { password } from '../support/as-login.ts'
import { emailOf, organizations, people, seedGrant } from '../support/people.ts'
import { type Platform, startPlatform } from '../support/platform/platform.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { endedOnce, seedCrowd, stateOf } from '../support/users.ts'
import type { Scene } from './follow-runbook.ts'
import { type Phone, revoked, type Stage, sessionOf, setStage } from './stage.ts'

/** What a page finds. */
type World = (server: PostgresServer) => Promise<Scene>

const settingsOf = (server: PostgresServer, stage: Stage) => (login: string) => ({
  PGHOST: server.host,
  PGPORT: String(server.port),
  PGDATABASE: stage.database,
  PGUSER: login,
  PGPASSWORD: password,
  REDIS_URL: stage.redis?.url ?? '',
})

/** Most pages: a platform with its clients, and both stores. */
const onStage =
  (
    prepare: (stage: Stage, server: PostgresServer) => Promise<Pick<Scene, 'meanwhile' | 'afterwards'>>,
  ): World =>
  async (server) => {
    const stage = await setStage(server, 'redis')
    const strike = async () => {
      await stage.strike()
      // Logins are the cluster's, and the doctor of the next page would ask whose this is.
      await server.query(`drop role if exists ${secondOperator}`)
    }
    try {
      const scene = await prepare(stage, server)
      // Where they say they are from; this machine is no place for a phone.
      await server.query(
        "update meander.sessions set ip = '198.51.100.7' where ip = '127.0.0.1'",
        [],
        stage.database,
      )
      return { ...scene, settings: settingsOf(server, stage), strike }
    } catch (error) {
      await strike()
      throw error
    }
  }

/** Where and when a session was opened, which the platform would know of its own. */
const movedTo = (server: PostgresServer, stage: Stage, session: string, ip: string) =>
  server.query('update meander.sessions set ip = $2 where id = $1', [session, ip], stage.database)

/** A second pair of eyes in hlf. */
const secondOperator = 'liv'
const addOperator = async (server: PostgresServer, stage: Stage) => {
  await server.query(`create role ${secondOperator} login password '${password}'`)
  await stage.succeeds(
    ['operators', 'add', secondOperator, '--user', emailOf(secondOperator)],
    server.superuser,
  )
}

/** By the name of the page. */
export const worlds: Readonly<Record<string, World>> = {
  'lost-phone.md': onStage(async (stage) => {
    const lost = await stage.phone('mari')
    const others = [await stage.portal('mari'), await stage.phone('ola'), await stage.phone('per')]
    return {
      afterwards: async () => {
        await stage.expectPhoneGone(lost)
        await stage.expectServed(...others)
      },
    }
  }),

  'compromised-account.md': onStage(async (stage, server) => {
    const [own, portal, theirs] = [
      await stage.phone('mari'),
      await stage.portal('mari'),
      await stage.phone('ola'),
    ]
    const [thief, also] = [await stage.phone('mari'), await stage.phone('ola')]
    for (const phone of [thief, also])
      await movedTo(server, stage, await sessionOf(phone.client), '203.0.113.9')
    const others = [await stage.phone('liv'), await stage.portal('per')]
    return {
      afterwards: async () => {
        for (const phone of [own, theirs, thief, also]) await stage.expectPhoneGone(phone)
        await stage.expectPortalGone(portal)
        await stage.expectServed(...others, await stage.phone('mari'))
      },
    }
  }),

  'leaver.md': onStage(async (stage) => {
    const [phone, portal] = [await stage.phone('ada'), await stage.portal('ada')]
    const others = [await stage.phone('mari'), await stage.portal('per')]
    return {
      afterwards: async () => {
        await stage.expectPhoneGone(phone)
        await stage.expectPortalGone(portal)
        const refused = { status: 403, message: '403 login_refused' }
        await expect(stage.phone('ada')).rejects.toMatchObject(refused)
        await expect(stage.phone('siv')).rejects.toMatchObject(refused)
        await stage.expectServed(...others)
      },
    }
  }),

  'withdrawn-support-access.md': onStage(async (stage, server) => {
    const letIn = ['--for', '4h', '--reason', 'cannot sign in', '--ticket', 'SUP-3', '--yes', '-o', 'id']
    const grant = await stage.succeeds(['grants', 'create', '--to', emailOf('gro'), ...letIn])
    const under = grant.trim()
    const [phone, portal] = [await stage.phone('gro', under), await stage.portal('gro', under)]
    await stage.succeeds(['users', 'list', '--org', 'hlf', '--ticket', 'SUP-3'], 'gro')
    const there = await seedGrant(server, stage.database, 'gro', 'nhf')
    const others = [await stage.phone('gro'), await stage.phone('gro', there), await stage.phone('ola')]
    return {
      afterwards: async () => {
        await stage.expectPhoneGone(phone)
        await stage.expectPortalGone(portal)
        await expect(stage.phone('gro', under)).rejects.toMatchObject({ status: 403 })
        await stage.expectServed(...others)
      },
    }
  }),

  'redis-lost.md': onStage(async (stage) => {
    const [ended, lost] = [await stage.phone('ola'), await stage.phone('mari')]
    const others = [await stage.phone('liv'), await stage.portal('per')]
    await stage.succeeds(['users', 'sign-out', emailOf('ola'), '--reason', 'lost phone', '--yes'])
    const copies = [ended, lost].map(({ store }) => store.load()?.accessToken ?? '')
    const answers = () =>
      Promise.all(
        copies.map(async (token) => {
          const { status } = await stage.ask('/me', { headers: { authorization: `Bearer ${token}` } })
          return status
        }),
      )
    return {
      meanwhile: {
        'redis-is-gone': async () => {
          await stage.redis?.kill()
        },
        'redis-is-back-empty': async () => {
          await stage.redis?.restart()
          // The harm: whoever has ended is served again.
          await vi.waitFor(async () => expect(await answers()).toEqual([200, 200]), { timeout: 10_000 })
        },
      },
      afterwards: async () => {
        expect(await answers()).toEqual([401, 401])
        for (const phone of [ended, lost]) await stage.expectPhoneGone(phone)
        await stage.expectServed(...others)
      },
    }
  }),

  'mass-offboarding.md': onStage(async (stage, server) => {
    await addOperator(server, stage)
    await seedCrowd(server, stage.database, 'volunteer', 40, { sessions: 2 })
    await seedCrowd(server, stage.database, 'other', 5)
    const others = [await stage.phone('mari'), await stage.portal('per')]
    return {
      afterwards: async () => {
        expect(await stateOf(server, stage.database, { name: 'volunteer' })).toEqual(endedOnce(40))
        expect(await stateOf(server, stage.database, { name: 'other' })).toMatchObject({
          active: 5,
          sessions: 5,
        })
        await stage.expectServed(...others)
      },
    }
  }),

  'leaked-signing-key.md': onStage(async (stage, server) => {
    await addOperator(server, stage)
    const { signatures } = stage.platform
    const phones = [await stage.phone('mari'), await stage.phone('per'), await stage.phone('siv')]
    const portals = [await stage.portal('ola'), await stage.portal('nils'), await stage.portal('eva')]
    const forge = () =>
      signatures.accessToken({
        jti: randomUUID(),
        session: randomUUID(),
        user: people.kari.id,
        organization: organizations.hlf,
        expires: new Date(Date.now() + 900_000),
      })
    const answerTo = async (token: string) =>
      (await stage.ask('/me', { headers: { authorization: `Bearer ${token}` } })).body
    const forged = await forge()
    const signedInAnew: Phone[] = []
    return {
      meanwhile: {
        'the-key-is-rotated': async () => {
          // No blocklist knows what a thief signs.
          expect(await answerTo(forged)).toMatchObject({ user: people.kari.id })
          await signatures.rotate()
          expect(await answerTo(forged)).toEqual({ error: 'invalid_token' })
        },
        'somebody-signs-in-anew': async () => signedInAnew.push(await stage.phone('ola')),
      },
      afterwards: async () => {
        for (const { store } of phones)
          expect(await stage.refresh(store.load()?.refreshToken ?? '')).toEqual(revoked)
        for (const portal of portals) await expect(portal.get('/me')).rejects.toThrow('signed out')
        expect(await answerTo(forged)).toEqual({ error: 'invalid_token' })
        await stage.expectServed(...signedInAnew)
      },
    }
  }),

  'restored-database.md': async (server) => {
    const stage = await setStage(server, 'redis')
    const fresh = await startPostgres()
    const phones = [await stage.phone('mari'), await stage.phone('ola'), await stage.phone('per')]
    const old = settingsOf(server, stage)
    let platform: Platform | null = null
    const refresh = async ({ store }: Phone) => {
      const response = await fetch(`${platform?.url}/token/refresh`, {
        method: 'POST',
        body: JSON.stringify({ refreshToken: store.load()?.refreshToken }),
      })
      return { status: response.status, body: await response.json() }
    }
    return {
      settings: (login) => {
        const [name = '', where] = login.split('@')
        if (where === 'old') return old(name)
        return { ...old(name), PGHOST: fresh.host, PGPORT: String(fresh.port), PGDATABASE: 'meander' }
      },
      meanwhile: {
        'life-goes-on': async () => {
          await stage.succeeds([
            'users',
            'offboard',
            emailOf('mari'),
            '--reason',
            'left',
            '--ticket',
            'HR-7',
            '--yes',
          ])
        },
      },
      afterwards: async () => {
        platform = await startPlatform({
          databaseUrl: fresh.url('module', 'meander', password),
          redisUrl: stage.redis?.url ?? null,
          identity: stage.identity,
        })
        for (const phone of phones) expect(await refresh(phone)).toEqual(revoked)
      },
      strike: async () => {
        await platform?.close()
        await stage.strike()
        await fresh.stop()
      },
    }
  },
}
