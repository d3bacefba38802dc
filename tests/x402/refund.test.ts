/** Money that comes back under the nonce of a payment says by itself what it gives back. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fsck } from '@surety/server'
import { openWallets } from '../../packages/server/src/keys/wallets/wallets.ts'
import type { Wallets } from '../../packages/server/src/ports/wallets.ts'
import { applyProfile } from '../support/house.ts'
import { buyingProfile, moneyOf, openTown, type Town } from './town.ts'

const SELLER_KEY = '11'.repeat(32)
const SELLER = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'
const PRICE = 10_000n

let town: Town
let origin: string
let wallets: Wallets
let keys: string

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')

function requirements(payTo: string, amount: bigint) {
  const { network, asset } = town.world
  return {
    scheme: 'exact',
    network,
    amount: String(amount),
    asset: asset.split('erc20:')[1] ?? '',
    payTo,
    maxTimeoutSeconds: 60,
    extra: { name: 'USDC', version: '2' },
  }
}

async function settled(paymentPayload: unknown, paymentRequirements: unknown): Promise<string> {
  const response = await fetch(`${town.world.facilitatorUrl}/settle`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ paymentPayload, paymentRequirements }),
  })
  const answer = (await response.json()) as { readonly success: boolean }
  assert.equal(answer.success, true, JSON.stringify(answer))
  return base64(answer)
}

/** A seller whose key we have: the facilitator is the packages' own. */
const seller = createServer(async (request, response) => {
  const offer = requirements(SELLER, PRICE)
  const credential = request.headers['payment-signature']?.toString()
  if (credential === undefined) {
    const terms = { x402Version: 2, resource: { url: 'http://shop/' }, accepts: [offer] }
    response.writeHead(402, { 'payment-required': base64(terms) }).end('{}')
    return
  }
  const said = await settled(JSON.parse(Buffer.from(credential, 'base64').toString()), offer)
  response.writeHead(200, { 'payment-response': said }).end('sold')
})

before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  keys = mkdtempSync(join(tmpdir(), 'surety-refund-'))
  writeFileSync(join(keys, 'house.key'), `${'A'.repeat(43)}\n`)
  let drawn = 0
  wallets = openWallets(keys, { bytes: (count) => new Uint8Array(count).fill(++drawn % 251) })
  assert.ok((await wallets.import(SELLER_KEY)).ok)
  await new Promise<void>((resolve) => seller.listen(0, '127.0.0.1', resolve))
  const address = seller.address()
  origin = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`
  const { x402 } = buyingProfile(town)
  assert.ok(x402 !== undefined)
  const { network } = town.world
  const origins = [...x402.origins, { origin, methods: ['GET' as const], privateAddresses: true }]
  const payees = [...x402.payees, { payee: town.sellers.hono, network, payTo: SELLER }]
  await applyProfile(town.house, buyingProfile(town, { x402: { ...x402, origins, payees } }))
})
after(async () => {
  seller.close()
  rmSync(keys, { recursive: true })
  await town.close()
})

async function bought() {
  const body = { url: `${origin}/thing`, grantHash: town.grantHash }
  const { gate } = await town.agent.client.call('postFetch', { body })
  assert.equal(gate?.settlement?.status, 'captured')
  return { gateId: gate.gateId, nonce: String(gate.payment?.nonce) }
}

/** The seller signs a transfer back under a nonce, and the facilitator carries it out. */
async function giveBack(nonce: string, value: bigint): Promise<void> {
  const { asset } = town.world
  const window = { validAfter: 0, validBefore: 4_102_444_800 }
  const to = town.address
  const signature = await wallets.signTransfer(SELLER, { asset, to, value, nonce, ...window })
  const authorization = {
    from: SELLER,
    to,
    value: String(value),
    validAfter: '0',
    validBefore: String(window.validBefore),
    nonce: `0x${nonce}`,
  }
  const accepted = requirements(to, value)
  const resource = { url: 'http://shop/' }
  await settled(
    { x402Version: 2, payload: { authorization, signature }, resource, accepted },
    accepted,
  )
  await town.house.running.tick()
}

const gateNow = (gateId: string) =>
  town.house.operator.client.call('getGatesOne', { params: { gateId } })

test('a refund under the nonce of its payment is credited once, and linked', async () => {
  const { gateId, nonce } = await bought()
  const before = await moneyOf(town)
  await giveBack(nonce, PRICE)
  const { refunds } = await gateNow(gateId)
  assert.deepEqual(
    refunds.map(({ transfer }) => transfer.amount),
    [String(PRICE)],
  )
  await town.house.running.tick()
  assert.equal((await gateNow(gateId)).refunds.length, 1)
  const after = await moneyOf(town)
  assert.equal(BigInt(after.available) - BigInt(before.available), PRICE)
  assert.equal(after.suspense, before.suspense)
  assert.equal(after.booked, after.onChain)
})

test('a part of the money comes back as a part', async () => {
  const { gateId, nonce } = await bought()
  await giveBack(nonce, 1n)
  assert.equal((await gateNow(gateId)).refunds[0]?.transfer.amount, '1')
})

test('more than was paid, or a nonce of no payment, is nobody’s until somebody says so', async () => {
  const { gateId, nonce } = await bought()
  await town.world.mint(SELLER, 1_000_000n)
  const before = await moneyOf(town)
  await giveBack(nonce, PRICE + 1n)
  await giveBack('ab'.repeat(32), PRICE)
  assert.deepEqual((await gateNow(gateId)).refunds, [])
  const after = await moneyOf(town)
  assert.equal(BigInt(after.suspense) - BigInt(before.suspense), 2n * PRICE + 1n)
  assert.equal(after.available, before.available)
  assert.equal(after.booked, after.onChain)
})

test('after all of it everything agrees', async () => {
  const { checks } = await fsck(town.house.directory)
  assert.deepEqual(
    checks.flatMap(({ problems }) => problems),
    [],
  )
})
