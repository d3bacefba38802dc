/** Vectors of spec/vectors/x402, and what no foreign bytes can do to the codec. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonValue } from '../canonical-json.ts'
import type { Environment } from '../schema.ts'
import { fromBase64Text, toBase64Text } from './base64.ts'
import { assetOf, CHAIN_ASSETS, NETWORKS } from './networks.ts'
import { type Offer, readOffer } from './offer.ts'
import {
  type Credential,
  parsePaymentRequired,
  parsePaymentResponse,
  readOffers,
  writePaymentSignature,
  X402_LIMITS,
} from './wire.ts'

interface Vector {
  readonly description: string
  readonly environment: Environment
  readonly header?: string
  readonly body?: string
  readonly response?: string
  readonly offer?: JsonValue
  readonly offers: readonly unknown[]
  readonly unusable: readonly unknown[]
  readonly credential: Credential
  readonly paymentId?: string
  readonly signature: string
  readonly expected: unknown
  readonly refusal: string
}

const root = new URL('../../../../spec/vectors/x402/', import.meta.url)

function vectors(kind: 'valid' | 'refused'): readonly (readonly [string, Vector])[] {
  const names = readdirSync(new URL(`${kind}/`, root))
  return names.map((name) => [
    name,
    JSON.parse(readFileSync(new URL(`${kind}/${name}`, root), 'utf8')) as Vector,
  ])
}

const plain = ({ accepted: _, asset, amount, ...offer }: Offer): unknown => ({
  ...offer,
  asset: asset.id,
  amount: String(amount),
})

test('every valid vector is read, and answered byte for byte', (t) => {
  const all = vectors('valid')
  for (const [name, v] of all) {
    if (v.response !== undefined) {
      const read = parsePaymentResponse(v.response)
      assert.ok(read.ok, name)
      const { header, ...said } = read.value
      assert.deepEqual(said, v.expected, name)
      assert.equal(header, v.response)
      continue
    }
    const required = parsePaymentRequired(v.header)
    assert.ok(required.ok, name)
    const { offers, unusable } = readOffers(required.value, v.environment)
    assert.deepEqual([offers.map(plain), unusable], [v.offers, v.unusable], name)
    const first = offers[0]
    assert.ok(first !== undefined)
    const written = writePaymentSignature(required.value, first, v.credential, v.paymentId)
    assert.equal(written, v.signature, name)
  }
  t.diagnostic(`${String(all.length)} vectors`)
  assert.ok(all.length > 0)
})

test('every refused vector is refused with its code', (t) => {
  const all = vectors('refused')
  for (const [name, v] of all) {
    const read =
      v.response !== undefined
        ? parsePaymentResponse(v.response)
        : v.offer !== undefined
          ? readOffer(v.offer, 0, v.environment)
          : parsePaymentRequired(v.header, v.body)
    assert.equal(read.ok ? 'accepted' : read.refusal, v.refusal, name)
  }
  t.diagnostic(`${String(all.length)} vectors`)
  assert.ok(all.length > 0)
})

test('base64 is one text for one text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const encoded = toBase64Text(text)
      assert.equal(encoded, Buffer.from(text).toString('base64'))
      assert.equal(fromBase64Text(encoded), text)
    }),
  )
})

/** Near the truth, so that most of it is reached: each member is right, wrong or absent. */
const nearly = (right: JsonValue) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(right) },
    fc.jsonValue() as fc.Arbitrary<JsonValue>,
    fc.constantFrom('', '0', '-1', '1e3', 0, 1, 60, null, [], {}),
  )
const offer = fc.record(
  {
    scheme: nearly('exact'),
    network: nearly('eip155:84532'),
    asset: nearly('0x036CbD53842c5426634e7929541eC2318f3dCF7e'),
    amount: nearly('10000'),
    payTo: nearly('0x209693Bc6afc0C5328bA36FaF03C514EF312287C'),
    maxTimeoutSeconds: nearly(60),
    extra: nearly({ name: 'USDC', version: '2' }),
    ['__proto__']: nearly('exact'),
  },
  { requiredKeys: [] },
)
const required = fc.record({
  x402Version: nearly(2),
  resource: nearly({ url: 'https://api.example/weather' }),
  accepts: fc.oneof(fc.array(offer, { maxLength: 3 }), nearly([])),
  extensions: nearly({}),
})

test('whatever a server sends, every offer taken is exact: listed asset, positive amount, a payee', () => {
  let taken = 0
  fc.assert(
    fc.property(required, (value) => {
      const header = Buffer.from(JSON.stringify(value)).toString('base64')
      const read = parsePaymentRequired(header)
      if (!read.ok) return
      for (const each of readOffers(read.value, 'sandbox').offers) {
        taken += 1
        assert.equal(CHAIN_ASSETS.get(each.asset.id), each.asset)
        assert.equal(NETWORKS.get(each.network)?.environment, 'sandbox')
        assert.ok(each.amount > 0n && each.maxTimeoutSeconds >= 1)
        assert.match(each.payTo, /^0x[0-9a-f]{40}$/)
        assert.notEqual(each.payTo, each.asset.address)
      }
    }),
    { numRuns: 2_000 },
  )
  assert.ok(taken > 0)
})

test('no text makes the codec throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), fc.string(), (text, body) => {
      for (const header of [text, Buffer.from(text).toString('base64')]) {
        parsePaymentRequired(header, body)
        parsePaymentResponse(header)
      }
      parsePaymentRequired(undefined, text)
    }),
  )
  assert.ok(!parsePaymentResponse('A'.repeat(X402_LIMITS.headerLengthMax + 4)).ok)
})

test('every asset is on a listed network and named as CAIP-19 in lower case', () => {
  for (const [id, asset] of CHAIN_ASSETS) {
    assert.equal(id, `${asset.network}/erc20:${asset.address}`)
    assert.match(asset.address, /^0x[0-9a-f]{40}$/)
    assert.ok(NETWORKS.has(asset.network))
    assert.equal(assetOf(id), asset)
  }
  assert.equal(assetOf('USD/2')?.decimals, 2)
  assert.equal(assetOf('eip155:1/erc20:0x0'), undefined)
})
