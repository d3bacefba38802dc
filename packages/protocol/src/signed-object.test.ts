/** Signed objects: what is refused first, and how a foreign library reads and writes them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CompactSign, calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { toBase64url, toUtf8 } from './bytes.ts'
import { canonicalize } from './canonical-json.ts'
import { portableCrypto, publicJwkOf, thumbprint } from './crypto.ts'
import type { OperatorActionOf } from './objects/people/operator.ts'
import { signingInput, signObject, type VerificationKey, verifySigned } from './signed-object.ts'

const seed = new Uint8Array(32).fill(1)
const publicKey = publicJwkOf(seed)
const kid = thumbprint(publicKey, portableCrypto)
const action: OperatorActionOf<'deposit'> = {
  schemaVersion: 'OperatorAction.v1',
  actionId: 'opa_00000000000000000000000001',
  tenantId: 'ten_00000000000000000000000001',
  environment: 'sandbox',
  operatorId: 'prn_00000000000000000000000001',
  action: 'deposit',
  justificationCode: 'test',
  deposit: {
    source: 'bank',
    reference: '1',
    principalId: 'prn_00000000000000000000000002',
    amount: '9007199254740993',
    asset: 'USD/2',
  },
  actedAt: '2026-11-20T09:30:00.000Z',
}
const key: VerificationKey = {
  kid,
  publicKey,
  purpose: 'action',
  notBefore: '2026-11-20T09:30:00.000Z',
  notAfter: '2026-11-20T09:30:00.000Z',
}
const lookup = (asked: string) => (asked === kid ? key : undefined)
const jws = signObject(action, { kid, privateSeed: seed }, portableCrypto)
const verify = (text: string) => verifySigned(['OperatorAction.v1'], text, lookup, portableCrypto)
const refusalOf = (text: string): string | undefined => {
  const result = verify(text)
  return result.ok ? undefined : result.refusal
}

async function signedByJose(header: object, payload: string): Promise<string> {
  const privateKey = await importJWK({ ...publicKey, d: toBase64url(seed) }, 'EdDSA')
  return new CompactSign(toUtf8(payload)).setProtectedHeader(header as never).sign(privateKey)
}

test('an object is named by the hash of its canonical bytes', () => {
  const hash = portableCrypto.sha256(canonicalize(action))
  assert.deepEqual(verify(jws), { ok: true, value: { object: action, kid, hash } })
})

test('a foreign verifier accepts what we sign, and finds our header and payload in it', async () => {
  const { payload, protectedHeader } = await compactVerify(jws, await importJWK(publicKey, 'EdDSA'))
  assert.equal(Buffer.from(payload).toString(), canonicalize(action))
  assert.deepEqual(protectedHeader, { alg: 'EdDSA', kid, typ: 'surety/OperatorAction.v1' })
  assert.equal(await calculateJwkThumbprint({ ...publicKey }), kid)
})

test('what a foreign signer makes is accepted exactly when the header is ours', async () => {
  const payload = canonicalize(action)
  const typ = 'surety/OperatorAction.v1'
  assert.equal(await signedByJose({ alg: 'EdDSA', kid, typ }, payload), jws)
  const others = [
    { alg: 'EdDSA', typ, kid },
    { kid, alg: 'EdDSA', typ },
    { alg: 'EdDSA', kid },
    { alg: 'EdDSA', kid, typ, cty: 'json' },
    { alg: 'EdDSA', kid, typ: 'JWT' },
    { alg: 'Ed25519', kid, typ },
  ]
  for (const header of others) {
    assert.equal(refusalOf(await signedByJose(header, payload)), 'jws_malformed')
  }
  const spaced = JSON.stringify(action, null, 1)
  const ours = { alg: 'EdDSA', kid, typ }
  assert.equal(refusalOf(await signedByJose(ours, spaced)), 'jws_not_canonical')
})

test('whichever character is changed, nothing is accepted', () => {
  const others = fc.constantFrom(...'ABab01-_.=')
  fc.assert(
    fc.property(fc.nat({ max: jws.length - 1 }), others, (at, character) => {
      const changed = `${jws.slice(0, at)}${character}${jws.slice(at + 1)}`
      assert.equal(verify(changed).ok, changed === jws)
    }),
    { numRuns: 400 },
  )
})

/** Each wrong, and the code it is refused by, in the order in which they are checked. */
const wrongs = [
  'jws_malformed',
  'jws_type_mismatch',
  'jws_not_canonical',
  'schema_mismatch',
  'signing_key_unknown',
  'signing_key_purpose_mismatch',
  'signing_key_not_valid',
  'signature_invalid',
] as const
type Wrong = (typeof wrongs)[number]

function verifyWith(present: ReadonlySet<Wrong>): string | undefined {
  const has = (wrong: Wrong): boolean => present.has(wrong)
  const object = has('schema_mismatch') ? { ...action, more: 1 } : action
  const payload = `${has('jws_not_canonical') ? ' ' : ''}${canonicalize(object)}`
  const input = signingInput('OperatorAction.v1', payload, kid)
  const signature = portableCrypto.sign(toUtf8(input), seed)
  if (has('signature_invalid')) (signature[32] as number) ^= 1
  const text = `${input}.${toBase64url(signature)}${has('jws_malformed') ? '=' : ''}`
  const found: VerificationKey = {
    ...key,
    purpose: has('signing_key_purpose_mismatch') ? 'intent' : 'action',
    notAfter: has('signing_key_not_valid') ? '2026-11-20T09:29:59.999Z' : null,
    notBefore: '2026-01-01T00:00:00.000Z',
  }
  const keys = () => (has('signing_key_unknown') ? undefined : found)
  const accepted = has('jws_type_mismatch') ? 'AuthorityGrant.v1' : 'OperatorAction.v1'
  const result = verifySigned([accepted], text, keys, portableCrypto)
  return result.ok ? undefined : result.refusal
}

test('of several wrongs the one that is checked first is said', () => {
  fc.assert(
    fc.property(fc.subarray([...wrongs]), (present) => {
      assert.equal(verifyWith(new Set(present)), present[0])
    }),
    { numRuns: 400 },
  )
})

test('both ends of the window of a key are inclusive, to the millisecond', () => {
  const at = (millisecond: string): string | undefined => {
    const moved = { ...action, actedAt: `2026-11-20T09:30:00.${millisecond}Z` }
    return refusalOf(signObject(moved, { kid, privateSeed: seed }, portableCrypto))
  }
  assert.equal(at('000'), undefined)
  assert.equal(at('001'), 'signing_key_not_valid')
  const before = { ...action, actedAt: '2026-11-20T09:29:59.999Z' }
  const signed = signObject(before, { kid, privateSeed: seed }, portableCrypto)
  assert.equal(refusalOf(signed), 'signing_key_not_valid')
})

test('a time that the verifier states takes the place of the one in the object', () => {
  const verifyAt = (at: string) =>
    verifySigned(['OperatorAction.v1'], jws, lookup, portableCrypto, at).ok
  assert.equal(verifyAt('2026-11-20T09:30:00.000Z'), true)
  assert.equal(verifyAt('2026-11-20T09:30:00.001Z'), false)
})

test('no bytes of an attacker make the verifier throw', () => {
  const head = jws.slice(0, jws.indexOf('.'))
  const payloads = fc.oneof(
    fc.constantFrom('1e400', '{"a":1e999}', '[', '"\\ud800"', '{"__proto__":1}', 'null', '-0'),
    fc.json({ maxDepth: 2 }),
    fc.string(),
  )
  fc.assert(
    fc.property(payloads, fc.string(), (payload, noise) => {
      const body = Buffer.from(payload).toString('base64url')
      const tail = jws.slice(jws.lastIndexOf('.'))
      assert.equal(verify(`${head}.${body}${tail}`).ok, false)
      assert.equal(verify(noise).ok, false)
      assert.equal(verify(`${noise}.${noise}.${noise}`).ok, false)
    }),
    { numRuns: 500 },
  )
})
