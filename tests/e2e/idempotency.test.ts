/** The same key: the same answer again, a clear no, or a request to wait. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { codeOf } from '../support/answers.ts'
import { countEvents, rows, settledSignatures, unchanged } from '../support/books.ts'
import { EXAMPLES, pathOf, type Stage, setStage } from '../support/examples.ts'
import {
  declareAndAuthorize,
  deposit,
  draftIntent,
  execute,
  type Market,
  openHouse,
  openMarket,
  pass,
  presentation,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { type Sent, send } from '../support/wire.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

const post = (sent: Omit<Sent, 'method'>) => send(house.running.url, { method: 'POST', ...sent })

/** Their answers show a secret, which is not kept and so cannot be shown again. */
/** What needs a chain and a seller: tests/x402. */
const ON_A_CHAIN = ['/v1/fetch', '/v1/wallets/{walletId}/fund', '/v1/wallets/{walletId}/allowance']
const NEVER_REPLAYED = ['/v1/api-keys', '/v1/api-keys/{keyId}/rotate']

interface Played {
  readonly sent: Omit<Sent, 'method'>
  readonly text: string
  readonly route: string
}

/** One good request on every command, each with a key. */
async function playAll(stage: Stage): Promise<readonly Played[]> {
  const played: Played[] = []
  // The lifecycle comes last: an agent that may not act answers no more.
  const commands = API_ROUTES.filter(({ method }) => method === 'POST').toSorted(
    (a, b) => Number(a.path.endsWith('lifecycle')) - Number(b.path.endsWith('lifecycle')),
  )
  for (const { method, path } of commands) {
    if (NEVER_REPLAYED.includes(path)) continue
    // One gate cannot be executed and voided both.
    if (path.endsWith('/void')) continue
    if (ON_A_CHAIN.includes(path)) continue
    const example = EXAMPLES[`${method} ${path}`]?.(stage)
    if (example === undefined) throw new Error('no example')
    const { body, as } = example
    const sent = { path: pathOf(path, example), apiKey: as.apiKey, key: randomUUID(), body }
    const answer = await post(sent)
    assert.equal(codeOf(answer), 'ok', path)
    assert.equal(answer.headers.get('idempotent-replayed'), null)
    played.push({ sent, text: answer.text, route: path })
  }
  return played
}

test('every command replays its stored answer byte for byte, later and after a restart (once)', async () => {
  const played = await playAll(await setStage(house))
  assert.ok(played.length >= 12)
  const replayAll = async () => {
    for (const { sent, text, route } of played) {
      const again = await post(sent)
      assert.equal(again.status, 201, `${route}: ${again.text}`)
      assert.equal(again.headers.get('idempotent-replayed'), 'true', route)
      assert.equal(again.text, text, route)
    }
  }
  await unchanged(house.directory, replayAll)
  house = await house.restart()
  await outboxEmpty()
  await unchanged(house.directory, replayAll)
  // Whatever was true of time when it was executed, it was executed.
  pass(2 * 86_400_000)
  await unchanged(house.directory, replayAll)
  market = await openMarket(house)
})

/** The workers begin their first round when the house starts. */
async function outboxEmpty(): Promise<void> {
  while (rows(house.directory, 'SELECT * FROM outbox').length > 0) await house.running.tick()
}

test('another body, path or method under a used key is refused, and changes nothing (once)', async () => {
  const key = randomUUID()
  const { apiKey } = market.agent
  const first = { path: '/v1/gates', apiKey, key, body: { intent: draftIntent(market, '1').jws } }
  assert.equal(codeOf(await post(first)), 'ok')
  const gate = await declareAndAuthorize(market, '1')
  const others = [
    { ...first, body: { intent: draftIntent(market, '1').jws } },
    { ...first, body: { intent: `${draftIntent(market, '1').jws.slice(0, -4)}AAAA` } },
    { path: `/v1/gates/${gate.gateId}/void`, apiKey, key },
  ]
  for (const other of others) {
    await unchanged(house.directory, async () => {
      assert.equal(codeOf(await post(other)), 'idempotency_key_reused')
    })
  }
})

test('a refusal is not stored: the same key and body are evaluated again (once)', async () => {
  const poor = await openMarket(house, { fund: '1' })
  const gate = await declareAndAuthorize(poor, '1')
  const path = `/v1/gates/${gate.gateId}/evidence`
  const { apiKey } = poor.agent
  const body = { response: statement(poor, gate) }
  const sent = { path, apiKey, key: randomUUID(), body }
  await unchanged(house.directory, async () => {
    assert.equal(codeOf(await post(sent)), 'gate_not_executing')
    assert.equal(codeOf(await post(sent)), 'gate_not_executing')
  })
  await execute(poor, gate)
  const answer = await post(sent)
  assert.equal(codeOf(answer), 'ok')
  assert.equal(answer.headers.get('idempotent-replayed'), null)
  assert.equal((await post(sent)).headers.get('idempotent-replayed'), 'true')
  // A refusal under a key does not use the key up for another body either.
  const key = randomUUID()
  const wrong = { path: '/v1/gates', apiKey, key, body: { intent: 'a.b.c' } }
  assert.equal(codeOf(await post(wrong)), 'schema_mismatch')
  const right = { ...wrong, body: { intent: draftIntent(poor, '1').jws } }
  assert.equal(codeOf(await post(right)), 'ok')
})

test('a denial is an executed command: it is replayed, though the same would be allowed by now', async () => {
  const other = await openMarket(house, { profile: { risk: [] } })
  const { client, apiKey } = other.agent
  const body = { intent: draftIntent(other, '1').jws }
  const { gateId } = await client.call('postGates', { body })
  const sent = { path: `/v1/gates/${gateId}/authorize`, apiKey, key: randomUUID() }
  const denied = await post(sent)
  await rule(house, other)
  assert.equal((await post(sent)).text, denied.text)
  assert.match(denied.text, /"state":"denied"/)
})

test('a key belongs to its principal: the same key of another is another (once)', async () => {
  const key = randomUUID()
  const other = await openMarket(house)
  for (const each of [market, other]) {
    const body = { intent: draftIntent(each, '1').jws }
    const answer = await post({ path: '/v1/gates', apiKey: each.agent.apiKey, key, body })
    assert.equal(codeOf(answer), 'ok')
    assert.equal(answer.headers.get('idempotent-replayed'), null)
  }
  // Another credential of the same principal is the same principal.
  const spare = await house.operator.client.call('postApiKeys', {
    body: { principalId: market.agent.principalId, name: 'spare', scopes: ['gates:write'] },
  })
  const sent = { path: '/v1/gates', key, body: { intent: draftIntent(market, '1').jws } }
  assert.equal(codeOf(await post({ ...sent, apiKey: spare.secret })), 'idempotency_key_reused')
  await rule(house, market)
})

test('the same request while the first is in flight waits, and nothing happens twice (once)', async () => {
  const before = countEvents(house.directory, 'gateDeclared')
  const { apiKey } = market.agent
  const body = { intent: draftIntent(market, '1').jws }
  const sent = { path: '/v1/gates', apiKey, key: randomUUID(), body }
  const answers = await Promise.all(Array.from({ length: 40 }, () => post(sent)))
  const codes = answers.map(codeOf)
  assert.ok(codes.includes('ok'))
  assert.ok(codes.includes('idempotency_in_flight'))
  assert.ok(codes.every((code) => code === 'ok' || code === 'idempotency_in_flight'))
  assert.equal(
    new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text)).size,
    1,
  )
  const held = answers.find(({ status }) => status === 409)
  assert.match(held?.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  assert.equal(countEvents(house.directory, 'gateDeclared'), before + 1)
  assert.equal(codeOf(await post(sent)), 'ok')
})

test('without a key uniqueness still holds: nothing happens twice (once)', async () => {
  const { apiKey } = market.agent
  const body = { intent: draftIntent(market, '1').jws }
  assert.equal(codeOf(await post({ path: '/v1/gates', apiKey, body })), 'ok')
  for (const key of [undefined, randomUUID()]) {
    await unchanged(house.directory, async () => {
      const again = await post({ path: '/v1/gates', apiKey, key, body })
      assert.equal(codeOf(again), 'intent_already_declared')
    })
  }
})

test('who was suspended since still hears what was done, and does nothing more (control)', async () => {
  const other = await openMarket(house)
  const gate = await declareAndAuthorize(other, '1')
  const path = `/v1/gates/${gate.gateId}/execute`
  const sent = { path, apiKey: other.provider.apiKey, key: randomUUID(), body: presentation(gate) }
  const executed = await post(sent)
  const params = { principalId: other.provider.principalId }
  const body = { to: 'suspended', reason: 'test' } as const
  await house.operator.client.call('postPrincipalsLifecycle', { params, body })
  await settledSignatures(house.directory)
  await unchanged(house.directory, async () => {
    assert.equal((await post(sent)).text, executed.text)
    assert.equal(codeOf(await post({ ...sent, key: randomUUID() })), 'principal_not_active')
  })
  await rule(house, market)
})

test('a command whose answer shows a secret is never replayed, and says so by doing it again', async () => {
  const { operator } = house
  const body = { principalId: market.agent.principalId, name: 'two', scopes: ['read'] }
  const sent = { path: '/v1/api-keys', apiKey: operator.apiKey, key: randomUUID(), body }
  const [one, two] = [await post(sent), await post(sent)]
  assert.equal(codeOf(one), 'ok')
  assert.equal(codeOf(two), 'ok')
  assert.notEqual(one.text, two.text)
  assert.equal(two.headers.get('idempotent-replayed'), null)
  await deposit(house, market.payer, '1')
})
