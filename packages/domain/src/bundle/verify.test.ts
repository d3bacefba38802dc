import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Jwks, parseAs, portableCrypto, VerificationReport } from '@surety/protocol'
import { STORIES, storyOf } from '../../../../tests/support/bundle-gates.ts'
import {
  jwksOf,
  nodeCrypto,
  remembering,
  systemKeys,
} from '../../../../tests/support/bundle-keys.ts'
import {
  bundleOf,
  type Files,
  HOUSE,
  partsOf,
  resealed,
  sealedOf,
  TRUSTED,
} from '../../../../tests/support/bundle-story.ts'
import { build, verify } from './index.ts'
import { CHECKS } from './report.ts'

const crypto = remembering(nodeCrypto)
const verified = (files: Files, trusted: Jwks = TRUSTED) => verify(files, trusted, crypto)

/** The report must say no, and at least one failure must name one of these files. */
function assertNames(files: Files, names: readonly string[], what: string): void {
  const report = verified(files)
  assert.equal(report.ok, false, what)
  const named = report.checks.some(
    (entry) => entry.result === 'failed' && names.includes(entry.file ?? ''),
  )
  assert.ok(named, `${what}: ${JSON.stringify(report.checks.filter((c) => c.result === 'failed'))}`)
}

test('a bundle of a gate verifies, however the gate ended', () => {
  for (const [name, story] of STORIES) {
    const report = verified(bundleOf(story))
    const failed = report.checks.filter(({ result }) => result === 'failed')
    assert.deepEqual(failed, [], name)
    assert.equal(report.ok, true, name)
    assert.equal(report.gateId, story.gateId)
    assert.ok(parseAs(VerificationReport, report).ok)
  }
})

test('portable and native primitives give one report', () => {
  const files = bundleOf(storyOf('released'))
  assert.deepEqual(verify(files, TRUSTED, portableCrypto), verified(files))
})

test('every check stands in every report once at least, in one order', () => {
  for (const story of STORIES.values()) {
    const names = verified(bundleOf(story)).checks.map(({ check }) => check)
    // What is about money that left the house, or about controls, is mentioned of such gates alone.
    const all = Object.entries(CHECKS).filter(([, kind]) => !['paid', 'stopped'].includes(kind))
    assert.deepEqual(
      [...new Set(names)],
      all.map(([check]) => check),
    )
  }
})

test('what no bundle shows is never established and never required', () => {
  const report = verified(bundleOf(storyOf('split-by-person')))
  const never = report.checks.filter(({ result }) => result === 'not_established')
  assert.deepEqual(
    never.map(({ check, required }) => [check, required]),
    [
      'later_events',
      'revocation_freshness',
      'rail_finality',
      'party_statements',
      'response_body',
    ].map((check) => [check, false]),
  )
})

test('what a gate did not reach is not established, and nothing passes unexamined', () => {
  const report = verified(bundleOf(storyOf('denied')))
  const result = (check: string) => report.checks.find((entry) => entry.check === check)?.result
  for (const check of [
    'authorization',
    'budgets',
    'transfers',
    'partition',
    'settlement_decision',
  ]) {
    assert.equal(result(check), 'not_established', check)
  }
  assert.equal(result('decision'), 'passed')
})

test('the same parts give the same bytes, in any order', () => {
  const parts = partsOf(storyOf('released'))
  const turned = {
    ...parts,
    receipts: parts.receipts.toReversed(),
    passports: parts.passports.toReversed(),
  }
  assert.deepEqual([...sealedOf(turned)], [...sealedOf(parts)])
  assert.throws(() => build({ ...parts, facts: [...parts.facts, ...parts.facts] }, nodeCrypto))
})

test('a flipped byte anywhere is found, and the file is named', () => {
  const files = bundleOf(storyOf('released'))
  for (const [path, bytes] of files) {
    const step = bytes.length <= 700 ? 3 : Math.ceil(bytes.length / 97)
    for (let i = 0; i < bytes.length; i += step) {
      const flipped = bytes.slice()
      flipped[i] = (bytes[i] as number) ^ (1 << (i % 8))
      assertNames(new Map(files).set(path, flipped), [path, 'manifest.jws'], `${path} byte ${i}`)
    }
    assertNames(new Map(files).set(path, bytes.slice(0, -1)), [path], `${path} cut`)
    assertNames(new Map(files).set(path, new Uint8Array()), [path], `${path} emptied`)
  }
})

test('a file that is removed, added or renamed is found', () => {
  for (const name of ['released', 'denied', 'expired-waiting']) {
    const files = bundleOf(storyOf(name))
    for (const [path, bytes] of files) {
      const removed = new Map(files)
      removed.delete(path)
      assertNames(removed, [path], `${path} removed`)
      const other = path.replace(/[a-z](?=\.\w+$)/, 'x').replace(/\d(?=\.\w+$)/, 'x')
      assert.notEqual(other, path)
      assertNames(new Map(removed).set(other, bytes), [other, path], `${path} renamed`)
      // The holder of the bundle key cannot hide it either.
      if (path.startsWith('manifest')) continue
      assertNames(resealed(removed), [path, 'events.jsonl'], `${path} removed, resealed`)
      assertNames(
        resealed(new Map(removed).set(other, bytes)),
        [other, path],
        `${path} renamed, resealed`,
      )
    }
    const extra = new Map(files).set('evidence/note.txt', Buffer.from('hello'))
    assertNames(extra, ['evidence/note.txt'], 'added')
    assertNames(resealed(extra), ['evidence/note.txt'], 'added, resealed')
  }
})

test('a response body may be there if it is what the provider stated', () => {
  const files = bundleOf(storyOf('released'))
  const body = Buffer.from('answer 100')
  const path = `evidence/${nodeCrypto.sha256(body)}`
  assert.equal(verified(resealed(new Map(files).set(path, body))).ok, true)
  const other = new Map(files).set(path, Buffer.from('answer 101'))
  assertNames(resealed(other), [path], 'another body')
})

test('a whole house of foreign keys convinces nobody who trusts another', () => {
  const foreign = systemKeys('foreign')
  const files = bundleOf(storyOf('released'), foreign)
  const report = verified(files)
  assert.equal(report.ok, false)
  const failed = new Set(
    report.checks.filter(({ result }) => result === 'failed').map(({ check }) => check),
  )
  for (const check of ['manifest_signature', 'receipt_signatures', 'passports']) {
    assert.ok(failed.has(check), check)
  }
  // Its own keys stand in jwks.json, and are trusted in nothing.
  assert.equal(
    verified(files, jwksOf(foreign)).checks.find((c) => c.check === 'manifest_signature')?.result,
    'passed',
  )
})

test('a stated hash that follows a changed file needs the bundle key', () => {
  const files = new Map(bundleOf(storyOf('released')))
  const jwks = Buffer.from(files.get('jwks.json') ?? [])
  files.set('jwks.json', Buffer.from(jwks.toString().replace('2026-01-01', '2025-01-01')))
  const forged = resealed(files, systemKeys('foreign').bundle)
  assertNames(forged, ['manifest.jws'], 'resealed with a foreign key')
})

test('a key that was retired after it signed still proves; one that had ended does not', () => {
  const files = bundleOf(storyOf('released'))
  assert.equal(verified(files, jwksOf(HOUSE, '2026-11-20T10:00:00.000Z')).ok, true)
  // Both ends are inclusive: the last receipt is of this very moment.
  assert.equal(verified(files, jwksOf(HOUSE, '2026-11-20T09:30:00.070Z')).ok, true)
  assert.equal(verified(files, jwksOf(HOUSE, '2026-11-20T09:30:00.069Z')).ok, false)
})

test('a key of Surety proves only what its purpose is', () => {
  const files = bundleOf(storyOf('released'))
  for (const { kid } of TRUSTED.keys) {
    const keys = TRUSTED.keys.map((key) =>
      key.kid === kid
        ? { ...key, purpose: key.purpose === 'decision' ? 'bundle' : 'decision' }
        : key,
    )
    assert.equal(verified(files, { keys } as Jwks).ok, false)
  }
})

test('keys that are not named by their thumbprint, or named twice, are trusted in nothing', () => {
  const files = bundleOf(storyOf('released'))
  const [first, second, ...rest] = TRUSTED.keys
  const swapped = { keys: [{ ...first, kid: second?.kid }, second, ...rest] } as Jwks
  const twice = { keys: [...TRUSTED.keys, first] } as Jwks
  for (const trusted of [swapped, twice, { keys: [] }, {} as Jwks, null as unknown as Jwks]) {
    const report = verified(files, trusted)
    assert.equal(report.ok, false)
  }
})
