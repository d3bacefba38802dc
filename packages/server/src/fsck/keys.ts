/**
 * The keys of the house: one current key a purpose, and no private one that others can read.
 *
 * @module
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Crypto,
  fromBase64url,
  Jwks,
  type KeyLookup,
  parseAs,
  publicJwkOf,
  type SystemPurpose,
  thumbprint,
} from '@surety/protocol'
import type { Findings } from './findings.ts'
import { jsonOf } from './tables.ts'

const OTHERS = 0o077
const PURPOSES: readonly SystemPurpose[] = [
  'decision',
  'authorization',
  'settlement',
  'passport',
  'bundle',
  'control',
]

/** Checks the keys, and answers how to look our own up. */
export function checkKeys(directory: string, findings: Findings, crypto: Crypto): KeyLookup {
  try {
    checkFiles(directory, findings, crypto)
    const value = jsonOf(readFileSync(join(directory, 'jwks.json'), 'utf8'))
    const jwks = parseAs(Jwks, value)
    if (!findings.expect('keys', jwks.ok, 'jwks.json is not a key set') || !jwks.ok)
      return () => undefined
    const known = jwks.value.keys
    for (const purpose of PURPOSES) {
      const current = known.filter((key) => key.purpose === purpose && key.notAfter === null)
      findings.expect('keys', current.length === 1, `${current.length} current ${purpose} keys`)
    }
    for (const { kid, kty, crv, x } of known) {
      const isOwn = thumbprint({ kty, crv, x }, crypto) === kid
      findings.expect('keys', isOwn, `${kid} is not the thumbprint of its key`)
    }
    const keys = new Map(
      known.map(({ kid, kty, crv, x, purpose, notBefore, notAfter }) => {
        return [kid, { kid, publicKey: { kty, crv, x }, purpose, notBefore, notAfter }] as const
      }),
    )
    return (kid) => keys.get(kid)
  } catch (cause) {
    findings.problem('keys', cause instanceof Error ? cause.message : 'the keys cannot be read')
    return () => undefined
  }
}

function checkFiles(directory: string, findings: Findings, crypto: Crypto): void {
  const isPrivate = (path: string) => (statSync(path).mode & OTHERS) === 0
  findings.expect('keys', isPrivate(directory), 'others can open the folder of the keys')
  for (const name of readdirSync(directory)) {
    if (name !== 'house.key' && !name.endsWith('.seed')) continue
    const path = join(directory, name)
    findings.expect('keys', isPrivate(path), `others can read ${name}`)
    const seed = fromBase64url(readFileSync(path, 'utf8').trim())
    const isSeed = findings.expect('keys', seed?.length === 32, `${name} does not hold 32 bytes`)
    if (!isSeed || name === 'house.key') continue
    const kid = thumbprint(publicJwkOf(seed as Uint8Array), crypto)
    findings.expect('keys', name === `${kid}.seed`, `${name} is the key ${kid}`)
  }
}
