import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Ended, problemIn, type Scratch, scratch } from './support.ts'

const VECTORS = fileURLToPath(new URL('../../spec/vectors/bundle', import.meta.url))
const GENUINE = join(VECTORS, 'valid', 'released', 'bundle')
const TRUSTED = join(VECTORS, 'trusted.json')

let place: Scratch
let number = 0
before(() => {
  place = scratch()
})
after(() => place.remove())

/** A fresh copy for each test. */
let bundle: string
beforeEach(() => {
  number += 1
  bundle = place.path(`bundle-${String(number)}`)
  cpSync(GENUINE, bundle, { recursive: true })
})

const verify = (): Promise<Ended> => place.surety('verify', bundle, '--keys', TRUSTED, '--json')

interface Report {
  readonly ok: boolean
  readonly schemaVersion: string
  readonly checks: { readonly check: string; readonly result: string; readonly file?: string }[]
}

function failedIn(ended: Ended): readonly string[] {
  const report = JSON.parse(ended.out) as Report
  assert.equal(ended.code, 1)
  assert.equal(report.ok, false)
  return report.checks.filter(({ result }) => result === 'failed').map(({ file }) => file ?? '')
}

test('a genuine bundle verifies; for people the checks stand in groups', async () => {
  const json = await verify()
  assert.equal(json.code, 0)
  assert.equal((JSON.parse(json.out) as Report).schemaVersion, 'VerificationReport.v1')
  const { code, out } = await place.surety('verify', bundle, '--keys', TRUSTED)
  assert.equal(code, 0)
  assert.match(out, /^✓ verified .+\n\npassed\n[\s\S]+\n\nnot established\n/)
  assert.equal(out.includes('\u001b'), false, 'no colour without a terminal')
})

test('a flipped byte, a missing, an added and a cut file are named', async () => {
  const file = join(bundle, 'signed', 'intent.jws')
  const bytes = readFileSync(file)
  bytes[40] = (bytes[40] ?? 0) ^ 1
  writeFileSync(file, bytes)
  assert.ok(failedIn(await verify()).includes('signed/intent.jws'))
  truncateSync(file, 10)
  assert.ok(failedIn(await verify()).includes('signed/intent.jws'))
  cpSync(GENUINE, bundle, { recursive: true })
  writeFileSync(join(bundle, 'receipts', '0099-extra.jws'), 'x')
  assert.ok(failedIn(await verify()).includes('receipts/0099-extra.jws'))
})

test('keys that lie in the bundle are refused, also by a link', async () => {
  const inside = join(bundle, 'jwks.json')
  const ended = await place.surety('verify', bundle, '--keys', inside, '--json')
  assert.equal(ended.code, 2)
  const link = place.path('link.json')
  symlinkSync(inside, link)
  assert.equal((await place.surety('verify', bundle, '--keys', link)).code, 2)
})

test('keys of another house verify nothing', async () => {
  await place.json('init', 'other')
  const keys = ['--keys', 'other/keys/jwks.json', '--json']
  const ended = await place.surety('verify', bundle, ...keys)
  assert.ok(failedIn(ended).includes('manifest.json') || failedIn(ended).includes('manifest.jws'))
})

test('links, odd files and names that lead away are refused before anything is believed', async () => {
  const plant: readonly ((root: string) => void)[] = [
    (root) => symlinkSync(TRUSTED, join(root, 'facts', 'link.json')),
    (root) => symlinkSync(VECTORS, join(root, 'more')),
    (root) => mkdirSync(join(root, 'receipts', 'deep')),
    (root) => mkdirSync(join(root, 'UPPER')),
    (root) => writeFileSync(join(root, 'receipts', '.hidden'), ''),
    (root) => writeFileSync(join(root, 'name with space'), ''),
    (root) => writeFileSync(join(root, `${'a'.repeat(200)}`), ''),
  ]
  for (const [i, each] of plant.entries()) {
    const root = place.path(`hostile-${String(i)}`)
    cpSync(GENUINE, root, { recursive: true })
    each(root)
    const ended = await place.surety('verify', root, '--keys', TRUSTED, '--json')
    assert.equal(ended.code, 1, String(i))
    assert.equal(problemIn(ended).code, 'bundle_hostile')
  }
})

test('too large a file and too many files are refused without being read', async () => {
  const large = join(bundle, 'facts', 'large.json')
  writeFileSync(large, '')
  truncateSync(large, 1_000_000_000)
  assert.equal(problemIn(await verify()).code, 'bundle_hostile')
  truncateSync(large, 0)
  for (let i = 0; i < 1_100; i += 1) writeFileSync(join(bundle, 'facts', `f${String(i)}`), '')
  assert.equal(problemIn(await verify()).code, 'bundle_hostile')
})

test('a file is an audit export or not verified, and a link is no bundle', async () => {
  const file = await place.surety('verify', TRUSTED, '--keys', TRUSTED, '--json')
  assert.equal(file.code, 1)
  const report = JSON.parse(file.out) as { ok: boolean; problems: readonly string[] }
  assert.equal(report.ok, false)
  assert.ok(report.problems.length > 0)
  const link = place.path('bundle-link')
  symlinkSync(bundle, link)
  const linked = await place.surety('verify', link, '--keys', TRUSTED, '--json')
  assert.equal(problemIn(linked).code, 'bundle_not_a_directory')
})
