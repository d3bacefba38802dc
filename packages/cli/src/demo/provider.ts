/**
 * The provider of the demo: a program of its own, with its own key and its own API key.
 *
 * It sells weather. It asks for payment with a 402, consumes the authorization it is sent at
 * Surety, stating what it really received, does the work, and signs what it did.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Authorization,
  type Crypto,
  formatInstant,
  type Id,
  type Jwks,
  type RequestFingerprint,
  verifySigned,
} from '@surety/protocol'
import { httpFingerprint, type Party, ProblemError } from '@surety/sdk'
import { readCredentials } from '../local/credentials.ts'
import { readJwks } from '../local/trusted-keys.ts'
import { clientFor, machine, partyOf } from '../session.ts'

export const AUTHORIZATION_HEADER = 'x-surety-authorization'
export const RESPONSE_HEADER = 'x-surety-response'

/** What it sells, in minor units of USD/2. */
const PRICES: Readonly<Record<string, string>> = {
  '/v1/forecast': '250',
  '/v1/report': '600',
  '/v1/archive': '2500',
}
const ASSET = 'USD/2'
const BODY_BYTES_MAX = 65_536

interface Shop {
  readonly url: string
  readonly party: Party
  readonly client: ReturnType<typeof clientFor>
  readonly jwks: Jwks
  readonly crypto: Crypto
}

interface Order {
  readonly method: string
  readonly path: string
  readonly body: Buffer
  readonly authorization: string | undefined
}

async function answer(shop: Shop, order: Order, response: ServerResponse): Promise<void> {
  const amount = PRICES[new URL(order.path, shop.url).pathname]
  if (amount === undefined) return send(response, 404, { error: 'not sold here' })
  const payee = shop.party.principalId
  if (order.authorization === undefined) return send(response, 402, { amount, asset: ASSET, payee })
  const key = (kid: string) => shop.jwks.keys.find((each) => each.kid === kid)
  const trusted = (kid: string) => {
    const jwk = key(kid)
    return jwk === undefined ? undefined : { ...jwk, publicKey: publicOf(jwk) }
  }
  const types = ['Authorization.v1'] as const
  const verified = verifySigned(types, order.authorization, trusted, shop.crypto)
  if (!verified.ok) return send(response, 402, { error: verified.refusal })
  const authorization = verified.value.object
  const request = httpFingerprint(
    { method: order.method, url: new URL(order.path, shop.url).href, body: order.body },
    shop.crypto,
  )
  const startedAt = formatInstant(machine.now())
  try {
    await consume(shop, authorization, { jws: order.authorization, request, amount })
  } catch (fault) {
    if (fault instanceof ProblemError) return send(response, fault.problem.status, fault.problem)
    throw fault
  }
  const work = forecast(order.body)
  const statement = shop.party.response({
    gateId: authorization.gateId as Id<'gat'>,
    authorizationId: authorization.authorizationId as Id<'aut'>,
    requestFingerprintHash: authorization.requestFingerprintHash,
    responseHash: shop.crypto.sha256(work.body),
    status: work.status,
    amount,
    asset: ASSET,
    startedAt,
    completedAt: formatInstant(machine.now()),
  })
  response.writeHead(work.status, {
    'content-type': 'application/json',
    [RESPONSE_HEADER]: statement,
  })
  response.end(work.body)
}

function publicOf({ kty, crv, x }: Jwks['keys'][number]) {
  return { kty, crv, x }
}

/** Presents what was received and what it costs here: never what the buyer says. */
async function consume(
  { client, party }: Shop,
  authorization: Authorization,
  seen: { readonly jws: string; readonly request: RequestFingerprint; readonly amount: string },
): Promise<void> {
  const { gateId, grantHash, policyHash, nonce, notAfter } = authorization
  await client.call('postGatesExecute', {
    params: { gateId },
    body: {
      authorization: seen.jws,
      request: seen.request as never,
      amount: seen.amount,
      asset: ASSET,
      payee: party.principalId,
      rail: 'ledger',
      grantHash,
      policyHash,
      nonce,
      notAfter,
    },
  })
}

/** The work. Of a city that does not exist it knows nothing, and says so with a 500. */
function forecast(body: Buffer): { readonly status: number; readonly body: string } {
  if (body.includes('Atlantis')) {
    return { status: 500, body: '{"error":"the model has no such city"}' }
  }
  return { status: 200, body: '{"sky":"clear","degrees":21}' }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > BODY_BYTES_MAX) throw new Error('the body is too large')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** Opens the shop on a free port of this machine, and says where. */
export async function openShop(credentialsFile: string, jwksFile: string): Promise<void> {
  const { nodeCrypto } = await import('@surety/server/node-crypto')
  const credentials = readCredentials(credentialsFile)
  const shop: { -readonly [Name in keyof Shop]: Shop[Name] } = {
    url: '',
    party: partyOf(credentials, { ...machine, crypto: nodeCrypto }),
    client: clientFor(credentials.url, credentials.apiKey),
    jwks: readJwks(jwksFile),
    crypto: nodeCrypto,
  }
  const server = createServer((request, response) => {
    const header = request.headers[AUTHORIZATION_HEADER]
    bodyOf(request)
      .then((body) =>
        answer(
          shop,
          {
            method: request.method ?? 'GET',
            path: request.url ?? '/',
            body,
            authorization: typeof header === 'string' ? header : undefined,
          },
          response,
        ),
      )
      .catch((fault: unknown) => send(response, 503, { error: String(fault) }))
  })
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    shop.url = `http://127.0.0.1:${String(port)}`
    process.send?.({ url: shop.url })
  })
  // The demo has ended, however it ended.
  process.on('disconnect', () => process.exit(0))
}
