/**
 * Which headers of a request that is fetched name it, and how. Rules: spec/intent.md.
 *
 * @module
 */
import type { Crypto } from '../crypto.ts'

export type SentHeaders = readonly (readonly [name: string, value: string])[]
type Named = { readonly name: string; readonly value: string }

/** How many headers a fingerprint has room for. */
export const NAMED_HEADERS_MAX = 16

/** What a client adds by itself; it differs from call to call and asks for nothing else. */
const OF_CLIENT =
  /^(?:accept-encoding|accept-language|user-agent|traceparent|tracestate|baggage|date|priority|x-request-id|x-correlation-id|sec-.*)$/
/** INVARIANT(redaction): nothing of these is ever written down, not even a hash. */
const SECRET =
  /^(?:authorization|proxy-authorization|cookie|set-cookie)$|api-?key|token|secret|passw|credential|session|signature/

/** A server behind CGI reads `_` and `-` as one. */
export function headerNameOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/**
 * The headers that name a request: in order, each by the hash of its lines, so that no value is
 * written down; those of a client and secrets left out. `undefined`: more than there is room for.
 */
export function namedHeaders(headers: SentHeaders, crypto: Crypto): Named[] | undefined {
  const values = new Map<string, string[]>()
  for (const [given, value] of headers) {
    const name = headerNameOf(given)
    const isAny = name === 'accept' && value === '*/*'
    if (isAny || OF_CLIENT.test(name) || SECRET.test(name)) continue
    values.set(name, [...(values.get(name) ?? []), `${given.toLowerCase()}: ${value}\n`])
  }
  if (values.size > NAMED_HEADERS_MAX) return undefined
  const hashed = [...values].map(([name, all]) => {
    return { name, value: `sha-256=${crypto.sha256(all.join(''))}` }
  })
  return hashed.sort((a, b) => (a.name < b.name ? -1 : 1))
}
