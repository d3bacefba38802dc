/** A hostile seller keeps nobody else's payment from being concluded by what it says. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { fsck } from '@surety/server'
import { applyProfile, pass } from '../support/house.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

const PRICE = 10_000n
const VALID_MS = 301_000
/** As many long receipts as pass 32 MiB together. */
const POISONED = 14

let town: Town
let door: Server
let hostile: string
let long: string

before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  long = await longTransaction()
  door = await openDoor()
  hostile = `http://127.0.0.1:${String((door.address() as AddressInfo).port)}`
  const profile = buyingProfile(town)
  const { x402 } = profile
  assert.ok(x402 !== undefined)
  const origin = { origin: hostile, methods: ['GET' as const], privateAddresses: true }
  await applyProfile(town.house, {
    ...profile,
    x402: { ...x402, origins: [...x402.origins, origin] },
  })
})
after(async () => {
  door.close()
  await town.close()
})

async function rpc(method: string, ...params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(town.world.rpcUrl, { method: 'POST', headers, body })
  return ((await answer.json()) as { readonly result: unknown }).result
}

/** A real transaction of 16.7 million gas, most of it logs. */
async function longTransaction(): Promise<string> {
  const from = `0x${'aa'.repeat(20)}`
  await rpc('anvil_impersonateAccount', from)
  await rpc('anvil_setBalance', from, '0x56bc75e2d63100000')
  const log = `62${(100_000).toString(16).padStart(6, '0')}6000a0`
  const data = `0x${log.repeat(17)}00`
  const sent = String(await rpc('eth_sendTransaction', { from, data, gas: '0xff0000' }))
  const receipt = () => rpc('eth_getTransactionReceipt', sent)
  while ((await receipt()) === null) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.ok(JSON.stringify(await receipt()).length > 3_000_000)
  return sent
}

/**
 * The express seller, behind a door that takes most credentials, names the long transaction, and
 * gives nothing. Every fourth is served, lest its failures be counted.
 */
async function openDoor(): Promise<Server> {
  let paid = 0
  const server = createServer((request, response) => {
    const signature = request.headers['payment-signature']
    if (signature !== undefined) paid += 1
    if (signature !== undefined && paid % 4 !== 0) {
      const { network } = town.world
      const named = { success: true, transaction: long, network, payer: town.address }
      const text = Buffer.from(JSON.stringify(named)).toString('base64')
      response.writeHead(500, { 'payment-response': text }).end('sorry')
      return
    }
    const headers = signature === undefined ? {} : { 'payment-signature': String(signature) }
    void fetch(`${town.world.urls.express ?? ''}${request.url ?? ''}`, { headers }).then(
      async (answer) => {
        const kept = ['payment-required', 'payment-response', 'content-type']
        const sent = [...answer.headers].filter(([name]) => kept.includes(name))
        response.writeHead(answer.status, Object.fromEntries(sent)).end(await answer.text())
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const statusOf = async (gateId: string) => {
  const gate = await town.house.operator.client.call('getGatesOne', { params: { gateId } })
  return [gate.state, gate.settlement?.status]
}

test('an honest payment is concluded beside payments that name long transactions', async () => {
  for (let i = 0; i < POISONED; i += 1) {
    const bought = await town.agent.client.call('postFetch', {
      body: { url: `${hostile}/weather?${String(i)}`, grantHash: town.grantHash },
    })
    const expected = (i + 1) % 4 === 0 ? 'captured' : 'unknown'
    assert.equal(bought.gate?.settlement?.status, expected)
  }
  const had = await town.world.balance(PAYEES.express)
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 300 })
  const bought = await buy(town, '/weather', { idempotencyKey: randomUUID() })
  await town.world.breakFacilitator({ type: 'none' })
  const gateId = bought.gate?.gateId ?? ''
  assert.deepEqual(await statusOf(gateId), ['executing', 'unknown'])
  const started = performance.now()
  while ((await town.world.balance(PAYEES.express)) === had) {
    assert.ok(performance.now() - started < 5_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await town.house.running.tick()
  assert.deepEqual(await statusOf(gateId), ['settled', 'captured'])
  assert.equal(await town.world.balance(PAYEES.express), had + PRICE)
})

test('and what was never cashed comes back when it can no longer be', async () => {
  pass(VALID_MS)
  await town.world.warp(VALID_MS / 1_000)
  await town.house.running.tick()
  const { booked, available, onChain } = await moneyOf(town)
  assert.deepEqual([booked, available], [onChain, onChain])
  const { checks } = await fsck(town.house.directory)
  assert.deepEqual(
    checks.flatMap(({ problems }) => problems),
    [],
  )
})
