/**
 * Headers that belong to a connection rather than to the message (RFC 9110 §7.6.1), and ours.
 *
 * @module
 */
import type { WebHeaders, WebRequest } from '../ports/web.ts'

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
const OURS = [...HOP_BY_HOP, 'host', 'content-length', 'accept-encoding', 'expect']
/** The body is handed on decompressed, so these no longer describe it. */
const OF_THE_ENCODING = [...HOP_BY_HOP, 'content-length', 'content-encoding']
const WITH_BODY = ['POST', 'PUT', 'PATCH']

/** What is sent: the request's own headers, and those that frame it. */
export function requestHeaders(host: string, request: WebRequest): WebHeaders {
  const given = request.headers.filter(([name]) => !OURS.includes(name.toLowerCase()))
  const has = (name: string) => given.some(([each]) => each.toLowerCase() === name)
  const length = request.body?.length ?? 0
  return [
    ['host', host],
    ...given,
    ...(has('accept') ? [] : [['accept', '*/*'] as const]),
    ...(has('user-agent') ? [] : [['user-agent', 'surety'] as const]),
    ['accept-encoding', 'gzip, br'],
    ...(length > 0 || WITH_BODY.includes(request.method)
      ? [['content-length', String(length)] as const]
      : []),
    ['connection', 'close'],
  ]
}

/** What is handed on of an answer's headers; names in lower case. */
export function answerHeaders(raw: readonly string[]): WebHeaders {
  const pairs: (readonly [string, string])[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    pairs.push([(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? ''])
  }
  const nominated = nominatedIn(pairs)
  return pairs.filter(([name]) => !OF_THE_ENCODING.includes(name) && !nominated.has(name))
}

/** RFC 9110 §7.6.1: `Connection` names further headers that go no further. */
function nominatedIn(headers: WebHeaders): ReadonlySet<string> {
  const values = headers.filter(([name]) => name === 'connection').map(([, value]) => value)
  return new Set(values.flatMap((value) => value.toLowerCase().split(/\s*,\s*/)))
}
