/** A node that answers in part: an order is sent once, and what was taken is never voided. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { fsck } from '@surety/server'
import { pass } from '../support/house.ts'
import { allow, buyMetered, MOST, openUnwillingTown } from './metered.ts'
import type { Unwilling, UnwillingNode } from './node.ts'
import { moneyOf, type Town } from './town.ts'

const VALID_MS = 62_000

let town: Town
let node: UnwillingNode
let close: (() => Promise<void>) | undefined
before(async () => {
  ;({ town, node, close } = await openUnwillingTown())
})
after(() => close?.())

const tick = () => town.house.running.tick()
const willing = () => false

async function transactions(): Promise<number> {
  const params = [town.address, 'latest']
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getTransactionCount', params })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(town.world.rpcUrl, { method: 'POST', headers, body })
  return Number(((await answer.json()) as { readonly result: string }).result)
}

test('an order whose sending nobody answered for is sent again, and is one transaction (once)', async () => {
  const { client } = town.house.operator
  const had = await transactions()
  const idempotencyKey = randomUUID()
  const params = { walletId: town.walletId }
  const body = { asset: town.world.asset, amount: '77000000' }
  const order = () => client.call('postWalletsAllowance', { params, body, idempotencyKey })
  const SENDING = [
    'eth_sendRawTransaction',
    'eth_getTransactionReceipt',
    'eth_getTransactionByHash',
  ]
  node.refuses = ({ method }) => SENDING.includes(method)
  await assert.rejects(order(), { code: 'chain_unavailable' })
  node.refuses = willing
  const first = await order()
  const again = await order()
  assert.match(first.transaction ?? '', /^0x[0-9a-f]{64}$/)
  assert.deepEqual(again, first)
  assert.equal(await transactions(), had + 1)
  assert.equal((await moneyOf(town)).permit2, '77000000')
  // The order was written down before anything was sent: a new one has nothing left to do.
  assert.equal((await allow(town, '77000000')).transaction, null)
})

/** `nonceBitmap(address,uint256)` of Permit2. */
const NONCE_BITMAP = '0x4fe02b44'

for (const [what, refuses] of [
  ['whether a permit was used', ({ params }) => JSON.stringify(params).includes(NONCE_BITMAP)],
  ['which transaction used it', ({ method }) => method === 'eth_getTransactionByHash'],
  ['what moved', ({ method }) => method === 'eth_getLogs'],
] as const satisfies readonly (readonly [string, Unwilling])[]) {
  test(`a node that does not say ${what} ends nothing: what was taken is found when it does`, async () => {
    await town.world.breakSeller('express', { type: 'drop' })
    node.refuses = refuses
    const bought = await buyMetered(town, '2718')
    await town.world.breakSeller('express', { type: 'none' })
    const params = { gateId: bought.gate?.gateId ?? '' }
    const now = () => town.house.operator.client.call('getGatesOne', { params })
    assert.equal((await now()).state, 'executing')
    pass(VALID_MS)
    await town.world.warp(VALID_MS / 1_000)
    await tick()
    await tick()
    // Long past its validity, and used: never voided, since nobody has shown that it is unused.
    assert.equal((await now()).state, 'executing')
    node.refuses = willing
    await tick()
    const ended = await now()
    assert.deepEqual([ended.state, ended.settlement?.captured], ['settled', '2718'])
    assert.equal(ended.settlement?.refunded, String(MOST - 2_718n))
    const { booked, onChain, available } = await moneyOf(town)
    assert.deepEqual([booked, available], [onChain, onChain])
  })
}

test('everything in the data directory agrees', async () => {
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})
