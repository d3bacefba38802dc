/**
 * What an agent asks Surety to fetch, taken apart and named exactly.
 *
 * @module
 */
import {
  err,
  fromBase64url,
  hashOf,
  NAMED_HEADERS_MAX,
  namedHeaders,
  ok,
  type ProblemCode,
  type RequestFingerprint,
  type Result,
} from '@surety/protocol'
import type { WebHeaders } from '../../ports/web.ts'
import type { App } from '../runtime.ts'
import { type Door, headersToServer } from '../web/headers.ts'
import type { Place } from './leaving/places.ts'

/** As it came through a door. */
export interface FetchInput {
  readonly url: string
  readonly method: string
  readonly headers: WebHeaders
  readonly body: Uint8Array
  readonly grantHash: string
  /** The agent's own ceiling, in minor units of an asset. */
  readonly maximum: { readonly amount: string; readonly asset: string } | null
  /** An `ExecutionIntent.v1` signed by the agent; absent where its API key stands for it. */
  readonly intent: string | null
  readonly idempotencyKey: string | null
  readonly door: Door
  readonly place: Place
  /** How long the whole answer is waited for before it is handed on as it comes. */
  readonly waitMs: (answer: { readonly headers: WebHeaders }) => number | null
}

/** A request that may be decided upon: in its one form, with nothing of ours in it. */
export interface FetchRequest extends FetchInput {
  readonly fingerprint: Extract<RequestFingerprint, { url: string }>
  readonly fingerprintHash: string
}

/** Reads the body of the door: text, or bytes in base64url. */
export function bodyOf(body: {
  readonly body?: string
  readonly bodyBase64?: string
}): Result<Uint8Array, ProblemCode> {
  if (body.body !== undefined && body.bodyBase64 !== undefined) {
    return err('schema_mismatch', 'a request has one body')
  }
  if (body.bodyBase64 === undefined) return ok(new TextEncoder().encode(body.body ?? ''))
  const bytes = fromBase64url(body.bodyBase64)
  return bytes === undefined ? err('schema_mismatch', '`bodyBase64` is not base64url') : ok(bytes)
}

/** As a fingerprint has them. */
const NAMED = /^[a-z0-9-]{1,64}$/

/** Puts a request into its one form; what cannot be is refused before anything else happens. */
export function readRequest(app: App, input: FetchInput): Result<FetchRequest, ProblemCode> {
  if (!URL.canParse(input.url)) return err('web_url_invalid', 'it does not parse')
  const url = new URL(input.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return err('web_url_invalid', `\`${url.protocol}\` is not a scheme of the web`)
  }
  // INVARIANT(redaction): what is in a fingerprint is journalled for good.
  if (url.username !== '' || url.password !== '') {
    return err('web_url_invalid', 'it holds credentials')
  }
  url.hash = ''
  const headers = headersToServer(input.headers, input.door)
  if (!headers.ok) return headers
  const named = namedHeaders(headers.value, app.crypto)
  if (named === undefined || !named.every(({ name }) => NAMED.test(name))) {
    const room = String(NAMED_HEADERS_MAX)
    return err('web_header_refused', `at most ${room}, of letters, digits and -, can be bound`)
  }
  const isRead = input.method === 'GET' || input.method === 'HEAD'
  if (isRead && input.body.length > 0) return err('schema_mismatch', 'a GET has no body')
  const fingerprint = {
    schemaVersion: 'RequestFingerprint.v1',
    method: input.method,
    url: url.href,
    headers: named,
    bodyHash: app.crypto.sha256(input.body),
  } as const satisfies RequestFingerprint
  const fingerprintHash = hashOf(fingerprint, app.crypto)
  return ok({ ...input, url: url.href, headers: headers.value, fingerprint, fingerprintHash })
}
