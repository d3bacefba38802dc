import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Crypto, canonicalize, hashOf, type JsonValue, toBase64url } from '@surety/protocol'
import fc from 'fast-check'
import { PROFILE, STORIES, storyOf } from '../../../../tests/support/bundle-gates.ts'
import { nodeCrypto, remembering } from '../../../../tests/support/bundle-keys.ts'
import {
  bundleOf,
  type Files,
  HOUSE,
  resealed,
  TRUSTED,
} from '../../../../tests/support/bundle-story.ts'
import { compile, decisionOf } from '../policy/index.ts'
import { verify } from './index.ts'

const crypto = remembering(nodeCrypto)
const verified = (files: Files) => verify(files, TRUSTED, crypto)
const released = bundleOf(storyOf('released'))

/** A `Crypto` that must not be reached. */
const untouched: Crypto = {
  sha256: () => assert.fail('read'),
  sign: () => assert.fail('signed'),
  verify: () => assert.fail('verified'),
}

function assertRefused(files: Files, check: string, what: string): void {
  const report = verify(files, TRUSTED, untouched)
  assert.equal(report.ok, false, what)
  assert.deepEqual(
    report.checks.filter(({ result }) => result === 'failed').map((entry) => entry.check),
    [check],
    what,
  )
  assert.equal(report.summary.passed <= 2, true, what)
}

test('hostile names are refused before a byte is read', () => {
  const names = [
    '',
    '.',
    '..',
    '/etc/passwd',
    '../manifest.json',
    'receipts/../manifest.json',
    'receipts//x',
    'receipts/',
    'receipts\\x.jws',
    'C:\\x',
    'c:/x',
    './manifest.json',
    'receipts/.x',
    'receipts/a/b',
    'receipts/x\u0000',
    'receipts/x\n',
    'receipts/ä',
    'receipts/%2e%2e',
    '__proto__',
    'receipts/__proto__',
    `receipts/${'x'.repeat(129)}`,
    'x'.repeat(5_000),
  ]
  for (const name of names) {
    assertRefused(new Map(released).set(name, new Uint8Array()), 'paths', JSON.stringify(name))
  }
  for (const name of ['Manifest.json', 'signed/INTENT.jws', 'manifest.JWS']) {
    assertRefused(new Map(released).set(name, new Uint8Array()), 'paths', name)
  }
})

test('too many files and too many bytes are refused before a byte is read', () => {
  const many = new Map(released)
  for (let i = 0; i < 5_000; i += 1) many.set(`evidence/x${i}`, new Uint8Array())
  assertRefused(many, 'sizes', 'many')
  const large = new Uint8Array(8_388_608)
  const heavy = new Map(Array.from({ length: 9 }, (_, i) => [`evidence/x${i}`, large] as const))
  assertRefused(heavy, 'sizes', 'heavy')
})

test('nothing that is not a bundle verifies or throws', () => {
  const inputs: unknown[] = [
    new Map(),
    null,
    undefined,
    {},
    [],
    'files',
    [['manifest.json', 'text']],
    new Map([['manifest.json', 'text']]),
    new Map([[1, new Uint8Array()]]),
    new Proxy(new Map(), {}),
    new Map([['manifest.json', Buffer.from('{"__proto__":{"ok":true}}')]]),
    new Map([['manifest.json', Buffer.from('['.repeat(100_000))]]),
    new Map([['events.jsonl', Buffer.from('\n'.repeat(100_000))]]),
  ]
  for (const input of inputs) assert.equal(verified(input as Files).ok, false)
  const broken: Crypto = { ...untouched, sha256: () => assert.fail('broken') }
  assert.equal(verify(released, TRUSTED, broken).ok, false)
})

test('`__proto__` as a member is a member more, and refused', () => {
  for (const [path, bytes] of released) {
    if (!path.endsWith('.json') && !path.endsWith('.jsonl')) continue
    const text = Buffer.from(bytes).toString().replace('{', '{"__proto__":{"ok":true},')
    const files = new Map(released).set(path, Buffer.from(text))
    assert.equal(verified(path === 'manifest.json' ? files : resealed(files)).ok, false, path)
  }
})

const turned = (value: JsonValue): JsonValue =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, member]) => [name, turned(member)]),
      )

/** The same document in another text. */
const ENCODINGS: readonly ((text: string) => string)[] = [
  (text) => text.replace(',', ', '),
  (text) => ` ${text}`,
  (text) => `${text}\n`,
  (text) => `\ufeff${text}`,
  (text) => text.replace('schemaVersion', '\\u0073chemaVersion'),
  (text) => JSON.stringify(turned(JSON.parse(text))),
  (text) => text.replace('{', '{"schemaVersion":"x",'),
]

test('another text of the same document is refused, even under the true bundle key', () => {
  for (const [path, bytes] of released) {
    if (!path.endsWith('.json')) continue
    for (const [i, encode] of ENCODINGS.entries()) {
      const text = encode(Buffer.from(bytes).toString())
      if (text === Buffer.from(bytes).toString()) continue
      const files = new Map(released)
      files.delete(path)
      // A file that is named by its hash moves along.
      const name = path.replace(/[0-9a-f]{64}/, nodeCrypto.sha256(text))
      files.set(name, Buffer.from(text))
      const what = `${path} encoding ${i}`
      assert.equal(verified(path === 'manifest.json' ? files : resealed(files)).ok, false, what)
    }
  }
  const events = Buffer.from(released.get('events.jsonl') ?? []).toString()
  for (const other of [
    `${events}\n`,
    `\n${events}`,
    events.replaceAll('\n', '\r\n'),
    events.replace(',', ', '),
  ]) {
    assert.equal(
      verified(resealed(new Map(released).set('events.jsonl', Buffer.from(other)))).ok,
      false,
    )
  }
})

test('another text of a signed object is refused, even under its true key', () => {
  const path = 'receipts/0002-policy-decision.jws'
  const [head = '', body = ''] = Buffer.from(released.get(path) ?? [])
    .toString()
    .split('.')
  const payload = Buffer.from(body, 'base64url').toString()
  for (const encode of ENCODINGS) {
    const input = `${head}.${Buffer.from(encode(payload)).toString('base64url')}`
    const signature = nodeCrypto.sign(Buffer.from(input), HOUSE.decision.privateSeed)
    const jws = `${input}.${toBase64url(signature)}`
    const report = verified(resealed(new Map(released).set(path, Buffer.from(jws))))
    const failed = report.checks.filter(({ result }) => result === 'failed')
    assert.deepEqual(
      failed.map(({ check, file }) => [check, file]),
      [['receipt_signatures', path]],
    )
  }
})

test('every signature is verified once', () => {
  let count = 0
  const counting: Crypto = {
    ...nodeCrypto,
    verify: (...args) => {
      count += 1
      return nodeCrypto.verify(...args)
    },
  }
  for (const story of STORIES.values()) {
    const files = bundleOf(story)
    count = 0
    assert.equal(verify(files, TRUSTED, counting).ok, true)
    assert.equal(count, [...files.keys()].filter((path) => path.endsWith('.jws')).length)
  }
})

test('a gate that is decided again proves both decisions', () => {
  const story = storyOf('waiting')
  const [, step] = story.steps
  if (step?.fact.type !== 'decisionRecorded') throw new Error('a waiting gate was decided')
  const at = '2026-11-20T09:31:00.000Z'
  const facts = { ...JSON.parse(story.facts[0] ?? ''), at, funds: { available: '1' } }
  const { decisionHash: previousDecisionHash, decision: first } = step.fact
  const decisionId = `${first.decisionId.slice(0, -1)}z` as typeof first.decisionId
  const inputHash = hashOf(facts, nodeCrypto)
  const place = {
    decisionId,
    seq: 2,
    previousDecisionHash,
    intentHash: first.intentHash,
    inputHash,
  }
  const decision = decisionOf(facts, compile(PROFILE, first.policyHash), place)
  assert.equal(decision.reasonCode, 'funds_insufficient')
  const fact = { ...step.fact, decision, decisionHash: hashOf(decision, nodeCrypto) }
  const again = {
    ...story,
    steps: [...story.steps, { fact, at }],
    facts: [...story.facts, canonicalize(facts)],
  }
  const report = verified(bundleOf(again))
  assert.deepEqual(
    report.checks.filter(({ result }) => result === 'failed'),
    [],
  )
  const wrong = { ...fact, decision: { ...decision, previousDecisionHash: null } }
  wrong.decisionHash = hashOf(wrong.decision, nodeCrypto)
  const unchained = { ...again, steps: [...story.steps, { fact: wrong, at }] }
  assert.equal(verified(bundleOf(unchained)).ok, false)
})

const bundles = [...STORIES.values()].map((story) => bundleOf(story))

type Mutation = (bytes: Uint8Array, at: number, byte: number, other: Uint8Array) => Uint8Array
const MUTATIONS: readonly Mutation[] = [
  (bytes, at, byte) => bytes.map((old, i) => (i === at ? byte : old)),
  (bytes, at, byte) => Buffer.concat([bytes.slice(0, at), Uint8Array.of(byte), bytes.slice(at)]),
  (bytes, at) => Buffer.concat([bytes.slice(0, at), bytes.slice(at + 1)]),
  (bytes, at) => bytes.slice(0, at),
  (bytes, at) => Buffer.concat([bytes, bytes.slice(at)]),
  (bytes) => bytes.toReversed(),
  (_bytes, _at, _byte, other) => other,
]

/** Goal: no single change of a single file of any bundle is ever accepted. */
test('a mutated bundle never verifies', () => {
  const mutated = fc
    .record({
      bundle: fc.constantFrom(...bundles),
      mutate: fc.constantFrom(...MUTATIONS),
      file: fc.nat(),
      from: fc.nat(),
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      isResealed: fc.boolean(),
    })
    .map(({ bundle, mutate, file, from, at, byte, isResealed }) => {
      const paths = [...bundle.keys()]
      const path = paths[file % paths.length] as string
      const bytes = bundle.get(path) as Uint8Array
      const other = bundle.get(paths[from % paths.length] as string) as Uint8Array
      const changed = mutate(bytes, at % bytes.length, byte, other)
      const isSame = Buffer.compare(changed, bytes) === 0
      const files = new Map(bundle).set(path, changed)
      // The hint is trusted in nothing, so the holder of the bundle key may word it otherwise.
      const mayReseal = isResealed && !path.startsWith('manifest') && path !== 'jwks.json'
      return { isSame, files: mayReseal ? resealed(files) : files }
    })
    .filter(({ isSame }) => !isSame)
  fc.assert(
    fc.property(mutated, ({ files }) => !verified(files).ok),
    { numRuns: 1_500, seed: 7 },
  )
})

test('arbitrary files never verify and never throw', () => {
  const path = fc.oneof(fc.constantFrom(...released.keys()), fc.string())
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.constantFrom(...released.values()),
  )
  const maps = fc.array(fc.tuple(path, bytes), { maxLength: 24 }).map((entries) => new Map(entries))
  fc.assert(
    fc.property(maps, (files) => !verified(files).ok),
    { numRuns: 500, seed: 7 },
  )
})
