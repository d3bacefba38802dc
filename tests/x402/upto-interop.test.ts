/**
 * Our permits for `upto` beside those of the unmodified client, and before sellers and a
 * facilitator that are not ours.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type LocalWorld, PAYEES, startWorld } from '@surety/local-chain'
import {
  type Offer,
  type PaymentRequired,
  parsePaymentRequired,
  parsePaymentResponse,
  readOffers,
  writePaymentSignature,
  X402_HEADERS,
} from '@surety/protocol'
import { UptoEvmScheme } from '@x402/evm/upto/client'
import { privateKeyToAccount } from 'viem/accounts'
import { openWallets } from '../../packages/server/src/keys/wallets/wallets.ts'
import type { Wallets } from '../../packages/server/src/ports/wallets.ts'
import { openChains } from '../../packages/server/src/rails/x402-evm/chain.ts'

const KEY = '55'.repeat(32)
const account = privateKeyToAccount(`0x${KEY}`)
const payer = account.address.toLowerCase()
const MOST = 50_000n

let world: LocalWorld
let wallets: Wallets
let keys: string
let drawn = 0

before(async () => {
  world = await startWorld({ sellers: ['express', 'hono'] })
  keys = mkdtempSync(join(tmpdir(), 'surety-upto-'))
  writeFileSync(join(keys, 'house.key'), `${'A'.repeat(43)}\n`)
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => (drawn++ * 37) % 256)
  wallets = openWallets(keys, { bytes })
  await wallets.import(KEY)
  await world.mint(payer, 10_000_000n)
  await world.giveGas(payer)
  const chain = openChains({ [world.network]: world.rpcUrl }).get(world.network)
  assert.ok(chain !== undefined)
  const approval = { asset: world.asset, allowance: 10_000_000n }
  const terms = await chain.approvalTerms({ from: payer, last: null, ...approval })
  assert.ok(terms !== null)
  const signed = await wallets.signApproval(payer, { ...approval, ...terms })
  assert.equal(await chain.send({ from: payer, ...signed }), 'done')
  assert.equal(await chain.allowance(world.asset, payer), 10_000_000n)
})
after(async () => {
  await world?.stop()
  rmSync(keys, { recursive: true })
})

interface Terms {
  readonly required: PaymentRequired
  readonly offer: Offer
}

async function termsOf(url: string): Promise<Terms> {
  const seen = await fetch(url)
  assert.equal(seen.status, 402)
  const required = parsePaymentRequired(seen.headers.get(X402_HEADERS.required) ?? undefined)
  assert.ok(required.ok)
  const [offer] = readOffers(required.value, 'sandbox').offers
  assert.ok(offer?.scheme === 'upto' && offer.facilitator !== undefined)
  return { required: required.value, offer }
}

const urlOf = (seller: 'express' | 'hono', take: string): string =>
  `${world.urls[seller] ?? ''}/metered?take=${encodeURIComponent(take)}`

const now = () => Math.floor(Date.now() / 1_000)
const fresh = (): string => (++drawn).toString(16).padStart(64, 'd')

async function credentialFor({ required, offer }: Terms): Promise<string> {
  const { asset, payTo: to, amount: value, facilitator = '', maxTimeoutSeconds } = offer
  const window = { validAfter: 0, validBefore: now() + maxTimeoutSeconds }
  const nonce = fresh()
  const permit = { asset: asset.id, to, value, nonce, facilitator, ...window }
  const signature = await wallets.signPermit(payer, permit)
  return writePaymentSignature(required, offer, { from: payer, nonce, signature, ...window })
}

async function paid(url: string, credential: string) {
  const answer = await fetch(url, { headers: { [X402_HEADERS.signature]: credential } })
  const header = answer.headers.get(X402_HEADERS.response)
  const response = header === null ? undefined : parsePaymentResponse(header)
  return { status: answer.status, response: response?.ok === true ? response.value : undefined }
}

test('for the same nonce and deadline we sign what the unmodified client signs', async () => {
  const { offer, required } = await termsOf(urlOf('express', '1'))
  const theirs = await new UptoEvmScheme(account).createPaymentPayload(2, offer.accepted as never)
  const { signature, permit2Authorization } = theirs.payload as {
    readonly signature: string
    readonly permit2Authorization: { readonly nonce: string; readonly deadline: string }
  }
  const nonce = BigInt(permit2Authorization.nonce).toString(16).padStart(64, '0')
  const window = { validAfter: 0, validBefore: Number(permit2Authorization.deadline) }
  const { asset, payTo: to, amount: value, facilitator = '' } = offer
  const ours = await wallets.signPermit(payer, {
    ...{ asset: asset.id, to, value, nonce, facilitator },
    ...window,
  })
  assert.equal(ours, signature)
  const written = writePaymentSignature(required, offer, {
    from: payer,
    nonce,
    signature,
    ...window,
  })
  const { payload } = JSON.parse(Buffer.from(written, 'base64').toString()) as { payload: unknown }
  // An address is the same in any case; everything else is byte for byte.
  assert.equal(JSON.stringify(payload), JSON.stringify(theirs.payload).replaceAll(ADDRESSES, lower))
})

const ADDRESSES = /0x[0-9a-fA-F]{40}(?![0-9a-fA-F])/g
const lower = (text: string) => text.toLowerCase()

for (const seller of ['express', 'hono'] as const) {
  test(`an unmodified ${seller} seller takes what it says from our permit, and no more`, async () => {
    for (const [take, amount] of [
      ['123', 123n],
      ['50%', 25_000n],
      ['0', 0n],
    ] as const) {
      const url = urlOf(seller, take)
      const had = await world.balance(PAYEES[seller])
      const { status, response } = await paid(url, await credentialFor(await termsOf(url)))
      assert.deepEqual([status, response?.success, response?.amount], [200, true, String(amount)])
      assert.equal(response?.transaction === null, amount === 0n)
      assert.equal(await world.balance(PAYEES[seller]), had + amount)
    }
  })

  test(`what ${seller} takes beyond the most is refused by the facilitator, and nothing moves`, async () => {
    const url = urlOf(seller, String(MOST + 1n))
    const had = await world.balance(payer)
    const { status, response } = await paid(url, await credentialFor(await termsOf(url)))
    assert.deepEqual([status, response?.success], [402, false])
    assert.equal(response?.errorReason, 'invalid_upto_evm_payload_settlement_exceeds_amount')
    assert.equal(await world.balance(payer), had)
  })
}

test('a permit for another facilitator, spender or payee moves nothing', async () => {
  const url = urlOf('express', '7')
  const had = await world.balance(payer)
  const { required, offer } = await termsOf(url)
  const elsewhere = `0x${'12'.repeat(20)}`
  for (const changed of [
    { ...offer, facilitator: elsewhere },
    { ...offer, payTo: elsewhere },
    { ...offer, amount: offer.amount - 1n },
  ]) {
    const { status } = await paid(url, await credentialFor({ required, offer: changed }))
    assert.equal(status, 402)
  }
  const credential = await credentialFor({ required, offer })
  const opened = Buffer.from(credential, 'base64').toString()
  const other = opened.replace('0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002', elsewhere)
  assert.notEqual(other, opened)
  assert.equal((await paid(url, Buffer.from(other).toString('base64'))).status, 402)
  assert.equal(await world.balance(payer), had)
})

test('a permit that was taken from is taken from no more; one that was not still can be', async () => {
  const url = urlOf('hono', '9')
  const terms = await termsOf(url)
  const credential = await credentialFor(terms)
  const had = await world.balance(payer)
  assert.equal((await paid(url, credential)).status, 200)
  assert.equal((await paid(url, credential)).status, 402)
  assert.equal(await world.balance(payer), had - 9n)
  // Nothing taken is no end: the very same credential is good for a seller that takes.
  const unused = await credentialFor(terms)
  assert.equal((await paid(urlOf('hono', '0'), unused)).status, 200)
  assert.equal((await paid(url, unused)).status, 200)
  assert.equal(await world.balance(payer), had - 18n)
})
