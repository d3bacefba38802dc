/**
 * The surface of a bundle: paths, sizes, manifest, hashes, canonical form. No meaning yet.
 *
 * Attacker-controlled: every name and byte. Nothing is read before paths and sizes are known good.
 *
 * @module
 */
import {
  BUNDLE_LIMITS,
  BundlePath,
  type Crypto,
  canonicalize,
  fromUtf8,
  type Id,
  type JsonValue,
  Jwks,
  type KeyLookup,
  parseAs,
  parseJson,
  ReceiptBundle,
  type SystemJwk,
  thumbprint,
  verifySigned,
} from '@surety/protocol'
import { EVENTS_PATH, JWKS_PATH, MANIFEST_PATH, SIGNATURE_PATH } from './layout.ts'
import type { Findings } from './report.ts'

export type Files = ReadonlyMap<string, Uint8Array>

/** What the later checks read: each text decoded once, each document parsed once. */
export interface Surface {
  readonly gateId: Id<'gat'> | null
  readonly texts: ReadonlyMap<string, string>
  readonly documents: ReadonlyMap<string, JsonValue>
  readonly lines: readonly JsonValue[]
  readonly hashes: ReadonlyMap<string, string>
}

/** Takes a copy of the files, or `undefined` if their names or sizes are refused. */
export function admit(files: Files, findings: Findings): Files | undefined {
  const admitted = new Map<string, Uint8Array>()
  const folded = new Set<string>()
  let total = 0
  for (const [path, bytes] of files) {
    if (admitted.size >= BUNDLE_LIMITS.filesMax + 2) {
      findings.note('sizes', false, '', `more than ${BUNDLE_LIMITS.filesMax} files`)
      break
    }
    const isPath = typeof path === 'string' && parseAs(BundlePath, path).ok
    const name = typeof path === 'string' ? path : ''
    if (!findings.note('paths', isPath, name, 'a path that is not allowed')) break
    const lower = path.toLowerCase()
    const isNew = !folded.has(lower)
    if (!findings.note('paths', isNew, path, 'differs from another path only in case')) break
    folded.add(lower)
    const isBytes = bytes instanceof Uint8Array
    if (!findings.note('sizes', isBytes, path, 'not a file of bytes')) break
    total += bytes.length
    const fits = bytes.length <= BUNDLE_LIMITS.fileBytesMax && total <= BUNDLE_LIMITS.totalBytesMax
    if (!findings.note('sizes', fits, path, 'too large')) break
    admitted.set(path, bytes)
  }
  return findings.hasFailed('paths', 'sizes') ? undefined : new Map([...admitted].sort(byPath))
}

const byPath = ([a]: readonly [string, Uint8Array], [b]: readonly [string, Uint8Array]): number =>
  a < b ? -1 : 1

/** The keys a caller trusts, by kid. A set that contradicts itself is trusted in nothing. */
export function trustedKeys(trusted: Jwks, crypto: Crypto, findings: Findings): KeyLookup {
  const parsed = parseAs(Jwks, trusted)
  const well = findings.note('trusted_keys', parsed.ok, '', 'not a key set')
  const keys = new Map<string, ReturnType<KeyLookup>>()
  if (!parsed.ok || !well) return () => undefined
  for (const jwk of parsed.value.keys) {
    const isNamed = isNamedByContent(jwk, crypto) && !keys.has(jwk.kid)
    findings.note('trusted_keys', isNamed, '', `${jwk.kid}: not its thumbprint, or there twice`)
    const { kid, purpose, notBefore, notAfter } = jwk
    keys.set(kid, { kid, purpose, notBefore, notAfter, publicKey: publicOf(jwk) })
  }
  if (findings.hasFailed('trusted_keys')) return () => undefined
  return (kid) => keys.get(kid)
}

function publicOf({ kty, crv, x }: SystemJwk): Pick<SystemJwk, 'kty' | 'crv' | 'x'> {
  return { kty, crv, x }
}

function isNamedByContent(jwk: SystemJwk, crypto: Crypto): boolean {
  return thumbprint(publicOf(jwk), crypto) === jwk.kid
}

/** Checks the manifest and all bytes against it, and reads what there is to read. */
export function readSurface(
  files: Files,
  keys: KeyLookup,
  crypto: Crypto,
  findings: Findings,
): Surface {
  const texts = new Map<string, string>()
  const documents = new Map<string, JsonValue>()
  const hashes = new Map<string, string>()
  let lines: readonly JsonValue[] = []
  for (const [path, bytes] of files) {
    hashes.set(path, crypto.sha256(bytes))
    if (path.startsWith('evidence/')) continue
    const text = fromUtf8(bytes)
    if (!findings.note('canonical_form', text !== undefined, path, 'not UTF-8')) continue
    texts.set(path, text as string)
    if (path === EVENTS_PATH) lines = readLines(text as string, findings)
    else if (path.endsWith('.json')) {
      const value = readCanonical(text as string, path, findings)
      if (value !== undefined) documents.set(path, value)
    }
  }
  const manifest = readManifest({ texts, documents, hashes }, keys, crypto, findings)
  if (manifest !== undefined) compareFiles(files, manifest, hashes, findings)
  return { gateId: manifest?.gateId ?? null, texts, documents, lines, hashes }
}

function readCanonical(text: string, path: string, findings: Findings): JsonValue | undefined {
  const parsed = parseJson(text)
  if (!parsed.ok) {
    findings.note('canonical_form', false, path, parsed.refusal)
    return undefined
  }
  const isCanonical = canonicalize(parsed.value) === text
  return findings.note('canonical_form', isCanonical, path, 'not the canonical text')
    ? parsed.value
    : undefined
}

function readLines(text: string, findings: Findings): readonly JsonValue[] {
  const ended = text.endsWith('\n')
  findings.note('canonical_form', ended, EVENTS_PATH, 'the last line is not ended')
  const values: JsonValue[] = []
  for (const line of text.slice(0, ended ? -1 : undefined).split('\n')) {
    const value = readCanonical(line, EVENTS_PATH, findings)
    // What follows a line that cannot be read has lost its place in the chain.
    if (value === undefined) break
    values.push(value)
  }
  return values
}

function readManifest(
  { texts, documents, hashes }: Pick<Surface, 'texts' | 'documents' | 'hashes'>,
  keys: KeyLookup,
  crypto: Crypto,
  findings: Findings,
): ReceiptBundle | undefined {
  const note = (holds: boolean, reason: string) =>
    findings.note('manifest', holds, MANIFEST_PATH, reason)
  const value = documents.get(MANIFEST_PATH)
  if (!note(value !== undefined, 'missing or not canonical')) return undefined
  const parsed = parseAs(ReceiptBundle, value)
  if (!parsed.ok) {
    note(false, parsed.detail ?? parsed.refusal)
    return undefined
  }
  const { files } = parsed.value
  const isSorted = files.every((file, i) => i === 0 || (files[i - 1]?.path ?? '') < file.path)
  note(isSorted, 'not sorted by path, or a path twice')
  const lists = files.some(({ path }) => path === MANIFEST_PATH || path === SIGNATURE_PATH)
  note(!lists, 'it lists itself or its signature')
  const jws = texts.get(SIGNATURE_PATH) ?? ''
  const signed = verifySigned(['ReceiptBundle.v1'], jws, keys, crypto)
  const reason = signed.ok ? 'signs another manifest' : signed.refusal
  const isSigned = signed.ok && signed.value.hash === hashes.get(MANIFEST_PATH)
  findings.note('manifest_signature', isSigned, SIGNATURE_PATH, reason)
  return parsed.value
}

function compareFiles(
  files: Files,
  manifest: ReceiptBundle,
  hashes: ReadonlyMap<string, string>,
  findings: Findings,
): void {
  const stated = new Map(manifest.files.map((file) => [file.path, file]))
  for (const [path, bytes] of files) {
    if (path === MANIFEST_PATH || path === SIGNATURE_PATH) continue
    const file = stated.get(path)
    if (!findings.note('file_set', file !== undefined, path, 'not in the manifest')) continue
    const same = file?.size === bytes.length && file.sha256 === hashes.get(path)
    findings.note('file_hashes', same, path, 'not the bytes the manifest names')
  }
  for (const path of stated.keys()) {
    findings.note('file_set', files.has(path), path, 'in the manifest but missing')
  }
}

/** `jwks.json` is a hint: it must be sound and name the keys in use, and is trusted in nothing. */
export function checkHint(
  surface: Surface,
  kids: ReadonlySet<string>,
  crypto: Crypto,
  findings: Findings,
): void {
  const note = (holds: boolean, reason: string) =>
    findings.note('key_hint', holds, JWKS_PATH, reason)
  const parsed = parseAs(Jwks, surface.documents.get(JWKS_PATH))
  if (!parsed.ok) {
    note(false, parsed.detail ?? parsed.refusal)
    return
  }
  const { keys } = parsed.value
  for (const jwk of keys) note(isNamedByContent(jwk, crypto), `${jwk.kid}: not its thumbprint`)
  const listed = new Set(keys.map(({ kid }) => kid))
  for (const kid of kids) note(listed.has(kid), `${kid} signed a receipt and is not listed`)
}
