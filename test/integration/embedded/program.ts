/** A process of its own on a person's data folder. Arguments: what to do, the folder, and what the act takes. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock } from '../../../src/config/lock.ts'
import { openEmbedded } from '../../../src/embedded/engine.ts'
import { createStore } from '../../../src/embedded/store.ts'

const [act = '', folder = '', count = '1'] = process.argv.slice(2)
const say = (text: string) => process.stdout.write(`${text}\n`)
const patient = { waitMs: 60_000, note: say }

const acts: Record<string, () => Promise<void>> = {
  hold: async () => {
    await lock(folder, patient)
    say(`holding ${process.pid}`)
    await new Promise((resolve) => process.stdin.once('end', resolve).resume())
  },
  /** What a lost update would show. */
  count: async () => {
    const file = join(folder, '..', 'counter')
    for (let n = 0; n < Number(count); n++) {
      const release = await lock(folder, patient)
      const before = Number(readFileSync(file, 'utf8'))
      await sleep(2)
      writeFileSync(file, String(before + 1))
      release()
    }
  },
  /** Comes to 300 locks at the very moment that others do, and says which it got; keeps them until it is told to end. */
  race: async () => {
    for (let n = 0; n < 300; n++) {
      while (Date.now() < Number(count) + n * 5);
      await lock(join(folder, String(n)), { waitMs: 0 }).then(
        () => say(`got ${n}.`),
        () => {},
      )
    }
    say('raced')
    await new Promise((resolve) => process.stdin.once('end', resolve).resume())
  },
  create: async () => {
    say(`creating ${process.pid}`)
    await createStore({ folder, toolVersion: 'test', ...patient })
  },
  /** Opens the store for each row, as commands do. */
  write: async () => {
    for (let n = 0; n < Number(count); n++) {
      const db = await openEmbedded({ folder, login: 'postgres', ...patient })
      await db.query(
        "insert into meander.schema_files (path, sha256) values (gen_random_uuid()::text, 'mark')",
      )
      say(`wrote ${n + 1}`)
      await db.close()
    }
  },
  open: async () => {
    await openEmbedded({ folder, login: 'kari', ...patient }).catch((error) =>
      say(JSON.stringify({ code: error.code, message: error.message, hint: error.hint })),
    )
  },
}
await acts[act]?.()
