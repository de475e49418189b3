import { expect, test } from 'vitest'
import { causeOf } from '../../../src/redis/causes.ts'
import { parseInfo, unfit, versionOf } from '../../../src/redis/info.ts'
import { keysPattern, lifeOf } from '../../../src/redis/keys.ts'
import { wireOf } from '../../../src/redis/wire.ts'

test.each([
  [840_000, 900_000],
  [0.2, 60_001],
  [-59_999.5, 1],
  [-60_000, null],
  [-3_600_000, null],
  [Number.NaN, Number.NaN],
])('a token with %d ms left is kept for %d ms, the skew of the clocks included', (remainingMs, life) => {
  expect(lifeOf(remainingMs)).toBe(life)
})

test('a prefix means itself, whatever it is made of', () => {
  expect(keysPattern('a*b?[c-d]\\^:')).toBe('a\\*b\\?\\[c\\-d\\]\\\\\\^:*')
})

test.each([
  ['redis_version:7.0.0', 'standalone', null],
  ['redis_version:10.2.1', 'standalone', null],
  ['redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0', 'standalone', null],
  ['redis_version:6.2.14', 'standalone', 'VERSION'],
  ['', 'standalone', 'VERSION'],
  ['redis_version:7.0.0\r\nredis_mode:cluster', 'cluster', null],
  ['redis_version:7.0.0\r\nredis_mode:cluster', 'standalone', 'MODE'],
  ['redis_version:7.0.0\r\nredis_mode:sentinel', 'standalone', 'MODE'],
  ['redis_version:7.0.0\r\nredis_mode:standalone', 'cluster', 'MODE'],
  ['redis_version:7.0.0\r\nloading:1', 'standalone', 'LOADING'],
] as const)('a server that says %j as %s is refused with %s', (text, mode, code) => {
  expect(unfit(parseInfo(`# Server\r\n${text}\r\n`), mode)?.code ?? null).toBe(code)
})

test('an old Redis is named with what it lacks, a Valkey with its own version', () => {
  expect(unfit({ redis_version: '6.2.14' }, 'standalone')?.message).toBe(
    'Redis 6.2.14 is too old: before 7.0 an expiry cannot be kept from shrinking (PEXPIRE … GT)',
  )
  expect(versionOf({ redis_version: '7.2.4', valkey_version: '8.1.0' })).toBe('Valkey 8.1.0')
})

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'OOM'],
  ["READONLY You can't write against a read only replica.", 'READONLY'],
  ['NOAUTH Authentication required.', 'NOAUTH'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'WRONGPASS'],
  ["NOPERM this user has no permissions to run the 'get' command", 'NOPERM'],
  ['LOADING Redis is loading the dataset in memory', 'LOADING'],
  ['MOVED 866 127.0.0.1:7002', 'MOVED'],
  ['CLUSTERDOWN The cluster is down', 'CLUSTERDOWN'],
  ['ERR value is not an integer or out of range', 'ERR'],
  ['Connection is closed.', 'ECONNRESET'],
])('%j is a %s, and says so', (text, code) => {
  const cause = causeOf(new Error(text))
  expect(cause.code).toBe(code)
  expect(cause.message).toMatch(code === 'ECONNRESET' ? /^the connection was lost$/ : new RegExp(`^${code}`))
})

test('a password is not repeated, not even where the server repeats it', () => {
  const said = "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'tiny-secret'"
  const cause = causeOf(
    Object.assign(new Error(said), { command: { name: 'hello', args: ['tiny-secret'] } }),
    'tiny-secret',
  )
  expect(JSON.stringify(cause)).not.toContain('tiny-secret')
  expect(cause.message).toContain("'***'")
})

test('lengths are of bytes, whatever the text', () => {
  expect(wireOf([['set', 'key', 12]]).toString()).toBe('*3\r\n$3\r\nset\r\n$3\r\nkey\r\n$2\r\n12\r\n')
  expect(wireOf([['ping'], ['set', 'å€😀', '']]).toString()).toBe(
    '*1\r\n$4\r\nping\r\n*3\r\n$3\r\nset\r\n$9\r\nå€😀\r\n$0\r\n\r\n',
  )
})
