/** What a wallet lets Permit2 spend is what was ordered last, and nothing opens what is closed. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { fsck } from '@surety/server'
import { pass } from '../support/house.ts'
import { lift, stop } from '../support/people/controls.ts'
import { allow, buyMetered, openUnwillingTown } from './metered.ts'
import type { UnwillingNode } from './node.ts'
import { buy, moneyOf, type Town } from './town.ts'

const SUPERSEDED = { code: 'wallet_allowance_superseded' }
const FROZEN = { code: 'commit_wallet_frozen' }

let town: Town
let node: UnwillingNode
let close: (() => Promise<void>) | undefined
before(async () => {
  ;({ town, node, close } = await openUnwillingTown())
})
after(() => close?.())

const permit2 = async () => (await moneyOf(town)).permit2

function order(amount: string, idempotencyKey: string) {
  const params = { walletId: town.walletId }
  const body = { asset: town.world.asset, amount }
  return town.house.operator.client.call('postWalletsAllowance', { params, body, idempotencyKey })
}

/** Orders what is written down and signed, and gets lost on its way. */
async function orderLost(amount: string, idempotencyKey: string): Promise<void> {
  node.loses = ({ method }) => method === 'eth_sendRawTransaction'
  await assert.rejects(order(amount, idempotencyKey), { code: 'chain_unavailable' })
  node.loses = () => false
}

function change(to: 'Freeze' | 'Unfreeze') {
  const params = { walletId: town.walletId }
  const body = { reason: 'an alarm' }
  return town.house.operator.client.call(`postWallets${to}`, { params, body })
}

async function ask(method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(town.world.rpcUrl, { method: 'POST', headers, body })
  return ((await answer.json()) as { readonly result: unknown }).result
}

async function transactions(block: 'latest' | 'pending'): Promise<number> {
  return Number(await ask('eth_getTransactionCount', [town.address, block]))
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const started = performance.now()
  while (!(await isSo())) {
    assert.ok(performance.now() - started < 15_000, 'it never came about')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('an order that got lost is not sent from a frozen wallet, and 0 takes its place', async () => {
  const key = randomUUID()
  await allow(town, '0')
  await orderLost('99000000', key)
  const frozen = await change('Freeze')
  assert.deepEqual(
    frozen.ordered?.map(({ amount }) => amount),
    ['99000000'],
  )
  await assert.rejects(order('99000000', key), FROZEN)
  await assert.rejects(order('99000000', randomUUID()), FROZEN)
  assert.equal(await permit2(), '0')
  // The chain has 0, and yet there is something to do: what was signed could still be sent.
  const had = await transactions('latest')
  assert.match((await allow(town, '0')).transaction ?? '', /^0x/)
  assert.equal(await transactions('latest'), had + 1)
  await assert.rejects(order('99000000', key), SUPERSEDED)
  await change('Unfreeze')
  await assert.rejects(order('99000000', key), SUPERSEDED)
  assert.equal(await permit2(), '0')
  assert.equal((await allow(town, '0')).transaction, null)
})

test('an order that waits for its wallet is sent when it may be, once', async () => {
  const key = randomUUID()
  await orderLost('88000000', key)
  await change('Freeze')
  await assert.rejects(order('88000000', key), FROZEN)
  await change('Unfreeze')
  const sent = await order('88000000', key)
  assert.equal(await permit2(), '88000000')
  await allow(town, '0')
  // What was carried out is answered again, whatever was ordered since, and changes nothing.
  assert.deepEqual(await order('88000000', key), sent)
  assert.equal(await permit2(), '0')
})

test('an order that waits for its block is replaced by one from a frozen wallet', async () => {
  await allow(town, '0')
  const had = await transactions('latest')
  await ask('evm_setAutomine', [false])
  const opening = assert.rejects(order('99000000', randomUUID()), SUPERSEDED)
  await until(async () => (await transactions('pending')) === had + 1)
  await change('Freeze')
  const closing = allow(town, '0')
  const wanted = async () => {
    const { pending } = (await ask('txpool_content', [])) as {
      readonly pending: Record<string, Record<string, { readonly input: string }>>
    }
    const own = Object.entries(pending).find(([from]) => from.toLowerCase() === town.address)
    const [only, ...more] = Object.values(own?.[1] ?? {})
    return more.length === 0 && only !== undefined && /0{64}$/.test(only.input)
  }
  await until(wanted)
  await ask('evm_mine', [])
  assert.match((await closing).transaction ?? '', /^0x/)
  await opening
  await ask('evm_setAutomine', [true])
  await ask('evm_mine', [])
  assert.deepEqual([await permit2(), await transactions('pending')], ['0', had + 1])
  await change('Unfreeze')
})

test('of orders at once one stands, and each other is told which', async () => {
  const amounts = ['101', '102', '103', '104']
  const keys = amounts.map(() => randomUUID())
  const again = (i: number) => order(amounts[i] ?? '', keys[i] ?? '')
  await Promise.allSettled(amounts.map((_, i) => again(i)))
  const params = { walletId: town.walletId }
  const { ordered } = await town.house.operator.client.call('getWalletsOne', { params })
  const last = ordered?.[0]?.amount
  await Promise.allSettled([again(amounts.indexOf(last ?? ''))])
  const stands = await permit2()
  assert.ok(amounts.includes(stands))
  for (const i of amounts.keys()) {
    // Each was carried out in its turn, or is told what stands.
    const told = await again(i).catch((error: unknown) => error as Error & { code: string })
    if (!(told instanceof Error)) continue
    assert.equal(told.code, SUPERSEDED.code)
    assert.match(told.message, new RegExp(`the chain lets Permit2 spend ${stands}`))
  }
  await allow(town, '0')
  assert.equal(await permit2(), '0')
})

test('who stops the payer’s money stops that more is let to Permit2, also on its way (control)', async () => {
  const { operator } = town.house
  const key = randomUUID()
  const { tenantId } = town.house.founded
  await orderLost('77000000', key)
  for (const selector of [
    { type: 'tenant', id: tenantId },
    { type: 'rail', id: 'x402-evm' },
  ] as const) {
    const control = await stop(operator, selector)
    await assert.rejects(order('77000000', key), { code: 'control_active' })
    await assert.rejects(allow(town, '66000000'), { code: 'control_active' })
    assert.equal(await permit2(), '0')
    await lift([operator], control)
  }
  const control = await stop(operator, { type: 'rail', id: 'x402-evm' })
  assert.equal((await allow(town, '0')).amount, '0')
  await lift([operator], control)
  await assert.rejects(order('77000000', key), SUPERSEDED)
  assert.equal(await permit2(), '0')
})

/** What stands now, by kind of what it is about. */
async function stopped(): Promise<readonly string[]> {
  const { items } = await town.house.operator.client.call('getControls', { query: {} })
  return items.filter(({ state }) => state === 'active').map(({ selector }) => selector.type)
}

for (const raised of [false, true]) {
  test(`a payee is not paused for an allowance that ran short${raised ? ', raised since' : ''}`, async () => {
    await allow(town, '50000')
    const bought = await Promise.allSettled(
      Array.from({ length: 8 }, () => buyMetered(town, '40000')),
    )
    const captured = bought.map((each) =>
      each.status === 'fulfilled' ? each.value.gate?.settlement?.captured : undefined,
    )
    assert.deepEqual(
      captured.filter((sum) => sum === '40000'),
      ['40000'],
    )
    // Enough failed to have an unstable payee paused.
    assert.ok(captured.filter((sum) => sum === '0').length >= 5)
    if (raised) await allow(town, '100000000')
    pass(11_000)
    await town.house.running.tick()
    await town.house.running.tick()
    assert.deepEqual(await stopped(), [])
    assert.equal((await buy(town, '/weather')).gate?.state, 'settled')
    pass(62_000)
    await town.world.warp(62)
    await town.house.running.tick()
  })
}

test('everything in the data directory agrees, and the chain with it', async () => {
  const { booked, onChain } = await moneyOf(town)
  assert.equal(booked, onChain)
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})
