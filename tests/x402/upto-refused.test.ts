/** What of `upto` is refused, by whom, and that nothing is held or signed for it. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { fsck } from '@surety/server'
import { rows } from '../support/books.ts'
import { applyProfile, foundBeside, grantTo, pass } from '../support/house.ts'
import { lift, stop } from '../support/people/controls.ts'
import { allow, buyMetered, MOST, meteredProfile } from './metered.ts'
import { buy, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express', 'hostile'] } })
})
after(() => town?.close())

const VALID_MS = 62_000
const earned = () => town.world.balance(PAYEES.express)
const tick = () => town.house.running.tick()
const gates = () => rows(town.house.directory, "SELECT id FROM states WHERE family = 'gate'").length

async function unpaid(work: () => Promise<unknown>): Promise<void> {
  const was = await moneyOf(town)
  await work()
  assert.deepEqual(await moneyOf(town), was)
}

async function outlast(): Promise<void> {
  pass(VALID_MS)
  await town.world.warp(VALID_MS / 1_000)
  await tick()
}

test('a profile that names `exact` alone denies `upto`, with its reason, before anything is asked', async () => {
  await unpaid(() =>
    assert.rejects(buyMetered(town), (error: { code?: string; message?: string }) => {
      assert.equal(error.code, 'payment_denied')
      return true
    }),
  )
  const sql =
    "SELECT event FROM events WHERE json_extract(event, '$.type') = 'decisionRecorded' ORDER BY rowid DESC LIMIT 1"
  const [row] = rows(town.house.directory, sql) as { event: string }[]
  const { data } = JSON.parse(row?.event ?? '{}') as {
    data: { decision: { reasonCode: string; reasonCodes: string[] } }
  }
  assert.deepEqual(data.decision.reasonCodes, ['scheme_not_allowed'])
})

test('without the allowance nothing is decided, held or signed, and the remedy is said', async () => {
  await applyProfile(town.house, meteredProfile(town))
  const had = gates()
  await unpaid(() => assert.rejects(buyMetered(town), { code: 'permit_allowance_required' }))
  assert.equal(gates(), had)
})

test('a wallet that cannot pay for a transaction is told so, and nothing is ordered', async () => {
  await assert.rejects(allow(town), { code: 'wallet_gas_missing' })
  await town.world.giveGas(town.address)
})

test('an allowance is ordered once by one key, and is exactly what was ordered', async () => {
  const { client } = town.house.operator
  const params = { walletId: town.walletId }
  const body = { asset: town.world.asset, amount: '60000' }
  const idempotencyKey = randomUUID()
  const first = await client.call('postWalletsAllowance', { params, body, idempotencyKey })
  const again = await client.call('postWalletsAllowance', { params, body, idempotencyKey })
  assert.match(first.transaction ?? '', /^0x[0-9a-f]{64}$/)
  assert.deepEqual(again, first)
  assert.equal((await moneyOf(town)).permit2, '60000')
  // What the chain has already is not paid for again.
  assert.equal((await allow(town, '60000')).transaction, null)
  const bought = await buyMetered(town, '20000')
  assert.equal(bought.gate?.settlement?.captured, '20000')
  assert.equal((await moneyOf(town)).permit2, '40000')
  await unpaid(() => assert.rejects(buyMetered(town), { code: 'permit_allowance_required' }))
})

test('a frozen wallet is closed to Permit2, and not opened', async () => {
  const { client } = town.house.operator
  const params = { walletId: town.walletId }
  await client.call('postWalletsFreeze', { params, body: { reason: 'an alarm' } })
  await assert.rejects(allow(town, '70000'), { code: 'commit_wallet_frozen' })
  await allow(town, '0')
  assert.equal((await moneyOf(town)).permit2, '0')
  await client.call('postWalletsUnfreeze', { params, body: { reason: 'over' } })
  await allow(town)
})

test('another tenant sees no wallet to open', async () => {
  const stranger = await foundBeside(town.house, { environment: 'sandbox' })
  const params = { walletId: town.walletId }
  const body = { asset: town.world.asset, amount: '1' }
  const call = stranger.operator.client.call('postWalletsAllowance', { params, body })
  await assert.rejects(call, { code: 'wallet_not_found' })
})

test('the most counts: for the limit of the profile, and for the agent’s own', async () => {
  const { asset } = town.world
  await unpaid(async () => {
    const maximum = { amount: String(MOST - 1n), asset }
    await assert.rejects(buyMetered(town, '1', { maximum }), { code: 'offer_above_maximum' })
    const limits = { perRequest: [{ asset, max: String(MOST - 1n) }] }
    await applyProfile(town.house, meteredProfile(town, { limits }))
    await assert.rejects(buyMetered(town, '1'), { code: 'payment_denied' })
  })
  await applyProfile(town.house, meteredProfile(town))
})

test('of two schemes the cheaper at most is taken, and of equals the exact one', async () => {
  for (const [path, scheme, amount] of [
    ['/both-schemes', 'upto', '9999'],
    ['/both-schemes-at-one-price', 'exact', '10000'],
  ] as const) {
    const { gate } = await buy(town, path, { seller: 'hostile' })
    assert.deepEqual([gate?.payment?.scheme, gate?.payment?.amount], [scheme, amount], path)
  }
  await outlast()
})

test('a facilitator that is a contract is refused, and one that is nobody’s takes nothing', async () => {
  await unpaid(async () => {
    const had = gates()
    const contract = buy(town, '/upto-contract', { seller: 'hostile' })
    await assert.rejects(contract, { code: 'facilitator_is_contract' })
    assert.equal(gates(), had)
    const { gate } = await buy(town, '/upto-stranger', { seller: 'hostile' })
    assert.equal(gate?.settlement?.status, 'unknown')
    await outlast()
  })
})

test('two agents under one budget do not pass it together, at what each may cost (budget)', async () => {
  const { house, payer, world } = town
  const total = (count: bigint) => [{ asset: world.asset, max: String(count * MOST) }]
  const parent = await house.member('agent', ['grant'], ['grants:write', 'read'])
  const root = await grantTo(payer, parent, { assets: [world.asset], total: total(3n) })
  const children = await Promise.all(
    [1, 2].map(async () => {
      const agent = await house.member('agent', ['intent'], ['gates:write', 'read'])
      const child = parent.party.delegate(root.grant, {
        granteeId: agent.principalId,
        bounds: { assets: [world.asset], maxDepth: 1, total: total(2n) },
        notBefore: root.grant.notBefore,
        expiresAt: root.grant.expiresAt,
      })
      await parent.client.call('postGrants', { body: { grant: child.jws } })
      return { ...town, agent, grantHash: child.grantHash }
    }),
  )
  const profile = meteredProfile(town)
  const { x402 } = profile
  assert.ok(x402 !== undefined)
  const unsignedBy = children.map(({ agent: { principalId } }) => principalId)
  await applyProfile(house, { ...profile, x402: { ...x402, unsignedBy } })
  const had = await earned()
  const attempts = await Promise.allSettled(
    children.flatMap((child) => Array.from({ length: 4 }, () => buyMetered(child, '0'))),
  )
  // Each takes nothing, and holds the most for as long as it could still be taken.
  assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 3)
  for (const each of attempts) {
    if (each.status === 'rejected')
      assert.equal((each.reason as { code: string }).code, 'payment_denied')
  }
  await outlast()
  const [first] = children
  assert.ok(first !== undefined)
  // What came back may be spent again; what is taken of it, and no more, is spent.
  for (const take of ['1', '2', '3']) {
    assert.equal((await buyMetered(first, take)).gate?.settlement?.captured, take)
  }
  assert.equal(await earned(), had + 6n)
  await applyProfile(house, meteredProfile(town))
})

test('stopped or frozen after it was handed over: not again, and what is taken is captured (control)', async () => {
  const { client } = town.house.operator
  const had = await earned()
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 1_500 })
  const bought = await buyMetered(town, '321', { idempotencyKey })
  await town.world.breakFacilitator({ type: 'none' })
  assert.equal(bought.gate?.settlement?.status, 'unknown')
  const seller = { type: 'payee', id: town.sellers.express } as const
  const control = await stop(town.house.operator, seller, { command: 'quarantine' })
  const again = () => buyMetered(town, '321', { idempotencyKey })
  await assert.rejects(again(), { code: 'commit_control_active' })
  const params = { walletId: town.walletId }
  await client.call('postWalletsFreeze', { params, body: { reason: 'an alarm' } })
  const started = performance.now()
  while ((await earned()) === had && performance.now() - started < 5_000) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await tick()
  const gateId = bought.gate?.gateId ?? ''
  const ended = await client.call('getGatesOne', { params: { gateId } })
  assert.deepEqual([ended.state, ended.settlement?.captured], ['settled', '321'])
  assert.equal(ended.settlement?.refunded, String(MOST - 321n))
  await lift([town.house.operator], control)
  await client.call('postWalletsUnfreeze', { params, body: { reason: 'over' } })
  assert.equal(await earned(), had + 321n)
})

test('what is given back is never more than was taken', async () => {
  const { client } = town.house.operator
  const { gate } = await buyMetered(town, '1000')
  const back = (value: bigint) => town.world.transfer(PAYEES.express, town.address, value)
  const fund = (transaction: string) =>
    client.call('postWalletsFund', {
      params: { walletId: town.walletId },
      body: { transaction, refundOf: gate?.gateId ?? '' },
    })
  await assert.rejects(fund(await back(1_001n)), { code: 'inbound_not_found' })
  assert.equal((await fund(await back(600n))).status, 'refund')
  await assert.rejects(fund(await back(401n)), { code: 'inbound_not_found' })
  assert.equal((await fund(await back(400n))).status, 'refund')
})

test('everything in the data directory agrees, and the chain with it', async () => {
  const { booked, onChain } = await moneyOf(town)
  assert.equal(booked, onChain)
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})
