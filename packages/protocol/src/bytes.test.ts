/** One text for one sequence of bytes; Node's Buffer is the oracle. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromBase64url, fromHex, fromUtf8, toBase64url, toHex, toUtf8 } from './bytes.ts'

const plain = (bytes: Uint8Array | undefined): readonly number[] | undefined =>
  bytes === undefined ? undefined : [...bytes]
/** Reads as loosely as Buffer does, and holds it to the text it would write. */
function oracle(text: string, encoding: 'base64url' | 'hex'): readonly number[] | undefined {
  const bytes = Buffer.from(text, encoding)
  return bytes.toString(encoding) === text ? [...bytes] : undefined
}

test('base64url is written as Buffer writes it, and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = toBase64url(bytes)
      assert.equal(text, Buffer.from(bytes).toString('base64url'))
      assert.deepEqual(plain(fromBase64url(text)), [...bytes])
    }),
  )
})

test('a text is base64url only if it is what its bytes are written as', () => {
  const characters = fc.constantFrom('A', 'B', 'Q', 'g', 'w', '-', '_', '=', '+', '/', ' ', 'é')
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 6 }), (text) => {
      assert.deepEqual(plain(fromBase64url(text)), oracle(text, 'base64url'))
    }),
    { numRuns: 2000 },
  )
})

test('no padding, foreign character or trailing bit is read as base64url', () => {
  const wrong = [
    'A',
    'AAAAA',
    'AA==',
    'AAA=',
    'AB',
    'AAB',
    'A+',
    'A/AA',
    'AA\n',
    'AA ',
    'A\u0141AA',
  ]
  for (const text of [...wrong, 'AAAA\u0000', '\uff21AAA']) {
    assert.equal(fromBase64url(text), undefined, JSON.stringify(text))
  }
  for (const text of ['', 'AA', 'AAA', 'AAAA', 'AQ', 'AAE', '-_-_']) {
    assert.deepEqual(plain(fromBase64url(text)), oracle(text, 'base64url'), text)
  }
})

test('every single byte and every pair is read back from base64url', () => {
  for (let n = 0; n < 65_536; n += 1) {
    const bytes = Uint8Array.of(n >> 8, n & 255)
    if (n < 256) assert.equal(fromBase64url(toBase64url(Uint8Array.of(n)))?.[0], n)
    const back = fromBase64url(toBase64url(bytes))
    assert.ok(back?.length === 2 && back[0] === bytes[0] && back[1] === bytes[1])
  }
})

test('well-formed text is written as UTF-8 as Buffer writes it, and read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      const bytes = toUtf8(text)
      assert.deepEqual([...bytes], [...Buffer.from(text, 'utf8')])
      assert.equal(fromUtf8(bytes), text)
    }),
  )
})

test('bytes are UTF-8 only if a strict decoder says so', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf]
  const leads = [0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0xff]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...edges, ...leads), { maxLength: 5 }), (list) => {
      const bytes = Uint8Array.from(list)
      let expected: string | undefined
      try {
        expected = strict.decode(bytes)
      } catch {
        expected = undefined
      }
      assert.equal(fromUtf8(bytes), expected)
    }),
    { numRuns: 20_000 },
  )
})

test('long text keeps every character where it was', () => {
  for (const unit of ['a', 'é', '€', '😀', 'a€', 'ab😀']) {
    const text = unit.repeat(5000)
    assert.equal(fromUtf8(toUtf8(text)), text)
    assert.equal(fromUtf8(toUtf8(`x${text}`)), `x${text}`)
  }
})

test('a lone surrogate has no UTF-8', () => {
  for (const text of ['\ud800', 'a\udfff', '\udc00\ud800']) {
    assert.throws(() => toUtf8(text), TypeError)
  }
})

test('a byte order mark is a character like any other', () => {
  assert.equal(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), '\ufeffA')
})

test('only lowercase hexadecimal of whole bytes is read, and it is what is written', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'09afAFgx \u0661'), maxLength: 4 }),
      (text) => {
        assert.deepEqual(plain(fromHex(text)), oracle(text, 'hex'))
      },
    ),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'))
      assert.deepEqual(plain(fromHex(toHex(bytes))), [...bytes])
    }),
  )
  assert.equal(fromHex('00\n'), undefined)
})
