/** Names are looked up as the machine would, and none waits for another. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { WebFailure, type WebRequest } from '../ports/web.ts'
import { type NameSources, nameResolver } from './resolve.ts'
import { guardedWeb } from './web.ts'

type Zone = Readonly<Record<string, readonly string[]>>
const A = 1

/** The answer of RFC 1035 to one question about one name. */
function answerTo(question: Buffer, zone: Zone): Buffer {
  const labels: string[] = []
  let at = 12
  for (let size = question[at] ?? 0; size > 0; size = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + size))
    at += size + 1
  }
  const name = labels.join('.').toLowerCase()
  const type = question.readUInt16BE(at + 1)
  const addresses = type === A ? (zone[name] ?? []) : []
  const header = Buffer.from(question.subarray(0, 12))
  header.writeUInt16BE(zone[name] === undefined ? 0x8183 : 0x8180, 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt32BE(0, 8)
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
  )
  return Buffer.concat([header, question.subarray(12, at + 5), ...records])
}

/** A name server with these names; one that is silent about the rest, or about everything. */
async function nameServer(
  t: TestContext,
  zone: Zone,
  isSilent: (name: string) => boolean = () => false,
): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (question, { port, address }) => {
    if (!isSilent(question.toString('latin1'))) {
      socket.send(answerTo(question, zone), port, address)
    }
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return `127.0.0.1:${String(socket.address().port)}`
}

/** Sources of which nothing is the machine's own. */
function sources(t: TestContext, files: { hosts?: string; resolv?: string }): NameSources {
  const directory = mkdtempSync(join(tmpdir(), 'surety-names-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const [hostsFile, resolvFile] = ['hosts', 'resolv'].map((name) => join(directory, name))
  assert.ok(hostsFile !== undefined && resolvFile !== undefined)
  writeFileSync(hostsFile, files.hosts ?? '')
  writeFileSync(resolvFile, files.resolv ?? '')
  return { hostsFile, resolvFile }
}

const request = (url: string): WebRequest => ({
  method: 'GET',
  url,
  headers: [],
  mayBePrivate: true,
  limits: { bodyBytesMax: 1_000, headTimeMs: 8_000, timeMs: 9_000 },
})

test('a name has the addresses its server says, all of them', async (t) => {
  const server = await nameServer(t, { 'shop.example': ['192.0.2.1', '192.0.2.2'] })
  const resolve = nameResolver({ ...sources(t, {}), servers: [server] })
  assert.deepEqual(await resolve('Shop.example'), ['192.0.2.1', '192.0.2.2'])
  assert.deepEqual(await resolve('shop.example.'), ['192.0.2.1', '192.0.2.2'])
  assert.deepEqual(await resolve('none.example'), [])
})

test('the hosts file comes first, and localhost is the machine', async (t) => {
  const server = await nameServer(t, { 'shop.example': ['192.0.2.1'], localhost: ['192.0.2.9'] })
  const hosts =
    '# 10.0.0.9 shop.example\n10.0.0.7\tother Shop.example # here\nfd00::7 shop.example\n'
  const resolve = nameResolver({ ...sources(t, { hosts }), servers: [server] })
  assert.deepEqual(await resolve('shop.example'), ['10.0.0.7', 'fd00::7'])
  assert.deepEqual(await resolve('localhost'), ['127.0.0.1', '::1'])
  assert.deepEqual(await resolve('some.localhost'), ['127.0.0.1', '::1'])
})

test('a short name is searched as the machine searches, a whole one first as it is', async (t) => {
  const zone = {
    'shop.here.example': ['10.0.0.1'],
    'shop.example': ['192.0.2.1'],
    'shop.example.here.example': ['10.0.0.2'],
  }
  const server = await nameServer(t, zone)
  const search = 'search here.example there.example\n'
  const one = nameResolver({ ...sources(t, { resolv: search }), servers: [server] })
  assert.deepEqual(await one('shop'), ['10.0.0.1'])
  assert.deepEqual(await one('shop.example'), ['192.0.2.1'])
  const resolv = `${search}options ndots:5\n`
  const five = nameResolver({ ...sources(t, { resolv }), servers: [server] })
  assert.deepEqual(await five('shop.example'), ['10.0.0.2'])
  assert.deepEqual(await five('shop.example.'), ['192.0.2.1'])
})

test('names whose servers are silent hold up no other, and end by themselves', async (t) => {
  const isSilent = (name: string) => name.includes('slow')
  const server = await nameServer(t, { 'shop.example': ['127.0.0.1'] }, isSilent)
  const resolve = nameResolver({ ...sources(t, {}), servers: [server], timeMs: 2_000 })
  const web = guardedWeb({ resolve })
  const shop = createServer((_, response) => response.end('sold'))
  shop.listen(0, '127.0.0.1')
  await once(shop, 'listening')
  t.after(() => shop.close())
  const port = String((shop.address() as AddressInfo).port)
  const started = performance.now()
  const ended: number[] = []
  const slow = Array.from({ length: 40 }, async (_, i) => {
    const code = await web.fetch(request(`http://slow${String(i)}.example/`)).then(
      () => 'none',
      (failure: unknown) => (failure instanceof WebFailure ? failure.code : String(failure)),
    )
    ended.push(performance.now() - started)
    return code
  })
  for (const host of ['shop.example', 'localhost']) {
    const answer = await web.fetch(request(`http://${host}:${port}/`))
    assert.equal(answer.status, 200)
    await answer.discard()
  }
  assert.deepEqual(ended, [])
  assert.deepEqual([...new Set(await Promise.all(slow))], ['web_name_unresolved'])
  const last = Math.max(...ended)
  t.diagnostic(`the last of 40 silent names ended after ${last.toFixed(0)} ms`)
  assert.ok(last < 6_000)
})
