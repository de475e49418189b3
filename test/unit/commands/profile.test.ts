import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunOptions, runAlone } from '../../support/run.ts'

/** `profile …` with real files, and no database anywhere. */

let home: string
let file: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'meanderctl-profiles-'))
  file = join(home, 'meanderctl', 'config.json')
})
afterEach(() => rmSync(home, { recursive: true }))

const profile = (args: readonly string[], { env, ...options }: RunOptions = {}) =>
  runAlone(['profile', ...args], { ...options, env: { XDG_CONFIG_HOME: home, HOME: home, ...env } })
const done = async (args: readonly string[], options?: RunOptions) => {
  const ran = await profile(args, options)
  expect(ran).toMatchObject({ code: 0 })
  return ran
}
const kept = () => JSON.parse(readFileSync(file, 'utf8'))
const write = (text: string, mode = 0o600) => {
  mkdirSync(join(home, 'meanderctl'), { recursive: true, mode: 0o700 })
  writeFileSync(file, text)
  chmodSync(file, mode)
}
const url = 'postgresql://kari@db.example.org:5433/meander'
const prod = ['add', 'prod', '--database-url', url, '--production', '--org', 'hlf']
const staging = ['add', 'staging', '--database-url', 'postgresql://kari@staging.example.org/meander']

interface Shown {
  readonly name: string
  readonly current: boolean
  readonly default: boolean
  readonly production: boolean
  readonly database: string | null
  readonly problem: string | null
  readonly settings: readonly { name: string; value: string; source: string }[]
}
const list = async (env: RunOptions['env'] = {}) =>
  (await done(['list', '-o', 'json'], { env })).json<{ kind: string; items: Shown[] }>()

describe('profile add', () => {
  it('writes down what it is given, for its owner alone', async () => {
    const args = [...prod, '--password-command', 'vault read geheim', '--default-output', 'wide']
    const { stdout } = await done(args)
    expect(stdout).toMatch(/production +PRODUCTION/)
    expect(stdout).toMatch(/database +meander at db\.example\.org:5433/)
    expect(stdout).not.toContain('geheim')
    expect(kept()).toEqual({
      profiles: {
        prod: {
          databaseUrl: url,
          organization: 'hlf',
          output: 'wide',
          passwordCommand: 'vault read geheim',
          production: true,
        },
      },
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(home, 'meanderctl')).mode & 0o777).toBe(0o700)
  })

  it('takes another place only with --replace, and then all of it', async () => {
    await done(prod)
    await done(staging)
    const again = ['add', 'prod', '--redis-url', 'redis://127.0.0.1']
    expect(await profile(again)).toMatchObject({ code: 2, stderr: expect.stringContaining('--replace') })
    expect(kept().profiles.prod.databaseUrl).toBe(url)
    await done([...again, '--replace', '--use'])
    expect(kept()).toMatchObject({ current: 'prod', profiles: { prod: { redisUrl: 'redis://127.0.0.1' } } })
    expect(kept().profiles.prod).not.toHaveProperty('databaseUrl')
    expect(kept().profiles.staging.databaseUrl).toContain('staging.example.org')
  })

  it.each([
    [
      ['--database-url', 'postgresql://kari:geheim@h/d'],
      'databaseUrl holds a password',
      '--password-command',
    ],
    [
      ['--database-url', 'postgresql://kari:ge/heim@h/d'],
      'databaseUrl holds a password',
      '--password-command',
    ],
    [['--database-url', 'postgresql://h/d?password=geheim'], 'password is not allowed', ''],
    [['--redis-url', 'redis://:geheim@127.0.0.1'], 'redisUrl holds a password', 'REDIS_PASSWORD'],
    [['--database-url', 'mysql://geheim'], 'no database URL', 'postgresql://'],
    [['--redis-url', 'redis://redis.example.org'], 'without TLS', ''],
    [['--database-url', url, '--ssl-root-cert', '/nonexistent/ca'], '/nonexistent/ca', ''],
    [['--default-output', 'xml'], 'Allowed choices', ''],
    [['--database-url', ' '], 'must not be empty', ''],
    [[], 'would hold nothing', 'meanderctl profile add one --database-url'],
    [['--password', 'geheim'], 'unknown option', ''],
  ])('%j is refused, and nothing is written', async (args, message, fix) => {
    const { code, stdout, stderr } = await profile(['add', 'one', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.toLowerCase()).toContain(message.toLowerCase())
    expect(stderr).toContain(fix)
    expect(stderr).not.toMatch(/geheim|heim@/)
    expect(existsSync(file)).toBe(false)
  })

  it.each(['demo', '-x', 'a b', '__proto__', '../x', 'x'.repeat(65)])('refuses the name %j', async (name) => {
    expect(await profile(['add', '--database-url', url, '--', name])).toMatchObject({ code: 2 })
    expect(existsSync(file)).toBe(false)
  })

  it('names a file so that it is found from everywhere', async () => {
    write('{}')
    const certificate = join(home, 'ca.crt')
    writeFileSync(certificate, 'PEM')
    const before = process.cwd()
    process.chdir(home)
    try {
      await done(['add', 'one', '--database-url', url, '--ssl-root-cert', 'ca.crt'])
    } finally {
      process.chdir(before)
    }
    expect(kept().profiles.one.sslRootCert).toMatch(/^\/.*\/ca\.crt$/)
    await done(['add', 'two', '--database-url', url, '--ssl-root-cert', 'system'])
    expect(kept().profiles.two.sslRootCert).toBe('system')
  })

  it('follows a link to where the file is kept, and says when it cannot write', async () => {
    mkdirSync(join(home, 'dotfiles'))
    mkdirSync(join(home, 'meanderctl'), { mode: 0o700 })
    writeFileSync(join(home, 'dotfiles', 'mine.json'), '{}')
    symlinkSync(join(home, 'dotfiles', 'mine.json'), file)
    await done(prod)
    expect(kept().profiles.prod.databaseUrl).toBe(url)
    expect(JSON.parse(readFileSync(join(home, 'dotfiles', 'mine.json'), 'utf8'))).toEqual(kept())
    const nowhere = await profile(staging, { env: { XDG_CONFIG_HOME: '/dev/null' } })
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('Set XDG_CONFIG_HOME') })
  })
})

describe('profile use', () => {
  it('decides what commands use, until something nearer does', async () => {
    await done(prod)
    await done(staging)
    expect((await list()).items.map(({ current }) => current)).toEqual([false, false, false])
    const { stdout, stderr } = await done(['use', 'prod'])
    expect(stdout).toMatch(/in use +current/)
    expect(stderr).toBe('')
    const { kind, items } = await list()
    expect(kind).toBe('ProfileList')
    expect(items.map(({ name, current, default: usual }) => [name, current, usual])).toEqual([
      ['prod', true, true],
      ['staging', false, false],
      ['demo', false, false],
    ])
    const near = await list({ MEANDERCTL_PROFILE: 'staging' })
    expect(near.items.map(({ current, default: usual }) => [current, usual])).toEqual([
      [false, true],
      [true, false],
      [false, false],
    ])
    const warned = await done(['use', 'prod'], {
      env: { MEANDERCTL_PROFILE: 'staging', DATABASE_URL: 'postgresql://x:geheim@127.0.0.1/x' },
    })
    expect(warned.stderr).toBe(
      'MEANDERCTL_PROFILE is set here, and goes before the default profile.\n' +
        'DATABASE_URL is set here, and goes before the database of any profile.\n',
    )
    await done(['use', 'demo'])
    expect(kept().current).toBe('demo')
    await done(['use', '--none'])
    expect(kept()).not.toHaveProperty('current')
  })

  it('does not know a name that there is not, and says which was meant', async () => {
    await done(prod)
    for (const verb of ['use', 'show', 'remove'])
      expect(await profile([verb, 'prd', ...(verb === 'remove' ? ['--yes'] : [])])).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('Did you mean prod?'),
      })
    expect(await profile(['use', 'something-else'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('meanderctl profile add something-else'),
    })
    expect(await profile(['use'])).toMatchObject({ code: 2 })
    expect(await profile(['use', 'prod', '--none'])).toMatchObject({ code: 2 })
    expect(kept()).not.toHaveProperty('current')
  })

  it('mends what every other command stumbles over', async () => {
    await done(prod)
    const env = { MEANDERCTL_PROFILE: 'gone', DATABASE_URL: 'not a url', REDIS_URL: 'neither' }
    expect((await runAlone(['whoami'], { env: { XDG_CONFIG_HOME: home, ...env } })).code).toBe(2)
    await done(['use', 'prod'], { env })
    await done(['list'], { env })
  })
})

describe('profile show', () => {
  it('says of every value where it comes from, and tells no secret', async () => {
    await done([...prod, '--password-command', 'vault read geheim', '--use'])
    const env = { MEANDERCTL_ORG: 'nhf', PGPASSWORD: 'geheim' }
    const { stdout } = await done(['show'], { env })
    expect(stdout).toContain('In force with it here')
    expect(stdout).toMatch(/passwordCommand +\*{8}/)
    const { kind, item } = (await done(['show', '-o', 'json'], { env })).json<{ kind: string; item: Shown }>()
    expect(kind).toBe('Profile')
    expect(item).toMatchObject({
      name: 'prod',
      production: true,
      organization: 'hlf',
      problem: null,
      redisUrl: null,
    })
    expect(item.settings).toEqual(
      expect.arrayContaining([
        { name: 'organization', value: 'nhf', source: 'environment (MEANDERCTL_ORG)' },
        { name: 'PGHOST', value: 'db.example.org', source: 'profile (databaseUrl)' },
        { name: 'PGPASSWORD', value: '********', source: 'environment' },
        { name: 'production', value: 'true', source: 'profile' },
        { name: 'output', value: 'json', source: 'flag (--output)' },
      ]),
    )
    expect(stdout + JSON.stringify(item)).not.toContain('geheim')
  })

  it('shows the demo, and what is wrong with a profile that somebody wrote', async () => {
    write(JSON.stringify({ profiles: { one: { databaseUrl: 'postgresql://h/d?password=geheim' } } }))
    const { item } = (await done(['show', 'one', '-o', 'json'])).json<{ item: Shown }>()
    expect(item.problem).toContain('the parameter password is not allowed')
    expect(JSON.stringify(item)).not.toContain('geheim')
    const { stdout } = await done(['show', 'demo'], { env: { XDG_DATA_HOME: join(home, 'data') } })
    expect(stdout).toContain(`embedded store in ${join(home, 'data', 'meanderctl')}`)
    expect(await profile(['show'])).toMatchObject({ code: 3, stderr: expect.stringContaining('profile use') })
  })
})

describe('profile list', () => {
  it('needs no file, and marks production in words', async () => {
    const empty = await done(['list'])
    expect(empty.stdout).toMatch(/^PROFILE.*\ndemo/)
    expect(empty.stderr).toContain('profile add NAME --database-url URL')
    await done([...prod, '--use'])
    await done(staging)
    const { stdout } = await done(['list'])
    expect(stdout).toMatch(/prod +current +PRODUCTION +meander at db\.example\.org:5433 +hlf/)
    expect(stdout).toMatch(/staging +- +no +meander at staging\.example\.org/)
    expect((await done(['list', '-o', 'id'])).stdout).toBe('prod\nstaging\ndemo\n')
  })
})

describe('profile remove', () => {
  it('asks, and forgets that one alone', async () => {
    await done([...prod, '--use'])
    await done(staging)
    expect(await profile(['remove', 'prod'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--yes'),
    })
    const no = await profile(['remove', 'prod'], { terminal: ['no'] })
    expect(no.code).toBe(9)
    expect(no.stderr).toContain('The profile prod, production, meander at db.example.org:5433, is forgotten.')
    expect(Object.keys(kept().profiles)).toEqual(['prod', 'staging'])
    await done(['remove', 'prod'], { terminal: ['yes'] })
    expect(kept()).toEqual({ profiles: { staging: { databaseUrl: expect.any(String) } } })
    await done(['remove', 'staging', '--yes'])
    expect(kept()).toEqual({ profiles: {} })
    expect(await profile(['remove', 'demo', '--yes'])).toMatchObject({ code: 2 })
    expect(readdirSync(join(home, 'meanderctl')).sort()).toEqual(['config.json', 'config.json.lock'])
  })
})

describe('a file that somebody wrote', () => {
  it.each([
    [
      '{\n  "profiles": {\n    "one": { "databaseUrl": geheim }\n  }\n}',
      3,
      'it is not JSON',
      'Mend that line',
    ],
    ['{\n  "current": "prd",\n  "profiles": { "prod": {} }\n}', 2, 'current is "prd"', 'Did you mean prod?'],
    ['{\n"profiles": {\n"one": {\n"databaseurl": "x"\n}}}', 4, '"databaseurl"', 'Did you mean databaseUrl?'],
    ['{\n"profiles": {\n"one": {\n"password": "geheim"\n}}}', 4, '"password"', 'passwordCommand'],
    ['{\n"profiles": {\n"one": {\n"production": "yes"\n}}}', 4, 'neither true nor false', ''],
    ['{\n"profiles": {\n"one": {\n\n"output": 5\n}}}', 5, 'profiles.one.output is no text', ''],
    ['{\n"profiles": {\n"one": {},\n"demo": {}\n}}', 4, 'the embedded store', ''],
    ['{\n"profiles": {\n"one": {},\n"a b": {}\n}}', 4, '"a b" is no name', ''],
    ['{"profiles": {},\n"profile": "prod"}', 2, '"profile"', 'current and profiles'],
    ['[]', 1, 'it is no object', ''],
    ['', 1, 'it is not JSON', ''],
  ])('%j is refused with its line, and left as it is', async (text, line, message, fix) => {
    write(text)
    for (const args of [['list'], staging, ['use', 'demo'], ['remove', 'one', '--yes']]) {
      const { code, stderr } = await profile(args)
      expect({ args, code }).toEqual({ args, code: 2 })
      expect(stderr).toContain(`${file} cannot be used: line ${line}: `)
      expect(stderr).toContain(message)
      expect(stderr).toContain(fix)
      expect(stderr).not.toContain('geheim')
    }
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('is not trusted where others can write, and its folder neither', async () => {
    write('{}', 0o620)
    expect(await profile(['list'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`chmod 600 ${file}`),
    })
    chmodSync(file, 0o600)
    chmodSync(join(home, 'meanderctl'), 0o770)
    const fix = `chmod go-w ${join(home, 'meanderctl')}`
    expect(await profile(['list'])).toMatchObject({ code: 2, stderr: expect.stringContaining(fix) })
    expect(await profile(staging)).toMatchObject({ code: 2, stderr: expect.stringContaining(fix) })
  })
})
