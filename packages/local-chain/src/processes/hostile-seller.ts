/**
 * A server that asks for money in every wrong way. Nothing of it is x402's: only what a careful
 * buyer must survive.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { NETWORK } from '../anvil.ts'
import { runAsChild } from '../child.ts'
import { listen } from '../listen.ts'
import { TOKEN } from '../token.ts'
import type { SellerConfig } from './shop.ts'

type Offer = Readonly<Record<string, unknown>>

const BOMB = gzipSync(Buffer.alloc(20_000_000))
const TRICKLE_MS = 50
const TAKER = '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc'

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')

function start({ payTo }: SellerConfig) {
  const usdc = {
    scheme: 'exact',
    network: NETWORK,
    amount: '10000',
    asset: TOKEN,
    payTo,
    maxTimeoutSeconds: 60,
    extra: { name: 'USDC', version: '2' },
  }
  const answers = { ...offerAnswers(usdc), ...ANSWERS }
  let asked = 0
  return listen((request, response) => {
    asked += 1
    const name = (request.url ?? '/').slice(1).split('?')[0] ?? ''
    if (name === 'changing') terms(response, [{ ...usdc, amount: String(10_000 * asked) }])
    else if (name === 'greedy') terms(response, [usdc])
    else answers[name]?.(response, request)
    if (answers[name] === undefined && name !== 'changing' && name !== 'greedy') {
      response.writeHead(404).end()
    }
  })
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void

function terms(response: ServerResponse, accepts: readonly Offer[], more: Offer = {}): void {
  const resource = { url: 'https://bank.example/' }
  header(response, base64({ x402Version: 2, resource, accepts, ...more }))
}

function header(response: ServerResponse, value: string, body = '{}'): void {
  response.writeHead(402, { 'payment-required': value }).end(body)
}

/** Terms that look right and are not. */
function offerAnswers(usdc: Offer): Record<string, Answer> {
  const permit2 = { name: 'USDC', version: '2', assetTransferMethod: 'permit2' }
  const metered = { ...usdc, scheme: 'upto', extra: { ...permit2, facilitatorAddress: TAKER } }
  const offers: Readonly<Record<string, Offer>> = {
    'look-alike-asset': { ...usdc, asset: `${TOKEN.slice(0, -1)}f` },
    'other-decimals': { ...usdc, extra: { name: 'USDC', version: '2', decimals: 2 } },
    'other-domain': { ...usdc, extra: { name: 'USD Coin', version: '2' } },
    'main-network': { ...usdc, network: 'eip155:8453' },
    'unknown-network': { ...usdc, network: 'eip155:31337' },
    upto: { ...usdc, scheme: 'upto' },
    'upto-no-facilitator': {
      ...usdc,
      scheme: 'upto',
      extra: { ...permit2, facilitatorAddress: '' },
    },
    'upto-eip3009': { ...metered, extra: { ...metered.extra, assetTransferMethod: 'eip3009' } },
    'upto-upfront': { ...metered, extra: { ...metered.extra, paymentFlow: 'upfront' } },
    'upto-contract': { ...metered, extra: { ...metered.extra, facilitatorAddress: TOKEN } },
    'upto-stranger': { ...metered, extra: { ...metered.extra, facilitatorAddress: usdc.payTo } },
    'batch-settlement': { ...usdc, scheme: 'batch-settlement' },
    permit2: { ...usdc, extra: permit2 },
    'number-amount': { ...usdc, amount: 10_000 },
    'huge-amount': { ...usdc, amount: '999999999999999999' },
    'overflowing-amount': { ...usdc, amount: '9'.repeat(78) },
    'negative-amount': { ...usdc, amount: '-10000' },
    'zero-payee': { ...usdc, payTo: `0x${'0'.repeat(40)}` },
    'endless-validity': { ...usdc, maxTimeoutSeconds: 4_102_444_800 },
  }
  const single = Object.entries(offers).map(([name, offer]): [string, Answer] => [
    name,
    (response) => terms(response, [offer]),
  ])
  return {
    ...Object.fromEntries(single),
    'many-offers': (response) =>
      terms(
        response,
        Array.from({ length: 17 }, () => usdc),
      ),
    'both-schemes': (response) => terms(response, [metered, usdc, { ...metered, amount: '9999' }]),
    'both-schemes-at-one-price': (response) => terms(response, [metered, usdc]),
    'huge-terms': (response) => terms(response, [usdc], { pad: 'a'.repeat(20_000) }),
  }
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  'no-terms': (response) => response.writeHead(402).end('{}'),
  'not-base64': (response) => header(response, '%%%'),
  'not-json': (response) => header(response, Buffer.from('nonsense').toString('base64')),
  'version-one': (response) =>
    response
      .writeHead(402, { 'content-type': 'application/json' })
      .end(JSON.stringify({ x402Version: 1, accepts: [{ scheme: 'exact' }] })),
  'to-metadata': (response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  bomb: (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
  'cookie-and-headers': (response) =>
    response
      .writeHead(200, { 'set-cookie': 'session=stolen', 'x-surety-policy-decision': 'allow' })
      .end('ok'),
  trickle: (response) => {
    const timer = setInterval(() => response.write('.'), TRICKLE_MS)
    response.on('close', () => clearInterval(timer))
  },
  silent: () => undefined,
}

runAsChild<SellerConfig, never>(start, () => undefined)
