import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { problemIn, type Scratch, scratch, serve, start } from './support.ts'

let place: Scratch
before(async () => {
  place = scratch()
  await place.json('init', 'data')
})
after(() => place.remove())

test('a server says in one line where it listens, and a signal stops it with exit 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended } = start(['serve', '--data', 'data', '--port', '0'], {
      cwd: place.directory,
    })
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
    child.kill(signal)
    const { code, out } = await ended
    assert.equal(code, 0)
    assert.match(out, /^Surety listens on http:\/\/127\.0\.0\.1:\d+\n$/)
  }
})

test('a directory is served once; the second server says so and exits 4', async () => {
  const server = await serve(place.directory)
  const second = await place.surety('serve', '--data', 'data', '--port', '0', '--json')
  assert.equal(second.code, 4)
  assert.equal(problemIn(second).code, 'data_directory_in_use')
  const rotate = ['keys', 'rotate-system', 'bundle', '--data', 'data', '--json']
  const rotated = await place.surety(...rotate)
  assert.equal(problemIn(rotated).code, 'data_directory_in_use')
  assert.equal((await server.stop()).code, 0)
})

test('a port in use is named, and the directory is free again', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const ended = await place.surety('serve', '--data', 'data', '--port', String(port), '--json')
  other.close()
  assert.equal(ended.code, 4)
  assert.equal(problemIn(ended).code, 'port_in_use')
  const server = await serve(place.directory)
  assert.equal((await server.stop()).code, 0)
})

test('a server that was killed is simply started again', async () => {
  const killed = await serve(place.directory)
  killed.child.kill('SIGKILL')
  assert.equal((await killed.ended).signal, 'SIGKILL')
  const server = await serve(place.directory)
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  await server.stop()
})

test('of two that found the same house at once, one does, and its operator may enter', async () => {
  const args = ['init', 'shared', '--json']
  const both = await Promise.all([place.surety(...args), place.surety(...args)])
  assert.deepEqual(both.map(({ code }) => code).sort(), [0, 4])
  const server = await serve(place.directory, 'shared')
  const caller = ['--credentials', 'shared/operator.credentials.json', '--url', server.url]
  const { active } = await place.json<{ active: object }>('profile', 'list', ...caller)
  assert.notEqual(active, undefined)
  const { out, code } = await server.stop()
  assert.equal(code, 0)
  assert.equal((JSON.parse(out) as { url: string }).url, server.url)
})

test('a system key is rotated while nobody serves', async () => {
  const before = await place.json<{ kid: string }>(
    'keys',
    'rotate-system',
    'settlement',
    '--data',
    'data',
  )
  const server = await serve(place.directory)
  const { keys } = await place.json<{ keys: { kid: string; notAfter: string | null }[] }>(
    'keys',
    'jwks',
    '--url',
    server.url,
  )
  assert.equal(keys.length, 7)
  assert.equal(keys.find(({ kid }) => kid === before.kid)?.notAfter, null)
  await server.stop()
})

test('doctor sees what others may read', async () => {
  const file = place.path('data/operator.credentials.json')
  chmodSync(file, 0o644)
  // An address where nobody listens, whatever else runs on this machine.
  const dead = ['--url', 'http://127.0.0.1:9']
  const ended = await place.surety('doctor', '--data', 'data', ...dead, '--json')
  chmodSync(file, 0o600)
  assert.equal(ended.code, 1)
  const { checks } = JSON.parse(ended.out) as { checks: { check: string; result: string }[] }
  const failed = checks.filter(({ result }) => result === 'fail').map(({ check }) => check)
  assert.deepEqual(failed, ['file_permissions', 'credentials_file', 'server'])
})

test('a setting of the environment that cannot be used is named', async () => {
  const { ended } = start(['serve', '--data', 'data', '--json'], {
    cwd: place.directory,
    env: { SURETY_PORT: 'lots' },
  })
  const { code, err } = await ended
  assert.equal(code, 2)
  assert.equal((JSON.parse(err) as { code: string }).code, 'setting_invalid')
  assert.equal(existsSync(place.path('data/surety.db')), true)
})
