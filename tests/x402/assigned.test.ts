/** Which wallet pays: the one that the profile assigns, within what it leaves at that depth. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { mintId, type Profile } from '@surety/protocol'
import { ProblemError } from '@surety/sdk'
import { applyProfile, grantTo, host } from '../support/house.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

type Assignment = NonNullable<Profile['wallets']>['assignments'][number]

const PRICE = 10_000n
let town: Town
/** The town of an agent to which another agent handed its authority on. */
let below: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  below = await delegated()
})
after(() => town?.close())

async function delegated(): Promise<Town> {
  const { house, payer, world } = town
  const between = await house.member('agent', ['grant'], ['grants:write', 'read'])
  const agent = await house.member('agent', ['intent'], ['gates:write', 'read'])
  const parent = await grantTo(payer, between, { assets: [world.asset] })
  const child = between.party.delegate(parent.grant, {
    granteeId: agent.principalId,
    bounds: { assets: [world.asset], maxDepth: 1 },
    notBefore: parent.grant.notBefore,
    expiresAt: parent.grant.expiresAt,
  })
  await between.client.call('postGrants', { body: { grant: child.jws } })
  return { ...town, agent, grantHash: child.grantHash }
}

/** Applies a profile with these assignments, of the wallet of the town if they name no other. */
async function assign(...assignments: readonly Partial<Assignment>[]): Promise<void> {
  const { house, walletId } = town
  const own = { walletId: walletId as Assignment['walletId'], policyVersion: 1 } as const
  const profile = buyingProfile(town, {
    wallets: {
      rails: ['x402-evm'],
      assignments: assignments.map((each) => ({ ...own, kind: 'dedicated', ...each })),
    },
  })
  if (profile.x402 === undefined) throw new Error('a profile that buys')
  const unsignedBy = [town, below].map(({ agent }) => agent.principalId)
  await applyProfile(house, { ...profile, x402: { ...profile.x402, unsignedBy } })
}

/** Buys, and answers the code of the denial; what is paid is what the wallet has less. */
async function outcomeOf(buyer: Town): Promise<string> {
  const earned = await town.world.balance(PAYEES.express)
  const had = await moneyOf(town)
  let code = 'paid'
  try {
    const { gate } = await buy(buyer)
    assert.equal(gate?.settlement?.status, 'captured')
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    assert.equal(error.code, 'payment_denied')
    code = String((error.problem.params as { reasonCode?: string } | undefined)?.reasonCode)
  }
  const paid = code === 'paid' ? PRICE : 0n
  assert.equal((await town.world.balance(PAYEES.express)) - earned, paid)
  const has = await moneyOf(town)
  assert.equal(BigInt(had.booked) - BigInt(has.booked), paid)
  assert.equal(has.booked, has.onChain)
  return code
}

test('the wallet that is assigned to the risk pays, and no other does', async () => {
  const elsewhere = { walletId: mintId('wlt', host.now(), 7n) }
  await assign({ ...elsewhere, riskClasses: ['read'] }, { riskClasses: ['financial'] })
  assert.equal(await outcomeOf(town), 'paid')
  await assign({ ...elsewhere, riskClasses: ['financial'] }, {})
  assert.equal(await outcomeOf(town), 'wallet_not_assigned')
  await assign({ riskClasses: ['read'] })
  assert.equal(await outcomeOf(town), 'wallet_not_assigned')
  await assign({ environments: ['production'] }, elsewhere)
  assert.equal(await outcomeOf(town), 'wallet_not_assigned')
})

test('a wallet pays up to its cap, and a child inherits less of it', async () => {
  const { asset } = town.world
  const cap = (max: bigint) => ({ perRequest: [{ asset, max: String(max) }] })
  await assign(cap(PRICE - 1n))
  assert.equal(await outcomeOf(town), 'wallet_cap_exceeded')
  await assign(cap(PRICE))
  assert.deepEqual([await outcomeOf(town), await outcomeOf(below)], ['paid', 'paid'])
  await assign({ ...cap(2n * PRICE), childBasisPoints: 5_000 })
  assert.deepEqual([await outcomeOf(town), await outcomeOf(below)], ['paid', 'paid'])
  await assign({ ...cap(2n * PRICE), childBasisPoints: 4_999 })
  assert.deepEqual([await outcomeOf(town), await outcomeOf(below)], ['paid', 'wallet_cap_exceeded'])
  await assign({ depthMax: 0 })
  assert.deepEqual([await outcomeOf(town), await outcomeOf(below)], ['paid', 'wallet_not_assigned'])
})
