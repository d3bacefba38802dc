/** The SDK believes no answer whose policy metadata is missing or does not match its decision. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Client, type Fetch } from '@surety/sdk'
import { checkedFetch } from '../support/answers.ts'
import { countEvents } from '../support/books.ts'
import {
  declareAndAuthorize,
  type Gate,
  type Market,
  openHouse,
  openMarket,
  purchase,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
let gate: Gate
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
  gate = await purchase(market, '5')
})
after(() => house.close())

const HEADERS = {
  'x-surety-policy-decision': 'allow',
  'x-surety-policy-hash': /^[0-9a-f]{64}$/,
  'x-surety-decision-id': /^dec_/,
  'x-surety-settlement-status': 'released',
  'x-surety-verification-status': 'green',
  'x-surety-reason-code': 'allowed',
}

function clientWith(fetch: Fetch): Client {
  const { url } = house.running
  const { apiKey } = market.agent
  return new Client({ url, apiKey, fetch, wait: async () => undefined, newKey: () => randomUUID() })
}

/** A network that changes the headers of what passes. */
const tampering =
  (change: (name: string, value: string | null) => string | null): Fetch =>
  async (url, init) => {
    const answered = await checkedFetch(url, init)
    const headers = { get: (name: string) => change(name, answered.headers.get(name)) }
    return { status: answered.status, headers, text: () => answered.text() }
  }

const read = (client: Client) => client.call('getGatesOne', { params: { gateId: gate.gateId } })

test('an answer about a decided gate carries the six policy headers', async () => {
  const seen = new Map<string, string | null>()
  await read(
    clientWith(
      tampering((name, value) => {
        seen.set(name, value)
        return value
      }),
    ),
  )
  for (const [name, expected] of Object.entries(HEADERS)) {
    const value = seen.get(name) ?? ''
    if (typeof expected === 'string') assert.equal(value, expected)
    else assert.match(value, expected)
  }
})

for (const name of Object.keys(HEADERS)) {
  test(`the client refuses an answer without ${name}, or with another`, async () => {
    const missing = tampering((each, value) => (each === name ? null : value))
    await assert.rejects(read(clientWith(missing)), { code: 'metadata_missing' })
    for (const other of ['', 'deny', 'x', '0'.repeat(64)]) {
      const changed = tampering((each, value) => (each === name ? other : value))
      await assert.rejects(read(clientWith(changed)), { code: 'metadata_mismatch' })
    }
  })
}

test('the client refuses a body that does not fit its headers', async () => {
  const lying: Fetch = async (url, init) => {
    const answered = await checkedFetch(url, init)
    const text = (await answered.text()).replace('"decision":"allow"', '"decision":"deny"')
    return { ...answered, text: async () => text }
  }
  await assert.rejects(read(clientWith(lying)), { code: 'metadata_mismatch' })
})

test('the client refuses what is not JSON, not ours, or not there', async () => {
  const saying =
    (status: number, text: string): Fetch =>
    async () => ({ status, headers: { get: () => null }, text: async () => text })
  for (const text of ['', 'x', '<html>', '{"a":1,"a":2}']) {
    await assert.rejects(read(clientWith(saying(200, text))), { code: 'answer_malformed' })
    await assert.rejects(read(clientWith(saying(502, text))), { code: 'answer_malformed' })
  }
  const foreign = '{"code":"not_one_of_ours","status":400}'
  await assert.rejects(read(clientWith(saying(400, foreign))), { code: 'answer_malformed' })
  const dead: Fetch = () => Promise.reject(new Error('connection refused'))
  await assert.rejects(read(clientWith(dead)), { code: 'unreachable' })
})

test('the client tries again with the same key what was overloaded, and it happens once', async () => {
  const declared = countEvents(house.directory, 'gateDeclared')
  let tries = 0
  const keys = new Set<string>()
  const flaky: Fetch = async (url, init) => {
    tries += 1
    keys.add(init.headers['idempotency-key'] ?? '')
    const answered = await checkedFetch(url, init)
    if (tries > 2) return answered
    // The answer is lost on its way, after the command was executed.
    const problem = '{"code":"overloaded","status":503}'
    return { status: 503, headers: { get: () => '0' }, text: async () => problem }
  }
  const client = clientWith(flaky)
  const again = { ...market, agent: { ...market.agent, client } }
  const decided = await declareAndAuthorize(again, '1')
  assert.equal(decided.state, 'authorized')
  assert.equal(keys.size, 2)
  assert.equal(countEvents(house.directory, 'gateDeclared'), declared + 1)
})

test('the client gives up after a few tries', async () => {
  let tries = 0
  const busy: Fetch = async () => {
    tries += 1
    const problem = '{"code":"overloaded","status":503}'
    return { status: 503, headers: { get: () => '0' }, text: async () => problem }
  }
  await assert.rejects(read(clientWith(busy)), { code: 'overloaded' })
  assert.equal(tries, 4)
})

test('pages of a list show everything once, whatever their size', async () => {
  for (let i = 0; i < 5; i += 1) await declareAndAuthorize(market, '1')
  const { client } = market.agent
  const idsBy = async (limit: string): Promise<readonly string[]> => {
    const ids: string[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = cursor === undefined ? { limit } : { limit, cursor }
      const page = await client.call('getGates', { query })
      ids.push(...page.items.map(({ gateId }) => gateId))
      cursor = page.next
    }
    return ids
  }
  const all = await idsBy('200')
  assert.ok(all.length >= 6)
  assert.equal(new Set(all).size, all.length)
  for (const limit of ['1', '2', '3']) assert.deepEqual(await idsBy(limit), all)
})
