/** The colour follows from the evidence and the profile, and the money follows the colour. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Profile } from '@surety/protocol'
import { nodeCrypto } from '@surety/server'
import { countEvents, ensureBooks } from '../support/books.ts'
import {
  balanceOf,
  declareAndAuthorize,
  execute,
  type Gate,
  host,
  type Market,
  openHouse,
  openMarket,
  pass,
  profileFor,
  prove,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house, { fund: '1000000' })
})
after(() => {
  ensureBooks(house.directory)
  return house.close()
})

type Settlement = Profile['settlement']
const usual: Settlement = profileFor([]).settlement

async function executing(settlement: Partial<Settlement>, amount = '100'): Promise<Gate> {
  await rule(house, market, { settlement: { ...usual, ...settlement } })
  const gate = await declareAndAuthorize(market, amount)
  await execute(market, gate)
  return gate
}

const BODY = '{"answer":42}'

/** Submits a statement as the payee does, with the body if there is one; says what came of it. */
async function judged(gate: Gate, changes: object, body?: string) {
  const responseHash = nodeCrypto.sha256(body ?? BODY)
  const response = statement(market, gate, { responseHash, ...changes })
  const sent = body === undefined ? {} : { body: Buffer.from(body).toString('base64url') }
  const call = { params: { gateId: gate.gateId }, body: { response, ...sent } }
  const { state, settlement } = await market.provider.client.call('postGatesEvidence', call)
  return [state, settlement?.colour, settlement?.basis, settlement?.status] as const
}

const GREEN = ['settled', 'green', 'signed', 'released'] as const
const RED = ['settled', 'red', 'signed', 'refunded'] as const
const AMBER = ['review', 'amber', 'signed', 'review'] as const

/** What payer, payee and holds have, together always the same. */
async function where() {
  const accounts = await house.operator.client.call('getAccounts', { query: {} })
  const held = accounts
    .filter(({ account }) => account.startsWith('hold:'))
    .reduce((sum, { balance }) => sum + BigInt(balance), 0n)
  const payer = BigInt(await balanceOf(house, market.payer))
  return { payer, provider: BigInt(await balanceOf(house, market.provider)), held }
}

async function moved(what: () => Promise<unknown>) {
  const before = await where()
  await what()
  const after = await where()
  return [after.payer - before.payer, after.provider - before.provider, after.held - before.held]
}

test('green releases to the payee', async () => {
  const change = await moved(async () => {
    const gate = await executing({ verifiers: [{ verifier: 'status' }] })
    assert.deepEqual(await judged(gate, {}), GREEN)
  })
  assert.deepEqual(change, [-100n, 100n, 0n])
})

test('red refunds the payer', async () => {
  const change = await moved(async () => {
    for (const status of [100, 199, 300, 404, 500, 599]) {
      const gate = await executing({ verifiers: [{ verifier: 'status' }] })
      assert.deepEqual(await judged(gate, { status }), RED, String(status))
    }
  })
  assert.deepEqual(change, [0n, 0n, 0n])
})

test('amber leaves the money in the hold, for a person', async () => {
  const change = await moved(async () => {
    const gate = await executing({ verifiers: [{ verifier: 'hash' }] })
    assert.deepEqual(await judged(gate, {}), AMBER)
  })
  assert.deepEqual(change, [-100n, 0n, 100n])
})

test('a manual profile leaves the money in the hold whatever the colour', async () => {
  for (const status of [200, 500]) {
    const change = await moved(async () => {
      const gate = await executing({ mode: 'manual' })
      const [state, colour, , settled] = await judged(gate, { status })
      assert.deepEqual([state, settled], ['review', 'review'])
      assert.equal(colour, status === 200 ? 'green' : 'red')
    })
    assert.deepEqual(change, [-100n, 0n, 100n])
  }
})

test('what is in review stays there: no clock and no evidence moves it', async () => {
  const gate = await executing({ mode: 'manual', onSilence: 'release' })
  await judged(gate, {})
  const change = await moved(async () => {
    pass(10 * 60_000)
    await house.running.tick()
    for (const status of [200, 500]) {
      const again = prove(market, gate, statement(market, gate, { status }))
      await assert.rejects(again, { code: 'gate_settled' })
    }
  })
  assert.deepEqual(change, [0n, 0n, 0n])
})

test('the hash verifier is green only where the body was shown', async () => {
  const verifiers = [{ verifier: 'hash' }] as const
  assert.deepEqual(await judged(await executing({ verifiers: [...verifiers] }), {}, BODY), GREEN)
  assert.deepEqual(await judged(await executing({ verifiers: [...verifiers] }), {}), AMBER)
})

test('an agent cannot turn a green statement amber by withholding the body', async () => {
  const schema = { verifier: 'schema' as const, schema: { type: 'object' } }
  for (const verifier of [{ verifier: 'hash' as const }, schema]) {
    const gate = await executing({ verifiers: [{ verifier: 'status' }, verifier] })
    await assert.rejects(prove(market, gate, statement(market, gate)), {
      code: 'evidence_body_mismatch',
      message: /this profile needs the body of the response/,
    })
    assert.deepEqual(await judged(gate, {}, BODY), GREEN)
  }
})

test('a schema that cannot be used is refused before it rules', async () => {
  const unusable = [
    { $async: true, required: ['a'] },
    { $ref: 'https://example.com/schema.json' },
    { type: 'nothing' },
  ]
  for (const schema of unusable) {
    const settlement = { ...usual, verifiers: [{ verifier: 'schema' as const, schema }] }
    const applied = rule(house, market, { settlement })
    await assert.rejects(applied, { code: 'profile_invalid' }, JSON.stringify(schema))
  }
})

test('a body that cannot be examined is for a person, and the house answers meanwhile', async () => {
  const schema = { properties: { answer: { pattern: '^(a+)+$' } } }
  const gate = await executing({ verifiers: [{ verifier: 'schema', schema }] })
  const submitted = judged(gate, {}, JSON.stringify({ answer: `${'a'.repeat(40)}!` }))
  let answers = 0
  let isJudged = false
  void submitted.finally(() => {
    isJudged = true
  })
  while (!isJudged) {
    const response = await fetch(`${house.running.url}/healthz`)
    assert.equal(response.status, 200)
    answers += 1
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.deepEqual(await submitted, AMBER)
  assert.ok(answers > 5, String(answers))
})

test('the schema verifier is green, red or amber as the body holds, breaks it or was not shown', async () => {
  const schema = {
    type: 'object',
    required: ['answer'],
    properties: { answer: { type: 'integer' } },
  }
  const settlement = { verifiers: [{ verifier: 'schema' as const, schema }] }
  assert.deepEqual(await judged(await executing(settlement), {}, BODY), GREEN)
  for (const body of ['{"answer":"x"}', '{}', '[]', 'no JSON', '', '{"answer":1,"answer":2}']) {
    assert.deepEqual(await judged(await executing(settlement), {}, body), RED, body)
  }
  assert.deepEqual(await judged(await executing(settlement), {}), AMBER)
})

test('the latency verifier is green, amber or red at its very limits', async () => {
  const settlement = {
    verifiers: [{ verifier: 'latency' as const, greenMs: 1_000, amberMs: 2_000 }],
  }
  const cases = [
    [0, GREEN],
    [1_000, GREEN],
    [1_001, AMBER],
    [2_000, AMBER],
    [2_001, RED],
  ] as const
  for (const [tookMs, expected] of cases) {
    const gate = await executing(settlement)
    const startedAt = new Date(host.now()).toISOString()
    const completedAt = new Date(host.now() + tookMs).toISOString()
    assert.deepEqual(await judged(gate, { startedAt, completedAt }), expected, String(tookMs))
  }
})

test('the worst check counts', async () => {
  const verifiers = [{ verifier: 'status' as const }, { verifier: 'hash' as const }]
  assert.deepEqual(await judged(await executing({ verifiers }), {}), AMBER)
  assert.deepEqual(await judged(await executing({ verifiers }), { status: 500 }), RED)
  assert.deepEqual(await judged(await executing({ verifiers }), {}, BODY), GREEN)
})

test('above the ceiling of automatic release a person looks, at it none does', async () => {
  const autoReleaseMax = [{ asset: 'USD/2', max: '100' }]
  assert.deepEqual(await judged(await executing({ autoReleaseMax }, '100'), {}), GREEN)
  const [state, colour] = await judged(await executing({ autoReleaseMax }, '101'), {})
  assert.deepEqual([state, colour], ['review', 'green'])
  const none = await executing({ autoReleaseMax: [] }, '1')
  assert.equal((await judged(none, {}))[0], 'review')
})

const SILENCE = [
  ['release', 'settled', 'released', [-100n, 100n, 0n]],
  ['refund', 'settled', 'refunded', [0n, 0n, 0n]],
  ['review', 'review', 'review', [-100n, 0n, 100n]],
] as const

for (const [onSilence, state, status, change] of SILENCE) {
  test(`no evidence is never green: silence ends in ${onSilence}`, async () => {
    const gate = await executing({ onSilence, evidenceWithinMs: 1_000 })
    const params = { gateId: gate.gateId }
    await house.running.tick()
    const waiting = await market.agent.client.call('getGatesOne', { params })
    assert.equal(waiting.state, 'executing')
    pass(1_200)
    await house.running.tick()
    const ended = await market.agent.client.call('getGatesOne', { params })
    assert.equal(ended.state, state)
    assert.equal(ended.settlement?.status, status)
    assert.deepEqual([ended.settlement?.colour, ended.settlement?.basis], ['none', 'none'])
    assert.deepEqual(change, await silenceOf(onSilence))
  })
}

async function silenceOf(onSilence: Settlement['onSilence']) {
  return moved(async () => {
    await executing({ onSilence, evidenceWithinMs: 1_000 })
    pass(1_200)
    await house.running.tick()
  })
}

test('silence under a manual profile or above the ceiling is for a person, never a release', async () => {
  const manual = { mode: 'manual', onSilence: 'release', evidenceWithinMs: 1_000 } as const
  const ceiling = { onSilence: 'release', evidenceWithinMs: 1_000, autoReleaseMax: [] } as const
  for (const settlement of [manual, { ...ceiling, autoReleaseMax: [] }]) {
    const change = await moved(async () => {
      await executing(settlement)
      pass(1_200)
      await house.running.tick()
    })
    assert.deepEqual(change, [-100n, 0n, 100n])
  }
})

test('the clock settles once, however often it looks (once)', async () => {
  const gate = await executing({ onSilence: 'release', evidenceWithinMs: 1_000 })
  pass(1_200)
  const before = countEvents(house.directory, 'gateSettled')
  await Promise.all([house.running.tick(), house.running.tick(), house.running.tick()])
  await house.running.tick()
  assert.equal(countEvents(house.directory, 'gateSettled'), before + 1)
  await assert.rejects(prove(market, gate, statement(market, gate)), { code: 'gate_settled' })
})

test('the terms of settlement are those it was authorized under, not those that rule later', async () => {
  const gate = await executing({ verifiers: [{ verifier: 'status' }] })
  await rule(house, market, { settlement: { ...usual, mode: 'manual' } })
  assert.deepEqual(await judged(gate, {}), GREEN)
})

test('no answer lets its caller choose a colour, a policy or a key', async () => {
  const gate = await executing({})
  const response = statement(market, gate)
  for (const extra of [{ colour: 'green' }, { policy: {} }, { verdict: 'release' }, { keys: [] }]) {
    const call = { params: { gateId: gate.gateId }, body: { response, ...extra } as never }
    await assert.rejects(market.agent.client.call('postGatesEvidence', call), {
      code: 'schema_mismatch',
    })
  }
})
