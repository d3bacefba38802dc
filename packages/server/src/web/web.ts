/**
 * Outbound HTTP to places that an attacker may have chosen: what is checked is what is reached.
 *
 * A name is resolved once, every address of it is judged, and the connection goes to one of them;
 * there is no second look-up that could answer otherwise. Rules:
 * docs/concepts/outbound-requests.md.
 *
 * @module
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { type Web, type WebAnswer, WebFailure, type WebRequest } from '../ports/web.ts'
import { placeOf } from './address.ts'
import { answerBody } from './body.ts'
import { Deadline } from './deadline.ts'
import { failureOf } from './failure.ts'
import { answerHeaders, requestHeaders } from './headers.ts'
import { nameResolver, type Resolve } from './resolve.ts'

/**
 * Ports of protocols in which a request's body would be understood as commands: those of Fetch
 * §2.10, Redis and memcached. A mail server, for one, would send what an agent writes.
 */
const OTHER_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
  995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667,
  6668, 6669, 6679, 6697, 10_080, 11_211,
])

const URL_LENGTH_MAX = 2_048
const ADDRESSES_MAX = 4
const ANSWER_HEADERS_BYTES_MAX = 32_768
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** `ca` replaces the certificate authorities of the system. */
export function guardedWeb(given: { readonly resolve?: Resolve; readonly ca?: string } = {}): Web {
  const { resolve = nameResolver(), ca } = given
  return {
    async fetch(request) {
      if (!METHODS.includes(request.method)) throw new TypeError(`no method: ${request.method}`)
      const url = urlOf(request.url)
      const deadline = new Deadline(request)
      try {
        const addresses = await addressesOf(url, request.mayBePrivate, resolve, deadline)
        return await connectToOne({ url, request, addresses, deadline, ca })
      } catch (failure) {
        deadline.end()
        throw failure
      }
    },
  }
}

/** Throws `web_url_invalid` for anything but an http or https URL with a host and no secret. */
export function urlOf(text: string): URL {
  const url = text.length <= URL_LENGTH_MAX ? URL.parse(text) : null
  const refuse = (why: string): never => {
    throw new WebFailure('web_url_invalid', 'no', why)
  }
  if (url === null) return refuse('it is no URL, or too long')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse('use http or https')
  if (url.username !== '' || url.password !== '') return refuse('it holds a user or a password')
  if (url.hostname === '' || url.hostname.length > 255) return refuse('it names no host')
  if (url.port !== '' && OTHER_PORTS.has(Number(url.port)))
    return refuse('the port is of another protocol')
  url.hash = ''
  return url
}

/**
 * INVARIANT(default-deny): one address that is not allowed refuses the name; otherwise a name with
 * two addresses would pass the check with one and be reached at the other.
 */
async function addressesOf(
  url: URL,
  mayBePrivate: boolean,
  resolve: Resolve,
  deadline: Deadline,
): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const found = isIP(host) > 0 ? [host] : await deadline.bound(named(host, resolve))
  if (found.length === 0) {
    throw new WebFailure('web_name_unresolved', 'no', `\`${host}\` has no address`)
  }
  for (const address of found) {
    const place = placeOf(address)
    if (place === 'public' || (place === 'internal' && mayBePrivate)) continue
    throw new WebFailure(
      'web_address_refused',
      'no',
      `\`${host}\` is at an address that is ${place}`,
    )
  }
  return found.slice(0, ADDRESSES_MAX)
}

async function named(host: string, resolve: Resolve): Promise<readonly string[]> {
  try {
    return await resolve(host)
  } catch {
    // The resolver's reason names its servers; that there is no address is all a caller may know.
    return []
  }
}

interface Exchange {
  readonly url: URL
  readonly request: WebRequest
  readonly addresses: readonly string[]
  readonly deadline: Deadline
  readonly ca: string | undefined
}

/** Tries the next address only while nothing can have been sent. */
async function connectToOne(exchange: Exchange): Promise<WebAnswer> {
  let last: unknown
  for (const address of exchange.addresses) {
    try {
      return await exchangeWith(exchange, address)
    } catch (failure) {
      last = failure
      const isNext = failure instanceof WebFailure && failure.code === 'web_unreachable'
      if (!isNext || failure.sent === 'maybe' || exchange.deadline.reason !== undefined)
        throw failure
    }
  }
  throw last
}

function exchangeWith(exchange: Exchange, address: string): Promise<WebAnswer> {
  const { request, deadline } = exchange
  return new Promise((resolve, reject) => {
    const outgoing = outgoingTo(exchange, address)
    let sent: 'no' | 'maybe' = 'no'
    const release = deadline.onOver((reason) => outgoing.destroy(reason))
    const fail = (error: unknown) => {
      release()
      reject(deadline.reason ?? failureOf(error, sent))
    }
    outgoing.on('socket', (socket) => {
      const isSecure = exchange.url.protocol === 'https:'
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        sent = 'maybe'
        deadline.sent = 'maybe'
      })
    })
    outgoing.on('error', fail)
    // A connection that ends without an answer: a switch of protocols nobody asked for, a crash.
    outgoing.on('close', () => fail(new Error('closed')))
    outgoing.on('response', (incoming: IncomingMessage) => {
      try {
        release()
        deadline.headIsThere()
        resolve(answerOf(incoming, request, deadline))
      } catch (error) {
        outgoing.destroy()
        fail(error)
      }
    })
    outgoing.end(request.body)
  })
}

function outgoingTo({ url, request, ca }: Exchange, address: string): ClientRequest {
  const isSecure = url.protocol === 'https:'
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const options = {
    host: address,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: requestHeaders(url.host, request).flat(),
    // A connection of its own: one from a pool would outlive the check of its address.
    agent: false,
    maxHeaderSize: ANSWER_HEADERS_BYTES_MAX,
    setDefaultHeaders: false,
  }
  try {
    if (!isSecure) return httpRequest(options)
    const servername = isIP(name) > 0 ? '' : name
    const trusted = ca === undefined ? {} : { ca }
    return httpsRequest({ ...options, ...trusted, servername })
  } catch (error) {
    const isHeader = error instanceof TypeError && /header/i.test(error.message)
    if (!isHeader) throw error
    throw new WebFailure('web_header_refused', 'no', 'a header holds characters it may not')
  }
}

const STATUS_MIN = 100
const STATUS_MAX = 599

function answerOf(incoming: IncomingMessage, request: WebRequest, deadline: Deadline): WebAnswer {
  const { statusCode: status = 0 } = incoming
  // Attacker-controlled: the parser takes any three digits. RFC 9110 §15: others are not valid.
  if (status < STATUS_MIN || status > STATUS_MAX) {
    throw new WebFailure('web_answer_invalid', 'maybe', `${String(status)} is no status of HTTP`)
  }
  const body = answerBody(incoming, request, deadline)
  return {
    status,
    headers: answerHeaders(incoming.rawHeaders),
    body: body.chunks(),
    collect: () => body.collect(),
    begin: (patience) => body.begin(patience),
    discard: () => body.discard(),
  }
}
