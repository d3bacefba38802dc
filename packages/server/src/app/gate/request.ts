/**
 * Whether a request fingerprint is in its one canonical form. Rules: spec/intent.md.
 *
 * @module
 */
import type { RequestFingerprint } from '@surety/protocol'

/** Headers whose values are credentials; they may not be bound. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
])

/** What is not canonical, in words; `undefined` if everything is. */
export function canonicalRequest(fingerprint: RequestFingerprint): string | undefined {
  if ('tool' in fingerprint) return undefined
  const { url, headers } = fingerprint
  if (!URL.canParse(url)) return 'the URL does not parse'
  const parsed = new URL(url)
  // WHATWG URL §4.5: the serialisation is unique; anything else is a second name of one thing.
  if (parsed.href !== url || parsed.hash !== '') return `the URL serialises as \`${parsed.href}\``
  if (parsed.username !== '' || parsed.password !== '') return 'the URL holds credentials'
  // INVARIANT(redaction): what is in a fingerprint is journalled for good.
  const secret = headers.find(({ name }) => SECRET_HEADERS.has(name))
  if (secret !== undefined) return `the header \`${secret.name}\` carries secrets`
  const sorted = headers.every((header, i) => i === 0 || (headers[i - 1]?.name ?? '') < header.name)
  return sorted ? undefined : 'the headers are not sorted by name, or one stands twice'
}
