/** The vectors of spec/vectors that protocol answers for; each file says what it shows. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, toHex, toUtf8 } from './bytes.ts'
import { canonicalize } from './canonical-json.ts'
import { portableCrypto, publicJwkOf, thumbprint } from './crypto.ts'
import { hashOf, ZERO_HASH } from './digest.ts'
import { type IdPrefix, isId, mintId } from './id.ts'
import {
  addMs,
  ensureInstant,
  formatInstant,
  instantOf,
  parseInstant,
  startOfDay,
  startOfMonth,
} from './instant.ts'
import { add, atMost, type Money, parseAmount, split, subtract } from './money.ts'
import { Event, eventHashHolds, sealEvent } from './objects/event.ts'
import { ExecutionIntent, RequestFingerprint } from './objects/intent.ts'
import { JSON_LIMITS, parseJson } from './parse-json.ts'
import { parseAs } from './schema.ts'
import {
  readJws,
  SIGNED_TYPES,
  type SignedTypeName,
  signObject,
  type VerificationKey,
  verifySigned,
} from './signed-object.ts'

const root = new URL('../../../spec/vectors/', import.meta.url)
type Kind = 'valid' | 'refused'

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8'))
}

/** One test for each folder; a folder without a file fails. */
function eachVector<Vector>(topic: string, kind: Kind, law: string, check: (v: Vector) => void) {
  test(law, (t) => {
    const names = readdirSync(new URL(`${topic}/${kind}/`, root))
    assert.ok(names.length > 0)
    t.diagnostic(`${names.length} vectors of ${topic}/${kind}`)
    for (const name of names) {
      const vector = read(`${topic}/${kind}/${name}`) as Vector & { description: string }
      assert.ok(vector.description.length > 0, name)
      try {
        check(vector)
      } catch (cause) {
        throw new Error(`${topic}/${kind}/${name}: ${vector.description}`, { cause })
      }
    }
  })
}

interface Text {
  readonly input: string
  readonly limits?: Partial<typeof JSON_LIMITS>
  readonly canonical: string
  readonly utf8Hex: string
  readonly sha256: string
  readonly refusal: string
}

function parsed(text: string): unknown {
  const value = parseJson(text)
  assert.ok(value.ok)
  return value.value
}

eachVector<Text>('canonical-json', 'valid', 'a value has the canonical bytes and hash', (v) => {
  const text = canonicalize(parsed(v.input))
  assert.equal(text, v.canonical)
  assert.equal(toHex(toUtf8(text)), v.utf8Hex)
  assert.equal(hashOf(parsed(v.input), portableCrypto), v.sha256)
})

eachVector<Text>('canonical-json', 'refused', 'another spelling is not canonical', (v) => {
  assert.notEqual(canonicalize(parsed(v.input)), v.input)
})

eachVector<Text>('parse-json', 'valid', 'a strict JSON document is read', (v) => {
  const value = parseJson(v.input, { ...JSON_LIMITS, ...v.limits })
  assert.ok(value.ok)
  assert.equal(canonicalize(value.value), v.canonical)
})

eachVector<Text>('parse-json', 'refused', 'anything else is refused by its code', (v) => {
  const value = parseJson(v.input, { ...JSON_LIMITS, ...v.limits })
  assert.equal(value.ok || value.refusal, v.refusal)
})

interface WireMoney {
  readonly amount: string
  readonly asset: string
}
interface Sum {
  readonly operation: 'parse' | 'add' | 'subtract' | 'atMost' | 'split'
  readonly input: string
  readonly a: WireMoney
  readonly b: WireMoney
  readonly whole: WireMoney
  readonly basisPoints: number
  readonly result: unknown
  readonly refusal: string
}

const money = (wire: WireMoney): Money => ({ amount: BigInt(wire.amount), asset: wire.asset })
const bigIntsAsText = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)))

function calculate(v: Sum) {
  switch (v.operation) {
    case 'parse':
      return parseAmount(v.input)
    case 'add':
      return add(money(v.a), money(v.b))
    case 'subtract':
      return subtract(money(v.a), money(v.b))
    case 'atMost':
      return atMost(money(v.a), money(v.b))
    case 'split':
      return { ok: true, value: split(money(v.whole), v.basisPoints) } as const
  }
}

eachVector<Sum>('money', 'valid', 'money is counted exactly', (v) => {
  assert.deepEqual(bigIntsAsText(calculate(v)), { ok: true, value: v.result })
})

eachVector<Sum>('money', 'refused', 'money is not mixed, overdrawn or misspelt', (v) => {
  const result = calculate(v)
  assert.equal(result.ok || result.refusal, v.refusal)
})

interface Moment {
  readonly operation: 'parse' | 'add' | 'startOfDay' | 'startOfMonth' | 'byDeadline'
  readonly input: string
  readonly ms: number
  readonly at: string
  readonly deadline: string
  readonly result: string | boolean
}

eachVector<Moment>('instant', 'valid', 'a moment has one text, one day and one month', (v) => {
  switch (v.operation) {
    case 'parse':
      assert.deepEqual(parseInstant(v.input), { ok: true, value: v.ms })
      return assert.equal(formatInstant(ensureInstant(v.ms)), v.input)
    case 'add':
      return assert.equal(formatInstant(addMs(instantOf(v.input), v.ms)), v.result)
    case 'startOfDay':
      return assert.equal(formatInstant(startOfDay(instantOf(v.input))), v.result)
    case 'startOfMonth':
      return assert.equal(formatInstant(startOfMonth(instantOf(v.input))), v.result)
    case 'byDeadline':
      assert.equal(v.at <= v.deadline, v.result)
      return assert.equal(instantOf(v.at) <= instantOf(v.deadline), v.result)
  }
})

eachVector<Text>('instant', 'refused', 'any other spelling is no instant', (v) => {
  const result = parseInstant(v.input)
  assert.equal(result.ok || result.refusal, v.refusal)
})

interface IdVector {
  readonly prefix: IdPrefix
  readonly ms: number
  readonly randomHex: string
  readonly id: string
  readonly text: string
}

eachVector<IdVector>('id', 'valid', 'an id is made of its moment and its random bits', (v) => {
  const id = mintId(v.prefix, ensureInstant(v.ms), BigInt(`0x${v.randomHex}`))
  assert.equal(id, v.id)
  assert.ok(isId(v.prefix, id))
})

eachVector<IdVector>('id', 'refused', 'any other text is no id of that type', (v) => {
  assert.equal(isId(v.prefix, v.text), false)
})

interface EventVector {
  readonly event: Event
  readonly previous: Event | null
  readonly preimage: string
  readonly line: string
  readonly refusal: string
}

/** The rules of spec/event.md in their order. */
function judgeEvent({ event, previous }: EventVector): string | undefined {
  if (!parseAs(Event, event).ok) return 'schema_mismatch'
  if (!eventHashHolds(event, portableCrypto)) return 'event_hash_mismatch'
  const holds =
    previous === null
      ? event.seq === 1 && event.prevHash === ZERO_HASH
      : event.seq === previous.seq + 1 &&
        event.prevHash === previous.eventHash &&
        event.stream === previous.stream &&
        event.tenantId === previous.tenantId
  return holds ? undefined : 'event_chain_broken'
}

eachVector<EventVector>('event', 'valid', 'an event is sealed over its canonical form', (v) => {
  const { eventHash, ...rest } = v.event
  assert.equal(canonicalize(rest), v.preimage)
  assert.equal(eventHash, portableCrypto.sha256(v.preimage))
  assert.deepEqual(sealEvent(rest, portableCrypto), v.event)
  assert.equal(`${canonicalize(v.event)}\n`, v.line)
  assert.equal(judgeEvent(v), undefined)
})

eachVector<EventVector>('event', 'refused', 'a changed or displaced event is found', (v) => {
  assert.equal(judgeEvent(v), v.refusal)
})

interface Shape {
  readonly type: 'RequestFingerprint.v1' | 'ExecutionIntent.v1'
  readonly object: unknown
  readonly canonical: string
  readonly hash: string
  readonly refusal: string
}
const shapes = {
  'RequestFingerprint.v1': RequestFingerprint,
  'ExecutionIntent.v1': ExecutionIntent,
}

eachVector<Shape>('intent', 'valid', 'a fingerprint or intent has its shape and its hash', (v) => {
  assert.ok(parseAs(shapes[v.type], v.object).ok)
  assert.equal(canonicalize(v.object), v.canonical)
  assert.equal(hashOf(v.object, portableCrypto), v.hash)
})

eachVector<Shape>('intent', 'refused', 'what is not of the shape is refused', (v) => {
  const result = parseAs(shapes[v.type], v.object)
  assert.equal(result.ok || result.refusal, v.refusal)
})

interface TestKey extends VerificationKey {
  readonly name: string
  readonly privateSeedHex: string
}
interface Signed {
  readonly accept: readonly SignedTypeName[]
  readonly at?: string
  readonly key: string
  readonly object: { readonly schemaVersion: SignedTypeName }
  readonly header: string
  readonly payloadUtf8Hex: string
  readonly hash: string
  readonly jws: string
  readonly refusal: string
}

const keys = read('signed-object/keys.json') as {
  readonly trusted: readonly TestKey[]
  readonly untrusted: readonly TestKey[]
}
const lookup = (kid: string): VerificationKey | undefined =>
  keys.trusted.find((key) => key.kid === kid)
const seedOf = (key: TestKey): Uint8Array => fromHex(key.privateSeedHex) as Uint8Array

test('the test keys are the public halves of their seeds, named by their thumbprints', () => {
  for (const key of [...keys.trusted, ...keys.untrusted]) {
    assert.deepEqual(publicJwkOf(seedOf(key)), key.publicKey)
    assert.equal(thumbprint(key.publicKey, portableCrypto), key.kid)
  }
})

eachVector<Signed>('signed-object', 'valid', 'an object is signed to these bytes', (v) => {
  const key = keys.trusted.find(({ name }) => name === v.key)
  assert.ok(key)
  const signer = { kid: key.kid, privateSeed: seedOf(key) }
  assert.equal(signObject(v.object, signer, portableCrypto), v.jws)
  const parts = readJws(v.jws)
  assert.ok(parts.ok)
  assert.equal(toHex(toUtf8(parts.value.payload)), v.payloadUtf8Hex)
  assert.equal(Buffer.from(v.jws.split('.')[0] ?? '', 'base64url').toString(), v.header)
  const verified = verifySigned(v.accept, v.jws, lookup, portableCrypto, v.at)
  assert.deepEqual(verified, {
    ok: true,
    value: { object: v.object, kid: key.kid, hash: v.hash },
  })
})

eachVector<Signed>('signed-object', 'refused', 'what is not so signed is refused by code', (v) => {
  const result = verifySigned(v.accept, v.jws, lookup, portableCrypto, v.at)
  assert.equal(result.ok || result.refusal, v.refusal)
})

test('every signed type has a vector', () => {
  const files = readdirSync(new URL('signed-object/valid/', root))
  for (const type of Object.keys(SIGNED_TYPES)) assert.ok(files.includes(`${type}.json`), type)
})
