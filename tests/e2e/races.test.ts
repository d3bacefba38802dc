/** Many at once: one settlement, one consumption, and never more than a budget holds. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { GrantBounds, Profile } from '@surety/protocol'
import { codeOf } from '../support/answers.ts'
import { countEvents, ensureBooks, rows } from '../support/books.ts'
import {
  applyProfile,
  balanceOf,
  declareAndAuthorize,
  draftIntent,
  execute,
  grantTo,
  type Market,
  type Member,
  openHouse,
  openMarket,
  presentation,
  profileFor,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
before(async () => {
  house = await openHouse()
})
after(() => {
  ensureBooks(house.directory)
  return house.close()
})

function tally(codes: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

const USD = (max: string) => [{ asset: 'USD/2', max }]

/** Authorizes all at once; how many came out as what. */
async function authorizeAtOnce(
  intents: readonly { readonly market: Market; readonly amount: string }[],
) {
  const declared = await Promise.all(
    intents.map(async ({ market, amount }) => {
      const { client } = market.agent
      const body = { intent: draftIntent(market, amount).jws }
      return { client, gateId: (await client.call('postGates', { body })).gateId }
    }),
  )
  const gates = await Promise.all(
    declared.map(({ client, gateId }) => client.call('postGatesAuthorize', { params: { gateId } })),
  )
  return tally(gates.map(({ decision }) => decision?.reasonCode ?? ''))
}

const times = <Value>(count: number, value: Value): Value[] =>
  Array.from({ length: count }, () => value)

test('of 50 identical verifies at once one settles, and the money moves once (once)', async () => {
  const market = await openMarket(house)
  for (const sameKey of [true, false]) {
    const gate = await declareAndAuthorize(market, '100')
    await execute(market, gate)
    const before = BigInt(await balanceOf(house, market.provider))
    const settled = countEvents(house.directory, 'gateSettled')
    const body = { response: statement(market, gate) }
    const key = randomUUID()
    const answers = await Promise.all(
      times(50, 0).map(async () => {
        const path = `/v1/gates/${gate.gateId}/evidence`
        const { apiKey } = market.agent
        const sent = { method: 'POST', path, apiKey, key: sameKey ? key : randomUUID(), body }
        return codeOf(await send(house.running.url, sent))
      }),
    )
    const codes = tally(answers)
    const refused = sameKey ? (codes.idempotency_in_flight ?? 0) : codes.gate_settled
    assert.ok((codes.ok ?? 0) >= 1)
    if (!sameKey) assert.equal(codes.ok, 1)
    assert.equal((codes.ok ?? 0) + (refused ?? 0), 50)
    assert.equal(countEvents(house.directory, 'gateSettled'), settled + 1)
    assert.equal(BigInt(await balanceOf(house, market.provider)), before + 100n)
  }
})

test('agent and payee submitting opposite evidence at once settle once', async () => {
  const market = await openMarket(house)
  for (let i = 0; i < 5; i += 1) {
    const gate = await declareAndAuthorize(market, '10')
    await execute(market, gate)
    const submit = async ({ apiKey }: Member, status: number) => {
      const path = `/v1/gates/${gate.gateId}/evidence`
      const body = { response: statement(market, gate, { status }) }
      return codeOf(await send(house.running.url, { method: 'POST', path, apiKey, body }))
    }
    const codes = await Promise.all([
      ...times(8, 0).map(() => submit(market.agent, 500)),
      ...times(8, 0).map(() => submit(market.provider, 200)),
    ])
    assert.deepEqual(tally(codes), { ok: 1, gate_settled: 15 })
  }
})

test('of 32 presentations of one authorization at once one is taken (once)', async () => {
  const market = await openMarket(house)
  const gate = await declareAndAuthorize(market, '100')
  const before = countEvents(house.directory, 'executionStarted')
  const codes = await Promise.all(
    times(32, 0).map(async (_, i) => {
      const { apiKey } = i % 2 === 0 ? market.agent : market.provider
      const path = `/v1/gates/${gate.gateId}/execute`
      const sent = { method: 'POST', path, apiKey, body: presentation(gate) }
      return codeOf(await send(house.running.url, sent))
    }),
  )
  assert.deepEqual(tally(codes), { ok: 1, authorization_consumed: 31 })
  assert.equal(countEvents(house.directory, 'executionStarted'), before + 1)
})

test('of 32 authorizations of one gate at once one decides (once)', async () => {
  const market = await openMarket(house)
  const body = { intent: draftIntent(market, '1').jws }
  const { gateId } = await market.agent.client.call('postGates', { body })
  const codes = await Promise.all(
    times(32, 0).map(async () => {
      const path = `/v1/gates/${gateId}/authorize`
      const { apiKey } = market.agent
      return codeOf(await send(house.running.url, { method: 'POST', path, apiKey }))
    }),
  )
  assert.deepEqual(tally(codes), { ok: 1, gate_not_declared: 31 })
})

test('execute and void at once: one of them, and the money is where that one says', async () => {
  const market = await openMarket(house)
  for (let i = 0; i < 8; i += 1) {
    const gate = await declareAndAuthorize(market, '1')
    const post = async (verb: string, apiKey: string, body?: object) => {
      const path = `/v1/gates/${gate.gateId}/${verb}`
      return codeOf(await send(house.running.url, { method: 'POST', path, apiKey, body }))
    }
    const executing = () => post('execute', market.provider.apiKey, presentation(gate))
    const voiding = () => post('void', market.agent.apiKey)
    const both = i % 2 === 0 ? [executing(), voiding()] : [voiding(), executing()]
    const codes = await Promise.all(both)
    assert.equal(codes.filter((code) => code === 'ok').length, 1)
  }
})

interface Cap {
  readonly name: string
  readonly bounds?: Partial<GrantBounds>
  readonly limits?: Partial<Profile['limits']>
  readonly reason: string
}

const CAPS: readonly Cap[] = [
  { name: 'a grant’s total', bounds: { total: USD('10') }, reason: 'grant_total_exceeded' },
  { name: 'a grant’s count', bounds: { count: 10 }, reason: 'grant_count_exceeded' },
  { name: 'a grant’s day', bounds: { perDay: USD('10') }, reason: 'grant_day_exceeded' },
  { name: 'the payer’s day', limits: { perDay: USD('10') }, reason: 'day_exceeded' },
  { name: 'the payer’s month', limits: { perMonth: USD('10') }, reason: 'month_exceeded' },
  { name: 'the payer’s total', limits: { total: USD('10') }, reason: 'total_exceeded' },
]

for (const { name, bounds, limits, reason } of CAPS) {
  test(`of 64 at once against ${name} of 10 exactly 10 are allowed (budget)`, async () => {
    const usual = profileFor([]).limits
    const profile = { limits: { ...usual, ...limits } }
    const market = await openMarket(house, { profile, bounds: bounds ?? {} })
    const counts = await authorizeAtOnce(times(64, { market, amount: '1' }))
    assert.deepEqual(counts, { allowed: 10, [reason]: 54 })
  })
}

test('of 64 at once against the tenant’s limit of 10, over payers, exactly 10 are allowed (budget)', async () => {
  for (const limit of ['tenantPerDay', 'tenantPerMonth', 'tenantTotal'] as const) {
    const own = await openHouse()
    const one = await openMarket(own)
    const two = await openMarket(own)
    const payees = [one.provider.principalId, two.provider.principalId]
    const limits = { ...profileFor([]).limits, [limit]: USD('10') }
    const profile = profileFor(payees, { profileId: 'tenant', limits })
    await applyProfile(own, profile)
    const counts = await authorizeAtOnce(
      [one, two].flatMap((market) => times(32, { market, amount: '1' })),
    )
    assert.equal(counts.allowed, 10)
    assert.equal(
      Object.values(counts).reduce((sum, count) => sum + count, 0),
      64,
    )
    ensureBooks(own.directory)
    await own.close()
  }
})

test('of 64 at once against funds of 10 exactly 10 are allowed (books)', async () => {
  const market = await openMarket(house, { fund: '10' })
  const counts = await authorizeAtOnce(times(64, { market, amount: '1' }))
  assert.deepEqual(counts, { allowed: 10, funds_insufficient: 54 })
  assert.equal(await balanceOf(house, market.payer), '0')
})

/** Two agents below one, each with a grant of 8 out of a parent of 10. */
async function family(market: Market) {
  const parent = await grantTo(market.payer, market.agent, { total: USD('10') })
  const children = await Promise.all(
    [1, 2].map(async () => {
      const agent = await house.member('agent', ['intent'], ['gates:write', 'read'])
      const child = market.agent.party.delegate(parent.grant, {
        granteeId: agent.principalId,
        bounds: { assets: ['USD/2'], maxDepth: 1, total: USD('8') },
        notBefore: parent.grant.notBefore,
        expiresAt: parent.grant.expiresAt,
      })
      await market.agent.client.call('postGrants', { body: { grant: child.jws } })
      return { ...market, agent, grantHash: child.grantHash }
    }),
  )
  return { parent: { ...market, grantHash: parent.grantHash }, children }
}

test('parent and sibling budgets hold together: 10 above, 8 and 8 below (budget)', async () => {
  const market = await openMarket(house)
  const { parent, children } = await family(market)
  const counts = await authorizeAtOnce(
    children.flatMap((child) => times(32, { market: child, amount: '1' })),
  )
  assert.equal(counts.allowed, 10)
  const used = await Promise.all(
    [parent, ...children].map(async ({ grantHash }) => {
      const grant = await house.operator.client.call('getGrantsOne', { params: { grantHash } })
      const total = grant.used?.find(({ period }) => period === 'total')
      return BigInt(total?.reserved ?? '0') + BigInt(total?.spent ?? '0')
    }),
  )
  const [above, one = 0n, two = 0n] = used
  assert.equal(above, 10n)
  assert.equal(one + two, 10n)
  assert.ok(one <= 8n && two <= 8n)
})

test('one child alone is stopped by its own budget, and leaves the rest to its sibling', async () => {
  const market = await openMarket(house)
  const { children } = await family(market)
  const [one, two] = children as [Market, Market]
  const first = await authorizeAtOnce(times(16, { market: one, amount: '1' }))
  assert.deepEqual(first, { allowed: 8, grant_total_exceeded: 8 })
  const second = await authorizeAtOnce(times(16, { market: two, amount: '1' }))
  assert.deepEqual(second, { allowed: 2, grant_total_exceeded: 14 })
})

test('of many declarations of one intent, and of one nonce, at once one is taken (once)', async () => {
  const market = await openMarket(house)
  const { agent } = market
  const { jws } = draftIntent(market, '1')
  const same = Array.from({ length: 16 }, () => jws)
  const nonce = draftIntent(market, '1').intent
  const sameNonce = times(16, 0).map(() => {
    const { intentId } = draftIntent(market, '1').intent
    return agent.party.sign({ ...nonce, intentId } as never)
  })
  const declare = async (signed: string) =>
    codeOf(
      await send(house.running.url, {
        method: 'POST',
        path: '/v1/gates',
        apiKey: agent.apiKey,
        body: { intent: signed },
      }),
    )
  assert.deepEqual(tally(await Promise.all(same.map(declare))), {
    ok: 1,
    intent_already_declared: 15,
  })
  assert.deepEqual(tally(await Promise.all(sameNonce.map(declare))), {
    ok: 1,
    nonce_already_used: 15,
  })
})

test('of many deposits of one movement at once one is recorded (books)', async () => {
  const market = await openMarket(house)
  const { operator } = house
  const { principalId } = market.payer
  const before = BigInt(await balanceOf(house, market.payer))
  const movement = { source: 'bank', reference: randomUUID(), principalId, asset: 'USD/2' }
  const codes = await Promise.all(
    times(16, 0).map(async (_, i) => {
      const action = operator.party.deposit({ ...movement, amount: String(1 + (i % 2)) }, 'test')
      const sent = { method: 'POST', path: '/v1/deposits', body: { action } }
      return codeOf(await send(house.running.url, { ...sent, apiKey: operator.apiKey }))
    }),
  )
  assert.deepEqual(tally(codes), { ok: 1, deposit_already_recorded: 15 })
  const gained = BigInt(await balanceOf(house, market.payer)) - before
  assert.ok(gained === 1n || gained === 2n)
})

test('a revocation among many authorizations: allowed before, denied after, never in between (control)', async () => {
  const market = await openMarket(house, { fund: '1000' })
  const { grantHash, payer, agent } = market
  const gates = await Promise.all(
    times(40, 0).map(async () => {
      const body = { intent: draftIntent(market, '1').jws }
      return (await agent.client.call('postGates', { body })).gateId
    }),
  )
  const decide = (gateId: string) => agent.client.call('postGatesAuthorize', { params: { gateId } })
  const first = gates.slice(0, 20).map(decide)
  const revoking = payer.client.call('postGrantsRevoke', {
    params: { grantHash },
    body: { reason: 'test' },
  })
  const second = gates.slice(20).map(decide)
  await Promise.all([...first, ...second, revoking])
  const order = rows(
    house.directory,
    `SELECT json_extract(event, '$.data.decision.decision') AS decision FROM events
      WHERE json_extract(event, '$.type') = 'decisionRecorded' AND json_extract(event, '$.at') >
      (SELECT json_extract(event, '$.at') FROM events
        WHERE stream = 'grant:${grantHash}' AND json_extract(event, '$.type') = 'grantRevoked')`,
  )
  assert.ok(order.every(({ decision }) => decision === 'deny'))
  await rule(house, market)
  const late = await declareAndAuthorize(market, '1')
  assert.equal(late.decision?.reasonCode, 'grant_revoked')
})
