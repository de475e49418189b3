import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lock } from '../../../src/config/lock.ts'
import { buildProgram, follow, type Program } from './process.ts'

let program: Program
let number = 0
const freshFolder = (): string => join(program.folder, `lock-${number++}`)

beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program?.remove())

describe('one process at a time', () => {
  test('the second waits, says for whom, and goes on when the first has ended', async () => {
    const folder = freshFolder()
    const first = program.run('hold', folder)
    await first.says('holding')
    const second = program.run('hold', folder)
    expect(await second.says('waiting')).toBe(
      `The embedded store is in use by process ${first.pid}: waiting for it`,
    )
    first.child.stdin?.end()
    await second.says(`holding ${second.pid}`)
    expect(await first.ended()).toBe(0)
    second.child.stdin?.end()
    await second.ended()
  })

  test('who waits in vain is told by whom it is held', async () => {
    const folder = freshFolder()
    const holder = program.run('hold', folder)
    await holder.says('holding')
    const notes: string[] = []
    const began = Date.now()
    await expect(lock(folder, { waitMs: 300, note: (text) => notes.push(text) })).rejects.toMatchObject({
      code: 'FAILED',
      message: `The embedded store is in use by process ${holder.pid}`,
    })
    expect(Date.now() - began).toBeGreaterThanOrEqual(300)
    expect(notes).toHaveLength(1)
    holder.child.stdin?.end()
  })

  test('this very process has it only once, too', async () => {
    const folder = freshFolder()
    const release = await lock(folder, { waitMs: 0 })
    await expect(lock(folder, { waitMs: 0 })).rejects.toMatchObject({
      code: 'FAILED',
      message: 'The embedded store is in use by this very process',
    })
    release()
    ;(await lock(folder, { waitMs: 0 }))()
  })

  test('one that is stopped keeps it', async () => {
    const folder = freshFolder()
    const holder = program.run('hold', folder)
    await holder.says('holding')
    holder.child.kill('SIGSTOP')
    await expect(lock(folder, { waitMs: 200 })).rejects.toMatchObject({ code: 'FAILED' })
    holder.child.kill('SIGCONT')
    holder.child.stdin?.end()
  })

  test('no update is lost between four that come all the time', async () => {
    const folder = join(freshFolder(), 'lock')
    mkdirSync(folder, { recursive: true })
    const counter = join(folder, '..', 'counter')
    writeFileSync(counter, '0')
    const all = Array.from({ length: 4 }, () => program.run('count', folder, '10'))
    expect(await Promise.all(all.map((one) => one.ended()))).toEqual([0, 0, 0, 0])
    expect(readFileSync(counter, 'utf8')).toBe('40')
  })

  test('of two that come at the same moment never both get it', async () => {
    const folder = freshFolder()
    const start = String(Date.now() + 1000)
    const both = [program.run('race', folder, start), program.run('race', folder, start)]
    // Until both are through none may end, or the slower one rightly gets what the other has let go of.
    await Promise.all(both.map((one) => one.says('raced')))
    const got = both.flatMap((one) => one.output().match(/got \d+/g) ?? [])
    for (const one of both) one.child.stdin?.end()
    // One of them every time: nobody has to step back.
    expect(got).toHaveLength(300)
    expect(new Set(got).size).toBe(300)
  })

  test('of many in one process one has it', async () => {
    const folder = freshFolder()
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => lock(folder, { waitMs: 0 })))
    const [free, ...more] = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(more).toEqual([])
    free?.()
    // Once more does nothing to whoever has it then.
    const next = await lock(folder, { waitMs: 0 })
    free?.()
    await expect(lock(folder, { waitMs: 0 })).rejects.toMatchObject({
      message: 'The embedded store is in use by this very process',
    })
    next()
  })

  test('whatever way the folder is named', async () => {
    const folder = freshFolder()
    const release = await lock(folder, { waitMs: 0 })
    const link = `${folder}-link`
    symlinkSync(folder, link)
    await expect(lock(link, { waitMs: 0 })).rejects.toMatchObject({ code: 'FAILED' })
    release()
  })

  test.runIf(existsSync('/proc/self/stat'))(
    'who it is cannot be told before it says so: then it is another process',
    async () => {
      const folder = freshFolder()
      const holder = program.run('hold', folder)
      await holder.says('holding')
      // Left by one that was killed: of a process that is no more, or of one that has this very number now.
      const lastPid = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'))
      for (const left of ['', String(lastPid), String(process.pid), '-1', 'x']) {
        writeFileSync(join(folder, 'holder'), left)
        await expect(lock(folder, { waitMs: 0 })).rejects.toMatchObject({
          message: 'The embedded store is in use by another process',
        })
      }
      holder.child.stdin?.end()
      await holder.ended()
    },
  )
})

describe('a dead process holds nothing', () => {
  test('after SIGKILL', async () => {
    const folder = freshFolder()
    const holder = program.run('hold', folder)
    await holder.says('holding')
    holder.child.kill('SIGKILL')
    await holder.ended()
    expect(readFileSync(join(folder, 'holder'), 'utf8')).toBe(String(holder.pid))
    const release = await lock(folder, { waitMs: 0 })
    expect(readFileSync(join(folder, 'holder'), 'utf8')).toBe(String(process.pid))
    release()
  })

  test.runIf(existsSync('/proc/self/stat'))('nor a zombie that nobody buries', async () => {
    const folder = freshFolder()
    const script = '"$@" <&3 & exec sleep 60'
    const parent = follow(
      spawn('sh', ['-c', script, 'sh', ...program.command('hold', folder)], {
        stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      }),
    )
    const holder = Number((await parent.says('holding')).split(' ')[1])
    await expect(lock(folder, { waitMs: 0 })).rejects.toMatchObject({ code: 'FAILED' })
    process.kill(holder, 'SIGKILL')
    ;(await lock(folder, { waitMs: 1000 }))()
    expect(readFileSync(`/proc/${holder}/stat`, 'utf8')).toContain(') Z ')
    parent.child.kill()
  })

  test("what else lies in the folder is in nobody's way", async () => {
    const folder = freshFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, '.DS_Store'), '')
    ;(await lock(folder, { waitMs: 0 }))()
  })
})
