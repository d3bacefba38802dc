/**
 * Outbound HTTP to a URL that an attacker may have chosen.
 *
 * Rules: docs/concepts/outbound-requests.md.
 *
 * @module
 */
import type { ProblemCode } from '@surety/protocol'
import { Failure } from '../ports.ts'

/** In the order they stand; a name may stand several times. Names of an answer are lower case. */
export type WebHeaders = readonly (readonly [name: string, value: string])[]

export interface WebLimits {
  /** Of the answer's body, as it comes and decompressed. */
  readonly bodyBytesMax: number
  /** From the call until the head of the answer is there; name, connection and request included. */
  readonly headTimeMs: number
  /** From the call until the last byte of the body. */
  readonly timeMs: number
}

export interface WebRequest {
  readonly method: string
  readonly url: string
  /** Sent as given. `host` and what frames the message are the adapter's. */
  readonly headers: WebHeaders
  readonly body?: Uint8Array
  /** Whether the profile names this origin, so that its address may be private or loopback. */
  readonly mayBePrivate: boolean
  readonly limits: WebLimits
  /** Ends the exchange; what was sent may have been received. */
  readonly signal?: AbortSignal
}

export interface Patience {
  readonly bytesMax: number
  /** Told of every piece that is held; `false` if there is no room for it. */
  readonly hold?: (bytes: number) => boolean
  /** `null`: as long as the exchange may take. */
  readonly waitMs: number | null
}

export type Begun =
  | { readonly type: 'whole'; readonly body: Uint8Array }
  | { readonly type: 'long'; readonly chunks: AsyncGenerator<Uint8Array, void> }

export interface WebAnswer {
  readonly status: number
  /** Without those that belong to the connection and the encoding. */
  readonly headers: WebHeaders
  /** Decompressed, once, as it arrives. Throws a WebFailure when a limit is passed. */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body. Throws a WebFailure when a limit is passed. */
  collect(): Promise<Uint8Array>
  /**
   * The whole body if it ends within so many bytes and so much time from now, and there is room
   * for it; otherwise the body as it comes, nothing of it lost. Throws as `collect` does.
   */
  begin(patience: Patience): Promise<Begun>
  /** Lets go of the connection without reading further. */
  discard(): void
}

export interface Web {
  /**
   * One exchange on a connection of its own. Every address of the name is checked, and the
   * connection goes to one that was. Redirects are answers, and are not followed.
   *
   * Throws a WebFailure: `web_url_invalid`, `web_address_refused`, `web_name_unresolved`,
   * `web_unreachable`, `web_timeout`, `web_answer_invalid`, `web_answer_too_large`; and the reason
   * of `signal`.
   */
  fetch(request: WebRequest): Promise<WebAnswer>
}

export type WebCode = Extract<ProblemCode, `web_${string}`>

/** The outside did not answer as it must. */
export class WebFailure extends Failure {
  declare readonly code: WebCode
  /** `no`: certainly nothing of the request left this machine. */
  readonly sent: 'no' | 'maybe'
  /** In words for the agent: no address of ours, nothing secret. */
  readonly detail: string
  constructor(code: WebCode, sent: 'no' | 'maybe', detail: string) {
    super(code, detail)
    this.detail = detail
    this.sent = sent
  }
}
