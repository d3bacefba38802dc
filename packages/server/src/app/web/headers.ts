/**
 * Which headers an agent may send through Surety, and which of an answer reach it.
 *
 * Rules: docs/concepts/outbound-requests.md.
 *
 * @module
 */
import { err, headerNameOf, ok, type Result } from '@surety/protocol'
import type { WebHeaders } from '../../ports/web.ts'

/**
 * `fetch`: the headers stand in a body, so each is meant for the server. `proxy`: they are those of
 * the request to Surety itself, and some were meant for it.
 */
export type Door = 'fetch' | 'proxy'

const HEADERS_MAX = 64
const HEADERS_LENGTH_MAX = 16_384
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Of one connection, or of the message's framing, which the adapter does. */
const FRAMING = [
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Said to Surety by a proxied request, and not to be told to anybody else. */
const FOR_SURETY = ['authorization', 'cookie', 'forwarded', 'idempotency-key', 'via']
/** An agent that could send one of these would pay past the decision. */
const PAYING = ['payment-signature', 'x-payment', 'sign-in-with-x']

/** Makes a method another one than was decided on. */
const OVERRIDING = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** The headers to send, in order, names in lower case; `web_header_refused` for the first bad. */
export function headersToServer(
  headers: WebHeaders,
  door: Door,
): Result<WebHeaders, 'web_header_refused'> {
  const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (headers.length > HEADERS_MAX || size > HEADERS_LENGTH_MAX) {
    return err('web_header_refused', 'there are too many headers')
  }
  const sent: (readonly [string, string])[] = []
  for (const [given, value] of headers) {
    const name = given.toLowerCase()
    // `Payment_Signature` is the same variable behind CGI.
    const meant = headerNameOf(name)
    if (isDropped(meant, door)) continue
    const why = refusal(name, meant, value)
    if (why !== undefined) return err('web_header_refused', `\`${name.slice(0, 64)}\`: ${why}`)
    sent.push([name, value])
  }
  return ok(sent)
}

function isDropped(name: string, door: Door): boolean {
  if (FRAMING.includes(name)) return true
  const isOurs = FOR_SURETY.includes(name) || name.startsWith('x-surety-')
  return door === 'proxy' && (isOurs || name.startsWith('x-forwarded-'))
}

function refusal(given: string, name: string, value: string): string | undefined {
  if (!NAME.test(given) || !VALUE.test(value)) return 'a header holds characters it may not'
  if (PAYING.includes(name)) return 'only Surety pays'
  if (name.startsWith('x-surety-')) return 'the name is ours'
  if (OVERRIDING.includes(name)) return 'the method is the one that was decided on'
  return name === 'cookie' ? 'Surety keeps and sends no cookies' : undefined
}

const NOT_HANDED_ON = ['set-cookie', 'alt-svc', 'strict-transport-security', 'clear-site-data']

/** The answer's headers for the agent: nothing that speaks in our name or changes its client. */
export function headersToAgent(headers: WebHeaders): WebHeaders {
  return headers.filter(([name]) => !NOT_HANDED_ON.includes(name) && !name.startsWith('x-surety-'))
}
