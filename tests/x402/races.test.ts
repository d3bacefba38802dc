/** Many at once: one key is one payment, and no budget is passed. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { ProblemError } from '@surety/sdk'
import { fsck } from '@surety/server'
import { applyProfile, grantTo } from '../support/house.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
})
after(() => town.close())

const PRICE = 10_000n
const earned = () => town.world.balance(PAYEES.express)

async function agrees(): Promise<void> {
  await town.house.running.tick()
  const { booked, available, onChain } = await moneyOf(town)
  assert.deepEqual([booked, available], [onChain, onChain])
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
}

test('of 50 identical requests at once under one key one is paid (once)', async () => {
  const had = await earned()
  const idempotencyKey = randomUUID()
  const attempts = Array.from({ length: 50 }, () => buy(town, '/weather', { idempotencyKey }))
  const settled = await Promise.allSettled(attempts)
  for (const each of settled) {
    if (each.status === 'fulfilled') continue
    const { reason } = each as { readonly reason: unknown }
    assert.ok(reason instanceof ProblemError && reason.code === 'idempotency_in_flight')
  }
  const gates = settled.flatMap((each) =>
    each.status === 'fulfilled' ? [each.value.gate?.gateId] : [],
  )
  assert.equal(new Set(gates).size, 1)
  const again = await buy(town, '/weather', { idempotencyKey })
  assert.equal(again.gate?.gateId, gates[0])
  assert.equal(again.response?.status, 200)
  assert.equal(await earned(), had + PRICE)
  await agrees()
})

test('sixteen requests under keys of their own are sixteen payments', async () => {
  const had = await earned()
  const bought = await Promise.all(Array.from({ length: 16 }, () => buy(town, '/weather')))
  assert.ok(bought.every(({ response }) => response?.status === 200))
  assert.equal(await earned(), had + 16n * PRICE)
  await agrees()
})

/** Two agents, each with a grant of eight purchases below one of ten. */
async function siblings(): Promise<readonly Town[]> {
  const { house, payer, world } = town
  const agent = await house.member('agent', ['grant'], ['grants:write', 'read'])
  const { asset } = world
  const times = (count: bigint) => [{ asset, max: String(count * PRICE) }]
  const parent = await grantTo(payer, agent, { assets: [asset], total: times(10n) })
  const children = await Promise.all(
    [1, 2].map(async () => {
      const buyer = await house.member('agent', ['intent'], ['gates:write', 'read'])
      const child = agent.party.delegate(parent.grant, {
        granteeId: buyer.principalId,
        bounds: { assets: [asset], maxDepth: 1, total: times(8n) },
        notBefore: parent.grant.notBefore,
        expiresAt: parent.grant.expiresAt,
      })
      await agent.client.call('postGrants', { body: { grant: child.jws } })
      return { ...town, agent: buyer, grantHash: child.grantHash }
    }),
  )
  const profile = buyingProfile(town)
  if (profile.x402 === undefined) throw new Error('a profile that buys')
  const unsignedBy = children.map(({ agent: { principalId } }) => principalId)
  await applyProfile(house, { ...profile, x402: { ...profile.x402, unsignedBy } })
  return children
}

test('two agents under one budget do not pass it together (budget)', async () => {
  const children = await siblings()
  const had = await earned()
  const settled = await Promise.allSettled(
    children.flatMap((child) => Array.from({ length: 10 }, () => buy(child))),
  )
  for (const each of settled) {
    if (each.status === 'fulfilled') continue
    const { reason } = each as { readonly reason: unknown }
    assert.ok(reason instanceof ProblemError && reason.code === 'payment_denied', String(reason))
  }
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 10)
  assert.equal(await earned(), had + 10n * PRICE)
  await agrees()
})
