/** One verdict for one signature, whatever library a host brings. Rule: spec/signed-objects.md. */
import assert from 'node:assert/strict'
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromHex, toBase64url, toUtf8 } from './bytes.ts'
import {
  acceptableSignature,
  type Crypto,
  type PublicJwk,
  portableCrypto,
  publicJwkOf,
  publicKeyBytes,
  thumbprint,
} from './crypto.ts'

const folder = new URL('../../../spec/vectors/ed25519/', import.meta.url)

/** As a server builds it: the key is judged once, the signature by the guard and by OpenSSL. */
const nodeCrypto: Crypto = {
  sha256: (content) => createHash('sha256').update(content).digest('hex'),
  sign: (message, seed) => {
    const key = { ...publicJwkOf(seed), d: toBase64url(seed) }
    return sign(null, message, createPrivateKey({ key, format: 'jwk' }))
  },
  verify: (signature, message, publicKey) => {
    if (publicKeyBytes(publicKey) === undefined || !acceptableSignature(signature)) return false
    const key = createPublicKey({ key: { ...publicKey }, format: 'jwk' })
    return verify(null, message, key, signature)
  },
}
const adapters = { portable: portableCrypto, node: nodeCrypto }

const bytesOf = (hex: string): Uint8Array => fromHex(hex) as Uint8Array
const jwkOf = (key: Uint8Array): PublicJwk => ({ kty: 'OKP', crv: 'Ed25519', x: toBase64url(key) })
const verdicts = (signature: Uint8Array, message: Uint8Array, key: PublicJwk): readonly boolean[] =>
  Object.values(adapters).map((adapter) => adapter.verify(signature, message, key))

interface EdgeVector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}
interface Vector {
  readonly privateSeedHex: string
  readonly publicKeyHex: string
  readonly messageHex: string
  readonly signatureHex: string
}

function vectorsOf(kind: 'valid' | 'refused'): readonly (readonly [string, Vector])[] {
  return readdirSync(new URL(kind, folder)).map((name) => {
    const text = readFileSync(new URL(`${kind}/${name}`, folder), 'utf8')
    return [name, JSON.parse(text) as Vector]
  })
}

test('of the edge cases only a signature without any flag is accepted, by every adapter', () => {
  const text = readFileSync(new URL('ed25519vectors.json', folder), 'utf8')
  const vectors = JSON.parse(text) as readonly EdgeVector[]
  assert.equal(vectors.length, 914)
  let accepted = 0
  for (const { number, key, sig, msg, flags } of vectors) {
    const expected = (flags ?? []).length === 0
    const found = verdicts(bytesOf(sig), toUtf8(msg), jwkOf(bytesOf(key)))
    assert.deepEqual(found, [expected, expected], `vector ${number}: ${flags?.join(' ')}`)
    if (expected) accepted += 1
  }
  assert.equal(accepted, 1)
})

test('the signatures of RFC 8032 are made and accepted by every adapter', () => {
  const vectors = vectorsOf('valid')
  assert.equal(vectors.length, 3)
  for (const [name, vector] of vectors) {
    const seed = bytesOf(vector.privateSeedHex)
    const message = bytesOf(vector.messageHex)
    const signature = bytesOf(vector.signatureHex)
    assert.deepEqual(publicJwkOf(seed), jwkOf(bytesOf(vector.publicKeyHex)), name)
    assert.deepEqual(verdicts(signature, message, publicJwkOf(seed)), [true, true], name)
    for (const adapter of Object.values(adapters)) {
      assert.deepEqual(Uint8Array.from(adapter.sign(message, seed)), signature, name)
    }
  }
})

test('what is wrong with key or signature is refused by every adapter', () => {
  const vectors = vectorsOf('refused')
  assert.equal(vectors.length, 15)
  for (const [name, { publicKeyHex, messageHex, signatureHex }] of vectors) {
    const key = jwkOf(bytesOf(publicKeyHex))
    const found = verdicts(bytesOf(signatureHex), bytesOf(messageHex), key)
    assert.deepEqual(found, [false, false], name)
    const isTrusted = publicKeyBytes(key) !== undefined
    assert.equal(isTrusted, !name.startsWith('key-'), name)
  }
})

test('the adapters sign alike, hash alike and agree on every signature with a bit flipped', () => {
  const seeds = fc.constantFrom(1, 2).map((fill) => new Uint8Array(32).fill(fill))
  const messages = fc.uint8Array({ maxLength: 3 })
  const flips = fc.option(fc.nat({ max: 511 }))
  fc.assert(
    fc.property(seeds, messages, messages, seeds, flips, (seed, message, other, signer, flip) => {
      const signature = portableCrypto.sign(message, signer)
      assert.deepEqual(Uint8Array.from(nodeCrypto.sign(message, signer)), signature)
      assert.equal(nodeCrypto.sha256(message), portableCrypto.sha256(message))
      if (flip !== null) (signature[flip >> 3] as number) ^= 1 << (flip & 7)
      const isSame = Buffer.compare(message, other) === 0
      const expected = flip === null && isSame && seed[0] === signer[0]
      const found = verdicts(signature, other, publicJwkOf(seed))
      assert.deepEqual(found, [expected, expected])
    }),
    { numRuns: 60 },
  )
})

test('text is hashed as its UTF-8', () => {
  for (const text of ['', 'a', 'é', '😀', '\u0000']) {
    assert.equal(portableCrypto.sha256(text), nodeCrypto.sha256(text))
    assert.equal(portableCrypto.sha256(text), portableCrypto.sha256(toUtf8(text)))
  }
})

test('a public key that is not 32 bytes of base64url is none', () => {
  const { x } = publicJwkOf(new Uint8Array(32).fill(1))
  assert.equal(publicKeyBytes({ kty: 'OKP', crv: 'Ed25519', x })?.length, 32)
  for (const wrong of ['', x.slice(1), `${x}A`, `${x}=`, x.replace(/.$/, '_')]) {
    assert.equal(publicKeyBytes({ kty: 'OKP', crv: 'Ed25519', x: wrong }), undefined, wrong)
  }
})

test('S is below the order of the base point, and R is not the identity', () => {
  const order = bytesOf('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
  const signatureOf = (r: number, s: Uint8Array): Uint8Array => {
    const signature = new Uint8Array(64)
    signature[0] = r
    signature.set(s, 32)
    return signature
  }
  const below = Uint8Array.from(order)
  below[0] = 0xec
  const above = Uint8Array.from(order)
  above[0] = 0xee
  assert.equal(acceptableSignature(signatureOf(2, below)), true)
  assert.equal(acceptableSignature(signatureOf(2, order)), false)
  assert.equal(acceptableSignature(signatureOf(2, above)), false)
  assert.equal(acceptableSignature(signatureOf(1, below)), false)
  const almost = signatureOf(1, below)
  almost[31] = 0x80
  assert.equal(acceptableSignature(almost), true)
  assert.equal(acceptableSignature(new Uint8Array(63)), false)
  assert.equal(acceptableSignature(new Uint8Array(65)), false)
})

test('the thumbprint is that of RFC 8037 appendix A.3', () => {
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
  const key: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x }
  for (const adapter of Object.values(adapters)) {
    assert.equal(thumbprint(key, adapter), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  }
})
