/**
 * What both sellers sell, and the door in front of them that can be told to break an answer.
 *
 * @module
 */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Ready } from '../child.ts'
import type { SellerFault } from '../faults.ts'
import { listen } from '../listen.ts'

export interface SellerConfig {
  readonly facilitatorUrl: string
  readonly payTo: `0x${string}`
}

const PAGE_BYTES = 200_000

/** Data for money: path, price in dollars, and what is delivered. */
export const WARES = {
  '/weather': { price: '$0.01', body: { city: 'Lisbon', celsius: 19 } },
  '/forecast': { price: '$0.25', body: { city: 'Lisbon', days: [19, 21, 20] } },
  '/archive': { price: '$2.00', body: { city: 'Lisbon', years: 150 } },
  '/report': { price: '$0.02', body: { text: 'a'.repeat(PAGE_BYTES) } },
} as const

/** Charged before it is served; the second then fails to serve. */
export const UPFRONT = { '/ticket': 200, '/broken-ticket': 500 } as const

/** Charged before it is served, and sent piece by piece. */
export const STREAMS = {
  '/film': { type: 'application/octet-stream', pieces: 512, bytes: 65_536 },
  '/ticker': { type: 'text/event-stream', pieces: 6, bytes: 64 },
} as const
type Streamed = (typeof STREAMS)[keyof typeof STREAMS]

/** The pieces of a stream: each filled with its own number, so that the whole has one hash. */
export function* piecesOf({ pieces, bytes }: Streamed): Generator<Uint8Array> {
  for (let i = 0; i < pieces; i += 1) yield new Uint8Array(bytes).fill(i % 251)
}

/** What a metered ware may cost at most; what it does cost, whoever asks says in `?take=`. */
export const METERED = { path: '/metered', price: '$0.05' } as const

/** How much is taken: minor units, or a share like `50%`; everything if none is said. */
export const takenOf = (url: string): { readonly amount?: string } => {
  const amount = new URL(url, 'http://shop').searchParams.get('take')
  return amount === null ? {} : { amount }
}

const terms = (price: string, payTo: string) => ({
  scheme: 'exact' as const,
  network: 'eip155:84532' as const,
  payTo,
  price,
  maxTimeoutSeconds: 60,
})

/** Routes as the packages of x402 take them. */
export function routesFor(payTo: string) {
  const wares = Object.entries(WARES).map(([path, { price }]) => [
    `GET ${path}`,
    { accepts: terms(price, payTo), description: path.slice(1), mimeType: 'application/json' },
  ])
  const extra = { paymentFlow: 'upfront' }
  const upfront = [...Object.keys(UPFRONT), ...Object.keys(STREAMS)].map((path) => [
    `GET ${path}`,
    { accepts: { ...terms('$0.05', payTo), extra }, description: path.slice(1) },
  ])
  const translate = {
    accepts: terms('$0.03', payTo),
    description: 'translate',
    mimeType: 'application/json',
  }
  const metered = [
    `GET ${METERED.path}`,
    {
      accepts: { ...terms(METERED.price, payTo), scheme: 'upto' as const },
      description: 'metered',
    },
  ]
  return Object.fromEntries([...wares, ...upfront, metered, ['POST /translate', translate]])
}

/**
 * A door of its own before the seller: what runs behind it is whole and does not know what becomes
 * of its answers. Only paid ones are broken.
 */
export async function behindDoor(inner: Ready, fault: () => SellerFault): Promise<Ready> {
  const target = new URL(inner.url)
  return listen((incoming, outgoing) => {
    const { method, url, headers } = incoming
    const { port, hostname } = target
    const onward = httpRequest({ hostname, port, method, path: url, headers }, (answer) => {
      pass(
        answer,
        outgoing,
        headers['payment-signature'] === undefined ? { type: 'none' } : fault(),
      )
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
}

function pass(answer: IncomingMessage, outgoing: ServerResponse, fault: SellerFault): void {
  const go = (more: Readonly<Record<string, string>> = {}) => {
    outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...more })
    answer.pipe(outgoing)
  }
  switch (fault.type) {
    case 'drop':
      outgoing.destroy()
      return
    case 'fail':
      outgoing.writeHead(fault.status).end('the server is unwell')
      return
    case 'slow':
      setTimeout(go, fault.ms)
      return
    case 'garble':
      go({ 'payment-response': 'not base64 at all' })
      return
    case 'trickle':
      void trickle(answer, outgoing, fault)
      return
    case 'cut':
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      cut(answer, outgoing, fault.afterBytes)
      return
    default:
      go()
  }
}

async function trickle(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  { pieceBytes, pauseMs }: Extract<SellerFault, { type: 'trickle' }>,
): Promise<void> {
  const { 'content-length': _, ...headers } = answer.headers
  outgoing.writeHead(answer.statusCode ?? 502, headers)
  const pieces: Buffer[] = []
  for await (const piece of answer) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  for (let at = 0; at < body.length; at += pieceBytes) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    outgoing.write(body.subarray(at, at + pieceBytes))
  }
  outgoing.end()
}

function cut(answer: IncomingMessage, outgoing: ServerResponse, afterBytes: number): void {
  let left = afterBytes
  answer.on('data', (piece: Buffer) => {
    if (left <= 0) return
    outgoing.write(piece.subarray(0, left))
    left -= piece.length
    if (left > 0) return
    answer.destroy()
    setTimeout(() => outgoing.destroy(), CUT_AFTER_MS)
  })
}

/** So that what was sent before arrives. */
const CUT_AFTER_MS = 50
