/** A node that refuses some questions: what it can be asked otherwise is, and nobody else waits. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { type UnwillingNode, unwillingNode } from './node.ts'
import { buy, moneyOf, openTown, type Town } from './town.ts'

const BANK = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'
/** Nodes that one can rent give up at 10,000. */
const LOGS_MAX = 20

let town: Town
let node: UnwillingNode

before(async () => {
  town = await openTown({
    world: { sellers: ['express'] },
    node: async (rpcUrl) => {
      node = await unwillingNode(rpcUrl)
      return node.url
    },
  })
})
after(async () => {
  await town.close()
  node.close()
})

const gateOf = (gateId: string) =>
  town.house.operator.client.call('getGatesOne', { params: { gateId } })

test('a payment the node will say nothing of leaves the others concluded', async () => {
  const COUNT = 5
  const had = await town.world.balance(PAYEES.express)
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 300 })
  const bought: Awaited<ReturnType<typeof buy>>['gate'][] = []
  for (let i = 0; i < COUNT; i += 1) bought.push((await buy(town, `/weather?${String(i)}`)).gate)
  await town.world.breakFacilitator({ type: 'none' })
  const started = performance.now()
  while ((await town.world.balance(PAYEES.express)) < had + BigInt(COUNT) * 10_000n) {
    assert.ok(performance.now() - started < 5_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const nonce = bought[2]?.payment?.nonce ?? assert.fail()
  node.refuses = ({ params }) => JSON.stringify(params).includes(nonce)
  const states = async () => {
    await town.house.running.tick()
    const gates = await Promise.all(bought.map((gate) => gateOf(gate?.gateId ?? '')))
    return gates.map(({ settlement }) => settlement?.status)
  }
  const expected = bought.map((_, i) => (i === 2 ? 'unknown' : 'captured'))
  assert.deepEqual(await states(), expected)
  node.refuses = () => false
  assert.deepEqual(
    await states(),
    bought.map(() => 'captured'),
  )
})

async function rpc(method: string, ...params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(town.world.rpcUrl, { method: 'POST', headers, body })
  return ((await answer.json()) as { readonly result: unknown }).result
}

/** Sends nothing to an address, as often as one transaction can. */
async function spam(to: string): Promise<void> {
  const from = `0x${'aa'.repeat(20)}`
  await rpc('anvil_setBalance', from, '0x56bc75e2d63100000')
  await rpc('anvil_impersonateAccount', from)
  const token = town.world.asset.split(':').at(-1) ?? ''
  const times = (LOGS_MAX + 10).toString(16).padStart(2, '0')
  // transfer(to, 0) lies in memory; a counter lies on the stack.
  const start = `7fa9059cbb${'0'.repeat(56)}60005273${to.slice(2)}60045260${times}`
  const again = (start.length / 2).toString(16)
  const call = `5b6000600060446000600073${token.slice(2)}5af150`
  const data = `0x${start}${call}600190038060${again}5700`
  await rpc('eth_sendTransaction', { from, data, gas: '0x500000' })
}

async function walletOf(name: string) {
  const owner = await town.house.member('organisation', [], ['read'])
  const { client } = town.house.operator
  return client.call('postWallets', { body: { ownerId: owner.principalId, name } })
}

const suspenseOf = async (walletId: string) => {
  const found = await town.house.operator.client.call('getWalletsOne', { params: { walletId } })
  return found.balances?.find(({ asset }) => asset === town.world.asset)?.suspense
}

test('nothing, sent without end, hides no money that came in, of this wallet or the next', async () => {
  const other = await walletOf('another till')
  await town.house.running.tick()
  node.refuses = ({ method }, result) =>
    method === 'eth_getLogs' && (result as readonly unknown[]).length > LOGS_MAX
  await town.world.mint(BANK, 100n)
  for (let i = 0; i < 3; i += 1) await spam(town.address)
  // One block holds too many by itself, and real money among them.
  await town.world.setAutomine(false)
  await spam(town.address)
  const real = town.world.transfer(BANK, town.address, 7n)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await town.world.setAutomine(true)
  await town.world.mine(1)
  const transaction = await real
  await spam(town.address)
  await town.world.transfer(BANK, other.address, 5n)
  const before = await moneyOf(town)
  const { walletId } = town
  const funded = await town.house.operator.client.call('postWalletsFund', {
    params: { walletId },
    body: { transaction },
  })
  assert.deepEqual([funded.status, funded.amount], ['owned', '7'])
  const late = await town.world.transfer(BANK, town.address, 11n)
  for (let round = 0; round < 12; round += 1) await town.house.running.tick()
  const { booked, onChain, suspense, available } = await moneyOf(town)
  assert.equal(booked, onChain)
  assert.equal(suspense, '11')
  assert.equal(BigInt(available), BigInt(before.available) + 7n)
  assert.equal(await suspenseOf(other.walletId), '5')
  await town.house.operator.client.call('postWalletsFund', {
    params: { walletId },
    body: { transaction: late },
  })
})

test('a wallet the node will say nothing of keeps no other from being looked at', async () => {
  const other = await walletOf('a third till')
  node.refuses = ({ method, params }) =>
    method === 'eth_getLogs' && JSON.stringify(params).includes(town.address.slice(2))
  const unseen = await town.world.transfer(BANK, town.address, 13n)
  await town.world.transfer(BANK, other.address, 3n)
  await town.house.running.tick()
  assert.equal(await suspenseOf(other.walletId), '3')
  // What is named is still found, by its receipt.
  const { walletId } = town
  const params = { walletId }
  const body = { transaction: unseen }
  await town.house.operator.client.call('postWalletsFund', { params, body })
  node.refuses = () => false
  await town.house.running.tick()
  const { booked, onChain } = await moneyOf(town)
  assert.equal(booked, onChain)
})
