/** One text for one value. Oracle: the npm package `canonicalize`; data of RFC 8785. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import foreign from 'canonicalize'
import fc from 'fast-check'
import { toHex, toUtf8 } from './bytes.ts'
import { canonicalize, canonicalizeRecord } from './canonical-json.ts'
import { portableCrypto } from './crypto.ts'
import { hashOf, hashOfRecord, ZERO_HASH } from './digest.ts'
import { parseJson } from './parse-json.ts'

const jcs = new URL('../../../spec/vectors/jcs/', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, jcs), 'utf8')

/** Names that collide in order, in escaping and in JavaScript. */
const names = fc.oneof(
  fc.constantFrom('', '0', '1', '9', '10', '01', 'a', 'A', 'aa', 'toString', '__proto__', '\r'),
  fc.constantFrom('\u007f', '\u0080', 'é', 'e\u0301', '€', '😀', '\ufb33', '"', '\\', '\u2028'),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const scalars = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, 1, 10, 1e21, 1e-7),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  names,
)
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalars, tie('array'), tie('object')),
  array: fc.array(tie('value'), { maxLength: 4 }),
  object: fc
    .uniqueArray(fc.tuple(names, tie('value')), { maxLength: 6, selector: ([name]) => name })
    .map((members) => Object.fromEntries(members)),
}))

test('any value is written as another implementation of RFC 8785 writes it', () => {
  fc.assert(
    fc.property(values, (value) => assert.equal(canonicalize(value), foreign(value))),
    { numRuns: 3000 },
  )
})

test('what is written reads back as the same value and is written the same again', () => {
  fc.assert(
    fc.property(values, (value) => {
      const text = canonicalize(value)
      const back = parseJson(text)
      assert.ok(back.ok)
      assert.equal(canonicalize(back.value), text)
      assert.equal(foreign(back.value), foreign(value))
    }),
  )
})

test('the order in which members were set does not matter', () => {
  const entries = fc.uniqueArray(fc.tuple(names, scalars), { selector: ([name]) => name })
  fc.assert(
    fc.property(entries, (members) => {
      const there = canonicalize(Object.fromEntries(members))
      assert.equal(canonicalize(Object.fromEntries([...members].reverse())), there)
    }),
  )
})

test('a record is written as itself, alone and as a part of others, and hashed as any value', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
      const record = structuredClone(value)
      const text = canonicalize(value)
      assert.equal(hashOfRecord(record, portableCrypto), hashOf(value, portableCrypto))
      assert.equal(canonicalizeRecord(record), text)
      assert.equal(canonicalize([{ b: record, a: 1 }]), `[{"a":1,"b":${text}}]`)
      // What looks the same is another object, and is written by what it holds.
      assert.equal(canonicalize({ ...record, '': 'more' }), canonicalize({ ...value, '': 'more' }))
    }),
  )
})

test('the data of RFC 8785 come out as it says, to the byte', () => {
  const files = readdirSync(new URL('input/', jcs))
  assert.equal(files.length, 6)
  for (const file of files) {
    const parsed = parseJson(read(`input/${file}`))
    assert.ok(parsed.ok, file)
    const text = canonicalize(parsed.value)
    assert.equal(text, read(`output/${file}`), file)
    const hex = read(`outhex/${file.replace('.json', '.txt')}`).replace(/\s/g, '')
    assert.equal(toHex(toUtf8(text)), hex, file)
  }
})

test('numbers are written as RFC 8785 appendix B writes them', () => {
  const samples: readonly (readonly [string, string])[] = [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ]
  for (const [bits, text] of samples) {
    assert.equal(canonicalize(Buffer.from(bits, 'hex').readDoubleBE()), text, bits)
  }
})

test('what JSON cannot say is a fault, at any depth', () => {
  const wrong: readonly unknown[] = [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    10n,
    Symbol('a'),
    () => 1,
    '\ud800',
    '\udc00a',
    new Date(0),
    new Map([['a', 1]]),
    new Uint8Array(2),
    Object(1),
    new (class Money {
      amount = '1'
    })(),
  ]
  for (const value of wrong) {
    for (const nested of [value, [value], { a: value }, { a: [{ b: value }] }]) {
      assert.throws(() => canonicalize(nested), TypeError)
    }
  }
  assert.throws(() => canonicalize({ '\ud800': 1 }), TypeError)
  assert.throws(() => canonicalize(new Array(1)), TypeError)
})

test('an object without a prototype is written like any other', () => {
  assert.equal(canonicalize(Object.assign(Object.create(null), { b: 1, a: 2 })), '{"a":2,"b":1}')
})

test('the hash of a value is SHA-256 of its canonical UTF-8 in lowercase hexadecimal', () => {
  const empty = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
  assert.equal(hashOf({}, portableCrypto), empty)
  assert.equal(hashOf({ a: 'b' }, portableCrypto), portableCrypto.sha256('{"a":"b"}'))
  assert.equal(hashOf({ b: 2, a: 1 }, portableCrypto), portableCrypto.sha256('{"a":1,"b":2}'))
  assert.equal(ZERO_HASH, '0000000000000000000000000000000000000000000000000000000000000000')
})
