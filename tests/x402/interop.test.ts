/**
 * Our web, codec, wallets and chain reader against sellers and a facilitator that are not ours:
 * what they can do to a buyer below any policy.
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
import { openWallets } from '../../packages/server/src/keys/wallets/wallets.ts'
import type { AuthorizationFact, Chain } from '../../packages/server/src/ports/chain.ts'
import type { Wallets } from '../../packages/server/src/ports/wallets.ts'
import { type Web, WebFailure } from '../../packages/server/src/ports/web.ts'
import { openChains } from '../../packages/server/src/rails/x402-evm/chain.ts'
import { guardedWeb } from '../../packages/server/src/web/web.ts'

const LIMITS = { bodyBytesMax: 1_000_000, headTimeMs: 3_000, timeMs: 5_000 }

let world: LocalWorld
let chain: Chain
let wallets: Wallets
let payer: string
let keys: string
const web: Web = guardedWeb()
let drawn = 0

before(async () => {
  world = await startWorld()
  const found = openChains({ [world.network]: world.rpcUrl }).get(world.network)
  assert.ok(found !== undefined)
  chain = found
  keys = mkdtempSync(join(tmpdir(), 'surety-interop-'))
  writeFileSync(join(keys, 'house.key'), `${'A'.repeat(43)}\n`)
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => (drawn++ * 37) % 256)
  wallets = openWallets(keys, { bytes })
  payer = await wallets.create()
  await world.mint(payer, 10_000_000n)
})
after(async () => {
  await world.stop()
  rmSync(keys, { recursive: true })
})

interface Seen {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: string
}

async function fetched(
  url: string,
  more: { readonly method?: string; readonly body?: string; readonly credential?: string } = {},
): Promise<Seen> {
  const { method = 'GET', body, credential } = more
  const answer = await web.fetch({
    method,
    url,
    headers: [
      ...(body === undefined ? [] : [['content-type', 'application/json'] as const]),
      ...(credential === undefined ? [] : [[X402_HEADERS.signature, credential] as const]),
    ],
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
    mayBePrivate: true,
    limits: LIMITS,
  })
  const header = (name: string) => answer.headers.find(([each]) => each === name)?.[1]
  return {
    status: answer.status,
    header,
    body: Buffer.from(await answer.collect()).toString(),
  }
}

interface Terms {
  readonly required: PaymentRequired
  readonly offer: Offer
}

async function termsOf(url: string, method = 'GET', body?: string): Promise<Terms> {
  const seen = await fetched(url, { method, ...(body === undefined ? {} : { body }) })
  assert.equal(seen.status, 402)
  const required = parsePaymentRequired(seen.header(X402_HEADERS.required), seen.body)
  assert.ok(required.ok)
  const [offer] = readOffers(required.value, 'sandbox').offers
  assert.ok(offer !== undefined)
  return { required: required.value, offer }
}

interface Signed {
  readonly credential: string
  readonly nonce: string
  readonly validBefore: number
  readonly sinceBlock: bigint
}

async function signed({ required, offer }: Terms, nonce: string): Promise<Signed> {
  const { head } = await chain.view()
  const window = { validAfter: 0, validBefore: head.at + offer.maxTimeoutSeconds }
  const { asset, payTo: to, amount: value } = offer
  const signature = await wallets.signTransfer(payer, {
    asset: asset.id,
    to,
    value,
    nonce,
    ...window,
  })
  const credential = writePaymentSignature(
    required,
    offer,
    { from: payer, nonce, signature, ...window },
    `pay_${nonce.slice(-26)}`,
  )
  return { credential, nonce, validBefore: window.validBefore, sinceBlock: head.number }
}

async function factOf({ nonce, sinceBlock }: Signed): Promise<AuthorizationFact> {
  const { facts } = await chain.authorizations([
    { scheme: 'exact', asset: world.asset, payer, payTo: PAYEES.express, nonce, sinceBlock },
  ])
  const [fact] = facts
  assert.ok(fact !== undefined)
  return fact
}

const fresh = (): string => (++drawn).toString(16).padStart(64, 'b')
const urlOf = (seller: 'express' | 'hono' | 'hostile', path: string): string =>
  `${world.urls[seller] ?? ''}${path}`

for (const seller of ['express', 'hono'] as const) {
  test(`an unmodified ${seller} seller takes our credential, and the chain agrees`, async () => {
    for (const [path, method, body] of [
      ['/weather', 'GET'],
      ['/report', 'GET'],
      ['/ticket', 'GET'],
      ['/translate', 'POST', '{"text":"hello"}'],
    ] as const) {
      const url = urlOf(seller, path)
      const terms = await termsOf(url, method, body)
      const payment = await signed(terms, fresh())
      const before = await world.balance(PAYEES[seller])
      const more = { method, credential: payment.credential }
      const paid = await fetched(url, body === undefined ? more : { ...more, body })
      assert.equal(paid.status, 200, path)
      const response = parsePaymentResponse(paid.header(X402_HEADERS.response) ?? '')
      assert.ok(response.ok && response.value.success)
      const fact = await factOf(payment)
      assert.ok(fact.status === 'used')
      const { txHash, to, value, from } = fact.transfer
      assert.deepEqual(
        [txHash, from, to, value],
        [response.value.transaction, payer, PAYEES[seller], terms.offer.amount],
      )
      assert.equal(await world.balance(PAYEES[seller]), before + terms.offer.amount)
    }
  })

  test(`a credential that ${seller} has used buys nothing again, and moves nothing again`, async () => {
    const url = urlOf(seller, '/weather')
    const payment = await signed(await termsOf(url), fresh())
    const { credential } = payment
    assert.equal((await fetched(url, { credential })).status, 200)
    const before = await world.balance(payer)
    assert.equal((await fetched(url, { credential })).status, 402)
    assert.equal(await world.balance(payer), before)
  })

  test(`of eight presentations of one credential at once ${seller} is paid for one`, async () => {
    const url = urlOf(seller, '/weather')
    const { credential } = await signed(await termsOf(url), fresh())
    const before = await world.balance(payer)
    await Promise.all(Array.from({ length: 8 }, () => fetched(url, { credential })))
    assert.equal(before - (await world.balance(payer)), 10_000n)
  })
}

test('an answer that is lost, broken or garbled after charging: the chain knows it is paid', async () => {
  const url = urlOf('express', '/weather')
  for (const fault of [
    { type: 'drop' },
    { type: 'fail', status: 502 },
    { type: 'garble' },
  ] as const) {
    const payment = await signed(await termsOf(url), fresh())
    await world.breakSeller('express', fault)
    const { credential } = payment
    if (fault.type === 'drop') {
      await assert.rejects(fetched(url, { credential }), (error) => {
        return error instanceof WebFailure && error.sent === 'maybe'
      })
    } else {
      const seen = await fetched(url, { credential })
      assert.equal(seen.status, fault.type === 'fail' ? 502 : 200)
      const response = seen.header(X402_HEADERS.response)
      assert.ok(response === undefined || !parsePaymentResponse(response).ok)
    }
    await world.breakSeller('express', { type: 'none' })
    assert.equal((await factOf(payment)).status, 'used')
  }
})

test('a server that charges first and then fails says so, and the chain too', async () => {
  const url = urlOf('hono', '/broken-ticket')
  const terms = await termsOf(url)
  assert.equal(terms.offer.flow, 'upfront')
  const payment = await signed(terms, fresh())
  const seen = await fetched(url, { credential: payment.credential })
  assert.equal(seen.status, 500)
  assert.equal((await factOf(payment)).status, 'used')
})

test('a settlement that comes late is unused until it comes', async () => {
  const url = urlOf('express', '/weather')
  const payment = await signed(await termsOf(url), fresh())
  await world.breakFacilitator({ type: 'pending', settlesAfterMs: 200 })
  const seen = await fetched(url, { credential: payment.credential })
  await world.breakFacilitator({ type: 'none' })
  assert.equal(seen.status, 402)
  const response = parsePaymentResponse(seen.header(X402_HEADERS.response) ?? '')
  assert.ok(response.ok && !response.value.success)
  assert.equal(response.value.errorReason, 'settlement_pending')
  assert.equal((await factOf(payment)).status, 'unused')
  const started = performance.now()
  while ((await factOf(payment)).status === 'unused' && performance.now() - started < 5_000) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.equal((await factOf(payment)).status, 'used')
})

test('a facilitator that lies about settling moves nothing, and time proves it', async () => {
  const url = urlOf('express', '/weather')
  const payment = await signed(await termsOf(url), fresh())
  await world.breakFacilitator({ type: 'lying' })
  const seen = await fetched(url, { credential: payment.credential })
  await world.breakFacilitator({ type: 'none' })
  assert.equal(seen.status, 200)
  assert.deepEqual(await factOf(payment), { status: 'unused' })
  await world.warp(61)
  const { final } = await chain.view()
  assert.ok(final.at >= payment.validBefore)
  assert.deepEqual(await factOf(payment), { status: 'unused' })
  // What expired cannot be spent any more: the proof is one.
  const before = await world.balance(payer)
  assert.equal((await fetched(url, { credential: payment.credential })).status, 402)
  assert.equal(await world.balance(payer), before)
})

test('with the facilitator down nothing is paid, and the credential is good afterwards', async () => {
  const url = urlOf('hono', '/weather')
  const payment = await signed(await termsOf(url), fresh())
  await world.breakFacilitator({ type: 'down' })
  const down = await fetched(url, { credential: payment.credential })
  assert.ok(down.status >= 400, String(down.status))
  assert.equal((await factOf(payment)).status, 'unused')
  await world.breakFacilitator({ type: 'none' })
  assert.equal((await fetched(url, { credential: payment.credential })).status, 200)
  assert.equal((await factOf(payment)).status, 'used')
})

const UNUSABLE: Readonly<Record<string, string>> = {
  'look-alike-asset': 'offer_asset_unknown',
  'other-decimals': 'offer_asset_mismatch',
  'other-domain': 'offer_asset_mismatch',
  'main-network': 'offer_network_not_allowed',
  'unknown-network': 'offer_network_unknown',
  upto: 'offer_facilitator_invalid',
  'upto-no-facilitator': 'offer_facilitator_invalid',
  'upto-eip3009': 'offer_method_unsupported',
  'upto-upfront': 'offer_flow_unsupported',
  'batch-settlement': 'offer_scheme_unsupported',
  permit2: 'offer_method_unsupported',
  'number-amount': 'offer_amount_invalid',
  'overflowing-amount': 'offer_amount_invalid',
  'negative-amount': 'offer_amount_invalid',
  'zero-payee': 'offer_payee_invalid',
  'endless-validity': 'offer_validity_invalid',
}
const UNREADABLE: Readonly<Record<string, string>> = {
  'many-offers': 'payment_required_invalid',
  'huge-terms': 'payment_required_invalid',
  'no-terms': 'payment_required_missing',
  'not-base64': 'payment_required_invalid',
  'not-json': 'payment_required_invalid',
  'version-one': 'payment_version_unsupported',
}

test('every hostile offer is refused for what it is', async () => {
  for (const [name, refusal] of Object.entries({ ...UNUSABLE, ...UNREADABLE })) {
    const seen = await fetched(urlOf('hostile', `/${name}`))
    assert.equal(seen.status, 402, name)
    const required = parsePaymentRequired(seen.header(X402_HEADERS.required), seen.body)
    if (!required.ok) {
      assert.equal(required.refusal, refusal, name)
      continue
    }
    const { offers, unusable } = readOffers(required.value, 'sandbox')
    assert.deepEqual([offers, unusable], [[], [{ index: 0, refusal }]], name)
  }
})

test('hostile bodies, trickles and silence end at their limits', async () => {
  const limits = { bodyBytesMax: 100_000, headTimeMs: 300, timeMs: 600 }
  const ends = { bomb: 'web_answer_too_large', trickle: 'web_timeout', silent: 'web_timeout' }
  for (const [name, code] of Object.entries(ends)) {
    const url = urlOf('hostile', `/${name}`)
    const exchange = async () => {
      const answer = await web.fetch({
        method: 'GET',
        url,
        headers: [],
        mayBePrivate: true,
        limits,
      })
      return answer.collect()
    }
    const isIt = (error: unknown) => error instanceof WebFailure && error.code === code
    await assert.rejects(exchange(), isIt, name)
  }
})
