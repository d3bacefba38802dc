import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Jwks } from '@surety/protocol'
import { expectationOf, vectors } from '../../../../tests/bundle-vectors/vectors.ts'
import { nodeCrypto } from '../../../../tests/support/bundle-keys.ts'
import { verify } from './index.ts'

const root = fileURLToPath(new URL('../../../../spec/vectors/bundle', import.meta.url))
const json = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))
const trusted = json('trusted.json') as Jwks

function readBundle(name: string): ReadonlyMap<string, Uint8Array> {
  const folder = join(root, name, 'bundle')
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path).split(sep).join('/'), readFileSync(path)]),
  )
}

const names = ['valid', 'refused'].flatMap((kind) =>
  readdirSync(join(root, kind)).map((name) => `${kind}/${name}`),
)

test('each vector verifies or is refused as it states', () => {
  assert.ok(names.length >= 20)
  for (const name of names) {
    const report = verify(readBundle(name), trusted, nodeCrypto)
    assert.deepEqual(expectationOf(report), json(`${name}/expected.json`), name)
    assert.equal(report.ok, name.startsWith('valid/'), name)
  }
})

test('the vectors are what the same parts give today, byte for byte', () => {
  const made = vectors()
  assert.deepEqual([...made.keys()].sort(), names.toSorted())
  for (const [name, files] of made) {
    const kept = readBundle(name)
    assert.deepEqual([...kept.keys()].sort(), [...files.keys()].sort(), name)
    for (const [path, bytes] of files) {
      assert.ok(Buffer.from(bytes).equals(kept.get(path) as Uint8Array), `${name} ${path}`)
    }
  }
})
