/** One agent and one slow seller: they take their own places, and nobody else's. */
import assert from 'node:assert/strict'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, test } from 'node:test'
import {
  EXCHANGES_OF_ONE_MAX,
  HELD_BYTES_MAX,
} from '../../packages/server/src/app/x402/leaving/places.ts'
import { codeOf } from '../support/answers.ts'
import { applyProfile, grantTo, type Member } from '../support/house.ts'
import { lift, stop } from '../support/people/controls.ts'
import { send } from '../support/wire.ts'
import { buyingProfile, openTown, type Town } from './town.ts'

const REQUESTS_MAX = EXCHANGES_OF_ONE_MAX + 4
let town: Town
let other: Member
let otherGrant: string
let seller: Server
let origin: string
/** What the seller does: it says nothing, or sends so many bytes and is not done. */
let bytes: number | null = null
const waiting = new Set<ServerResponse>()

before(async () => {
  town = await openTown({
    world: { sellers: ['express'] },
    settings: { requestsMax: REQUESTS_MAX },
  })
  other = await town.house.member('agent', ['intent'], ['gates:write', 'read'])
  otherGrant = (await grantTo(town.payer, other, { assets: [town.world.asset] })).grantHash
  seller = createServer((_request, response) => {
    waiting.add(response)
    if (bytes === null) return
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.write(Buffer.alloc(bytes, 'a'))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => seller.once('listening', resolve))
  origin = `http://127.0.0.1:${String((seller.address() as AddressInfo).port)}`
  const profile = buyingProfile(town)
  const { x402 } = profile
  if (x402 === undefined) throw new Error('a profile that buys')
  const slow = { origin, methods: ['GET' as const], privateAddresses: true, alias: 'slow' }
  await applyProfile(town.house, { ...profile, x402: { ...x402, origins: [slow] } })
})
afterEach(async () => {
  bytes = null
  await idle()
})
after(async () => {
  seller?.closeAllConnections()
  seller?.close()
  await town?.close()
})

async function until(done: () => boolean): Promise<void> {
  const started = performance.now()
  while (!done()) {
    assert.ok(performance.now() - started < 10_000, 'nothing happens')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The seller answers everybody, and all places are free again. */
async function idle(): Promise<void> {
  for (const response of waiting) response.end()
  waiting.clear()
}

function ask(agent: Member = town.agent, grantHash = town.grantHash) {
  const { url } = town.house.running
  const body = { url: `${origin}/slow`, grantHash }
  return send(url, { method: 'POST', path: '/v1/fetch', apiKey: agent.apiKey, body })
}

/** The same, and nothing of the answer is read or judged yet. */
function bare(): Promise<Response> {
  return fetch(`${town.house.running.url}/v1/fetch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${town.agent.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: `${origin}/slow`, grantHash: town.grantHash }),
  })
}

test('one agent has so many exchanges under way and no more; another has its own', async () => {
  const mine = Array.from({ length: EXCHANGES_OF_ONE_MAX }, () => ask())
  await until(() => waiting.size === EXCHANGES_OF_ONE_MAX)
  const refused = await ask()
  assert.equal(codeOf(refused), 'overloaded')
  assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  const theirs = ask(other, otherGrant)
  await until(() => waiting.size === EXCHANGES_OF_ONE_MAX + 1)
  await idle()
  for (const answer of await Promise.all([...mine, theirs])) assert.equal(answer.status, 200)
  const again = ask()
  await until(() => waiting.size === 1)
  await idle()
  assert.equal((await again).status, 200)
})

test('an agent that hangs up leaves no exchange behind that is counted nowhere', async () => {
  const { url } = town.house.running
  bytes = 1
  const gone = new AbortController()
  const headers = { authorization: `Bearer ${town.agent.apiKey}`, 'x-surety-grant': town.grantHash }
  const calls = Array.from({ length: EXCHANGES_OF_ONE_MAX }, async () => {
    const answer = await fetch(`${url}/proxy/slow/x`, { headers, signal: gone.signal })
    await answer.body?.getReader().read()
  })
  await Promise.all(calls)
  assert.equal(codeOf(await ask()), 'overloaded')
  gone.abort()
  // What was free is let go of when nobody takes it any more.
  await until(() => [...waiting].every((response) => response.destroyed))
  waiting.clear()
  bytes = null
  const again = ask()
  await until(() => waiting.size === 1)
  await idle()
  assert.equal((await again).status, 200)
})

test('what is held of answers has a bound; what does not fit passes as it comes', async () => {
  bytes = 4_194_304
  const fits = HELD_BYTES_MAX / bytes
  const held = Array.from({ length: fits }, () => bare())
  await until(() => waiting.size === fits)
  // The house reads them all, and cannot hold another.
  await new Promise((resolve) => setTimeout(resolve, 500))
  // Its first bytes come before its last: it is not waited for.
  const first = await bare()
  assert.equal(first.status, 200)
  await idle()
  assert.equal(((await first.json()) as { response: { status: number } }).response.status, 200)
  for (const answer of await Promise.all(held)) {
    assert.equal(answer.status, 200)
    assert.ok((await answer.arrayBuffer()).byteLength > bytes)
  }
})

test('whoever can stop an agent is let in while it takes every place there is (control)', async () => {
  const oncall = await town.house.person(['oncall'])
  const calls = Array.from({ length: REQUESTS_MAX }, (_, i) =>
    i < EXCHANGES_OF_ONE_MAX ? ask() : ask(other, otherGrant),
  )
  await until(() => waiting.size === REQUESTS_MAX)
  const { url } = town.house.running
  const reading = { method: 'GET', path: '/v1/gates' }
  assert.equal(codeOf(await send(url, { ...reading, apiKey: other.apiKey })), 'overloaded')
  const { apiKey } = town.house.operator
  assert.equal(codeOf(await send(url, { ...reading, apiKey })), 'ok')
  const started = performance.now()
  const control = await stop(oncall, { type: 'principal', id: town.agent.principalId })
  assert.ok(performance.now() - started < 2_000)
  assert.equal(control.state, 'active')
  await idle()
  await Promise.all(calls)
  assert.equal(codeOf(await ask()), 'payment_denied')
  await lift([town.house.operator], control)
})
