/** What is not one strict JSON document is refused, and which refusal is said is fixed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JSON_LIMITS, parseJson } from './parse-json.ts'

const refusalOf = (text: string, limits = JSON_LIMITS): string | undefined => {
  const parsed = parseJson(text, limits)
  return parsed.ok ? undefined : parsed.refusal
}

/** A JSON text and what is wrong with it, built by hand: names as written, with repetitions. */
interface Text {
  readonly text: string
  readonly depth: number
  readonly repeats: boolean
}
const spellings = fc.constantFrom('"a"', '"\\u0061"', '"b"', '"\\u0062"', '"__proto__"', '""')
const gaps = fc.constantFrom('', ' ', '\n')
const { node: texts } = fc.letrec<{ node: Text; array: Text; object: Text }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'medium' },
    fc
      .constantFrom('1', '-0.5e3', 'true', 'null', '":"', '"[{\\"\\\\"', '"\\\\\\\\"')
      .map((text) => ({ text, depth: 0, repeats: false })),
    tie('array'),
    tie('object'),
  ),
  array: fc.tuple(gaps, fc.array(tie('node'), { maxLength: 3 })).map(([gap, items]) => ({
    text: `[${gap}${items.map(({ text }) => text).join(`,${gap}`)}]`,
    depth: 1 + Math.max(0, ...items.map(({ depth }) => depth)),
    repeats: items.some(({ repeats }) => repeats),
  })),
  object: fc
    .tuple(gaps, fc.array(fc.tuple(spellings, tie('node')), { maxLength: 3 }))
    .map(([gap, members]) => {
      const names = members.map(([name]) => JSON.parse(name) as string)
      return {
        text: `{${members.map(([name, { text }]) => `${name}${gap}:${text}`).join(`,${gap}`)}}`,
        depth: 1 + Math.max(0, ...members.map(([, { depth }]) => depth)),
        repeats: new Set(names).size < names.length || members.some(([, each]) => each.repeats),
      }
    }),
}))

test('a name that stands twice in one object is found at any depth and in any spelling', () => {
  fc.assert(
    fc.property(texts, ({ text, repeats }) => {
      assert.equal(refusalOf(text), repeats ? 'json_duplicate_name' : undefined)
    }),
    { numRuns: 3000 },
  )
})

test('nesting is allowed up to the limit and no further', () => {
  fc.assert(
    fc.property(texts, fc.nat({ max: 3 }), ({ text, depth, repeats }, depthMax) => {
      const found = refusalOf(text, { ...JSON_LIMITS, depthMax })
      if (depth > depthMax) assert.equal(found, 'json_too_deep')
      else assert.equal(found, repeats ? 'json_duplicate_name' : undefined)
    }),
    { numRuns: 2000 },
  )
})

test('a text is read exactly when JSON.parse reads it, and as the same value', () => {
  const tokens = fc.constantFrom(
    ...'{}[]:,"\\ au01-e.',
    'null',
    'true',
    '"a"',
    '"b":',
    '\n',
    '\u0000',
  )
  fc.assert(
    fc.property(fc.string({ unit: tokens, maxLength: 8 }), (text) => {
      let expected: { readonly value: unknown } | undefined
      try {
        expected = { value: JSON.parse(text) }
      } catch {
        expected = undefined
      }
      const parsed = parseJson(text)
      if (parsed.ok && !text.includes('\\')) assert.deepEqual(parsed.value, expected?.value)
      else if (parsed.ok) assert.notEqual(expected, undefined)
      else if (parsed.refusal === 'json_invalid') assert.equal(expected, undefined)
      else assert.equal(parsed.refusal, 'json_duplicate_name')
    }),
    { numRuns: 5000 },
  )
})

test('ten thousand levels are refused before anything is read', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    assert.equal(refusalOf(`${open.repeat(10_000)}1${close.repeat(10_000)}`), 'json_too_deep')
    assert.equal(refusalOf(open.repeat(10_000)), 'json_too_deep')
  }
  assert.equal(refusalOf(`${'['.repeat(32)}${']'.repeat(32)}`), undefined)
  assert.equal(refusalOf(`${'['.repeat(33)}${']'.repeat(33)}`), 'json_too_deep')
})

test('the length is counted in UTF-16 code units, and the limit is inclusive', () => {
  const limits = { ...JSON_LIMITS, lengthMax: 4 }
  assert.equal(refusalOf('"😀"', limits), undefined)
  assert.equal(refusalOf('"😀a"', limits), 'json_too_large')
  assert.equal(refusalOf(' '.repeat(JSON_LIMITS.lengthMax + 1)), 'json_too_large')
  assert.equal(refusalOf(`1${' '.repeat(JSON_LIMITS.lengthMax - 1)}`), undefined)
})

test('a lone surrogate is refused in names and in values, escaped or not', () => {
  for (const half of ['\ud83d', '\ude00', '\\ud83d', '\\ude00', '\\ude00\\ud83d', '\\ud83d\\n']) {
    assert.equal(refusalOf(`["${half}"]`), 'json_lone_surrogate', half)
    assert.equal(refusalOf(`[{"${half}":1}]`), 'json_lone_surrogate', half)
  }
  for (const pair of ['😀', '\\ud83d\\ude00', '\\uD83D\ude00']) {
    assert.equal(refusalOf(`{"${pair}":"${pair}"}`), undefined, pair)
  }
})

test('a number that no double holds is refused, at any depth', () => {
  for (const number of ['1e309', '-1e309', '1e400', `1${'0'.repeat(309)}`]) {
    assert.equal(refusalOf(number), 'json_invalid', number)
    assert.equal(refusalOf(`[{"a":[${number}]}]`), 'json_invalid', number)
  }
  assert.equal(refusalOf('[1.7976931348623157e308,1e-400]'), undefined)
})

test('a name with an escape is read as itself, whatever was read before', () => {
  // nodejs/node#63785: once a name `\\` was read, JSON.parse may answer it for another name.
  const escaped = fc.constantFrom(
    '\\',
    '\n',
    '"',
    '\u0000',
    'a\\',
    'a\n',
    '\\u',
    '"a',
    'é',
    '__proto__',
  )
  const pairs = fc.tuple(fc.constantFrom('a', 'b', '\r'), escaped)
  const spelled = (name: string): string =>
    `"${[...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
  fc.assert(
    fc.property(fc.array(fc.tuple(pairs, fc.boolean()), { maxLength: 4 }), (texts) => {
      for (const [[first, second], spellsOut] of texts) {
        const write = spellsOut ? spelled : JSON.stringify
        const text = ` {${write(first)} : [1.5e0,{}] ,${write(second)}:{"x":"]}"}, "z":[ ]}\n`
        const parsed = parseJson(text)
        assert.ok(parsed.ok)
        const expected = [
          [first, [1.5, {}]],
          [second, { x: ']}' }],
          ['z', []],
        ]
        assert.deepEqual(Object.entries(parsed.value as object), expected, text)
      }
    }),
    { numRuns: 500 },
  )
})

test('a byte order mark and trailing text are not JSON', () => {
  for (const text of ['\ufeff{}', '{} {}', '{}\u0000', '1 2', '[]]', '']) {
    assert.equal(refusalOf(text), 'json_invalid', JSON.stringify(text))
  }
})

test('`__proto__` is a member and no prototype', () => {
  const parsed = parseJson('{"__proto__":{"polluted":1}}')
  assert.ok(parsed.ok)
  assert.deepEqual(Object.keys(parsed.value as object), ['__proto__'])
  assert.equal(Object.getPrototypeOf(parsed.value), Object.prototype)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('of several wrongs the first of the documented order is said', () => {
  const limits = { lengthMax: 24, depthMax: 1 }
  assert.equal(refusalOf('[[{"a":1,"a":2,"b":1e400]]', limits), 'json_too_large')
  assert.equal(refusalOf('[[{"a":1,"a":"\\ud800"', limits), 'json_too_deep')
  assert.equal(refusalOf('{"a":1,"a":"\\ud800"'), 'json_invalid')
  assert.equal(refusalOf('{"a":1e400,"a":"\\ud800"}'), 'json_duplicate_name')
  assert.equal(refusalOf('{"a":1,"a":1e400}'), 'json_invalid')
  assert.equal(refusalOf('{"a":"\\ud800","a":"\\ud800"}'), 'json_duplicate_name')
})
