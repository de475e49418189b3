import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lock } from '../../../src/embedded/lock.ts'
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
    expect(readdirSync(folder)).toEqual([])
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
    await Promise.all(both.map((one) => one.ended()))
    const got = both.flatMap((one) => one.output().match(/got \d+/g) ?? [])
    expect(both.map((one) => one.output().includes('raced'))).toEqual([true, true])
    // Both may step back from the same round, more often on a busy machine; but not from all of them.
    expect(got.length).toBeGreaterThan(5)
    expect(new Set(got).size).toBe(got.length)
  })
})

describe('a dead process holds nothing', () => {
  test('after SIGKILL', async () => {
    const folder = freshFolder()
    const holder = program.run('hold', folder)
    await holder.says('holding')
    holder.child.kill('SIGKILL')
    await holder.ended()
    expect(readdirSync(folder)).toHaveLength(1)
    const release = await lock(folder, { waitMs: 0 })
    expect(readdirSync(folder)).toEqual([expect.stringMatching(`^${process.pid}-`)])
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

  test.runIf(existsSync('/proc/self/stat'))('whose pid somebody else has now', async () => {
    const folder = freshFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, `${process.ppid}-1`), '')
    ;(await lock(folder, { waitMs: 0 }))()
  })

  test("what else lies in the folder is in nobody's way", async () => {
    const folder = freshFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, '.DS_Store'), '')
    ;(await lock(folder, { waitMs: 0 }))()
  })
})
