/** Every end of a gate exports a bundle that verifies, the same bytes each time. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { type Jwks, verifySigned } from '@surety/protocol'
import { nodeCrypto } from '@surety/server'
import {
  declareAndAuthorize,
  draftIntent,
  execute,
  type Gate,
  type Market,
  type Member,
  openHouse,
  openMarket,
  pass,
  profileFor,
  prove,
  purchase,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

async function exported({ client }: Member, gateId: string) {
  const { files } = await client.call('getGatesBundle', { params: { gateId } })
  return files
}

async function reportOf(gateId: string) {
  const files = await exported(house.operator, gateId)
  const bytes = new Map(
    files.map(({ path, content }) => [path, new Uint8Array(Buffer.from(content, 'base64url'))]),
  )
  const jwks = (await house.operator.client.call('getWellKnownJwksJson')) as unknown as Jwks
  return bundle.verify(bytes, jwks, nodeCrypto)
}

type Make = () => Promise<{ readonly gateId: string; readonly state: string }>

const afterTick = async (gate: Gate, ms: number) => {
  pass(ms)
  await house.running.tick()
  return market.agent.client.call('getGatesOne', { params: { gateId: gate.gateId } })
}

const { settlement } = profileFor([])

async function silent(onSilence: 'release' | 'refund' | 'review') {
  await rule(house, market, { settlement: { ...settlement, onSilence, evidenceWithinMs: 1_000 } })
  const gate = await declareAndAuthorize(market, '5')
  await execute(market, gate)
  return afterTick(gate, 1_200)
}

const ENDS: Readonly<Record<string, readonly [state: string, make: Make]>> = {
  denied: ['denied', () => declareAndAuthorize(market, '1001')],
  waiting: ['waiting', () => declareAndAuthorize(market, '600')],
  authorized: ['authorized', () => declareAndAuthorize(market, '5')],
  executing: ['executing', async () => execute(market, await declareAndAuthorize(market, '5'))],
  released: ['settled', () => purchase(market, '5')],
  refunded: ['settled', () => purchase(market, '5', { status: 500 })],
  voided: [
    'voided',
    async () => {
      const { gateId } = await declareAndAuthorize(market, '5')
      return market.agent.client.call('postGatesVoid', { params: { gateId } })
    },
  ],
  expired: [
    'expired',
    async () => {
      await rule(house, market, { authorizationWithinMs: 1_000 })
      return afterTick(await declareAndAuthorize(market, '5'), 1_200)
    },
  ],
  'expired while waiting': [
    'expired',
    async () => {
      await rule(house, market, { approvalWithinMs: 1_000 })
      return afterTick(await declareAndAuthorize(market, '600'), 1_200)
    },
  ],
  review: [
    'review',
    async () => {
      await rule(house, market, { settlement: { ...settlement, mode: 'manual' } })
      return purchase(market, '5')
    },
  ],
  'silent, released': ['settled', () => silent('release')],
  'silent, refunded': ['settled', () => silent('refund')],
  'silent, for review': ['review', () => silent('review')],
}

for (const [name, [state, make]] of Object.entries(ENDS)) {
  test(`a gate that is ${name} exports a bundle that verifies, twice the same bytes (receipts)`, async () => {
    await rule(house, market)
    const { gateId, state: reached } = await make()
    assert.equal(reached, state)
    const first = await exported(house.operator, gateId)
    const report = await reportOf(gateId)
    assert.deepEqual(
      report.checks.filter(({ result }) => result === 'failed'),
      [],
    )
    assert.equal(report.ok, true)
    await rule(house, market)
    assert.deepEqual(await exported(house.operator, gateId), first)
  })
}

test('a bundle of an ended gate stays the same whatever happens afterwards, and whoever asks', async () => {
  await rule(house, market)
  const { gateId } = await purchase(market, '5')
  const first = await exported(house.operator, gateId)
  const { principalId } = market.agent
  const { operator } = house
  const reason = 'test'
  for (const to of ['suspended', 'active'] as const) {
    const call = { params: { principalId }, body: { to, reason } }
    await operator.client.call('postPrincipalsLifecycle', call)
  }
  const { grantHash } = market
  await market.payer.client.call('postGrantsRevoke', { params: { grantHash }, body: { reason } })
  for (const member of [operator, market.agent, market.payer]) {
    assert.deepEqual(await exported(member, gateId), first)
  }
  house = await house.restart()
  assert.deepEqual(await exported(house.operator, gateId), first)
  assert.equal((await reportOf(gateId)).ok, true)
  market = await openMarket(house)
})

test('a gate that is not decided has no bundle yet', async () => {
  const body = { intent: draftIntent(market, '1').jws }
  const { gateId } = await market.agent.client.call('postGates', { body })
  await assert.rejects(exported(house.operator, gateId), { code: 'bundle_not_ready' })
})

test('a delegated purchase exports the whole chain, and it verifies (receipts)', async () => {
  const agent = await house.member(
    'agent',
    ['intent'],
    ['gates:write', 'gates:execute', 'evidence:write', 'read'],
  )
  const { client } = market.agent
  const root = await client.call('getGrantsOne', { params: { grantHash: market.grantHash } })
  const child = market.agent.party.delegate(root.grant as never, {
    granteeId: agent.principalId,
    bounds: { assets: ['USD/2'], maxDepth: 1 },
    notBefore: (root.grant as unknown as { notBefore: string }).notBefore,
    expiresAt: (root.grant as unknown as { expiresAt: string }).expiresAt,
  })
  await client.call('postGrants', { body: { grant: child.jws } })
  const own = { ...market, agent, grantHash: child.grantHash }
  const gate = await declareAndAuthorize(own, '5')
  await execute(own, gate)
  const settled = await prove(own, gate, statement(own, gate))
  const report = await reportOf(settled.gateId)
  assert.equal(report.ok, true)
})

test('a payee reads what it was paid for, signed, and nothing of what it could have asked', async () => {
  const FUNDS = '987654'
  const own = await openMarket(house, { fund: FUNDS })
  const { gateId } = await purchase(own, '10')
  const seller = await house.member('service', [], ['gates:execute', 'evidence:write', 'read'])
  const { client } = own.provider
  await assert.rejects(exported(own.provider, gateId), { code: 'bundle_not_for_payee' })
  const { policyHash } = await house.operator.client.call('getProfilesActive')
  for (const read of [
    () => seller.client.call('getProfilesActive'),
    () => seller.client.call('getProfiles', { query: {} }),
    () => seller.client.call('getProfilesOne', { params: { policyHash } }),
  ]) {
    await assert.rejects(read(), { code: 'scope_missing' })
  }
  const gate = await client.call('getGatesOne', { params: { gateId } })
  const events = await client.call('getGatesEvents', { params: { gateId } })
  assert.doesNotMatch(JSON.stringify([gate, events]), new RegExp(FUNDS.slice(0, 4)))
  // Each receipt verifies without a network, under keys that came some other way.
  const { keys } = (await client.call('getWellKnownJwksJson')) as unknown as Jwks
  const keyOf = (kid: string) => {
    const { kty, crv, x, ...key } = keys.find((each) => each.kid === kid) ?? assert.fail(kid)
    return { ...key, publicKey: { kty, crv, x } }
  }
  const types = ['PolicyDecision.v1', 'Authorization.v1', 'SettlementReceipt.v1'] as const
  for (const type of types) {
    const receipt = gate.receipts?.find((each) => each.type === type) ?? assert.fail(type)
    assert.ok(verifySigned([type], receipt.jws, keyOf, nodeCrypto).ok, type)
  }
  const files = await exported(own.agent, gateId)
  assert.ok(files.some(({ path }) => path.startsWith('facts/')))
})
