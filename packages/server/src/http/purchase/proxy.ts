/**
 * `ANY /proxy/{alias}/…`: an agent that speaks plain HTTP buys through Surety by another address.
 *
 * The request becomes the same purchase as that of `POST /v1/fetch`. Rules: spec/x402.md.
 *
 * @module
 */
import { Readable } from 'node:stream'
import {
  AmountText,
  AssetText,
  closed,
  err,
  HashText,
  type Id,
  JwsText,
  type ProblemCode,
  parseAs,
  type Result,
} from '@surety/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { App, Caller, Signed } from '../../app/runtime.ts'
import type { Answer } from '../../app/x402/answer/answer.ts'
import { locationBehind, type Proxied, proxiedTo } from '../../app/x402/answer/proxied.ts'
import { type Fetched, fetchPaid } from '../../app/x402/fetch.ts'
import { type Place, TOO_MANY } from '../../app/x402/leaving/places.ts'
import { type FetchRequest, readRequest } from '../../app/x402/request.ts'
import type { WebHeaders } from '../../ports/web.ts'
import type { CallerOf } from '../caller.ts'
import { idempotencyKey, policyHeaders } from '../headers.ts'
import { sendDecided, sendProblem, whenOver } from '../problem.ts'
import { PROXY_METHODS, PROXY_PATH } from './described.ts'

const SCOPE = 'gates:write'
/** How long an answer may take to be whole before its pieces are handed on. */
const WAIT_MS = 300

/** Serves the proxy; bodies of any type are taken as the bytes they are. */
export function serveProxy(fastify: FastifyInstance, app: App, callerOf: CallerOf): void {
  const callers = new WeakMap<FastifyRequest, Caller>()
  fastify.register(async (room) => {
    room.removeAllContentTypeParsers()
    room.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    )
    for (const url of ['/proxy/:alias', '/proxy/:alias/*']) {
      room.route({
        method: [...PROXY_METHODS],
        url,
        config: { path: PROXY_PATH },
        onRequest: async (request, reply) => {
          const caller = await callerOf(app, SCOPE, request)
          if (!caller.ok) return sendProblem(reply, caller.refusal, request.id, caller.detail)
          callers.set(request, caller.value)
          return undefined
        },
        handler: async (request, reply) => {
          const caller = callers.get(request)
          if (caller === undefined) throw new Error('a request without a caller')
          return serve(app, caller, request, reply)
        },
      })
    }
  })
}

async function serve(
  app: App,
  caller: Caller,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const proxied = await proxiedTo(app, caller, request.raw.url ?? '')
  if (!proxied.ok) return sendProblem(reply, proxied.refusal, request.id, proxied.detail)
  const place = app.exchanges.enter(caller)
  if (place === undefined) return sendProblem(reply, 'overloaded', request.id, TOO_MANY)
  whenOver(reply, place.leave)
  const read = readProxied(app, request, proxied.value, place)
  if (!read.ok) return sendProblem(reply, read.refusal, request.id, read.detail)
  const agent = { ...caller, principalId: caller.principalId as Id<'prn'> }
  const fetched = await fetchPaid(app, agent, read.value)
  if (!fetched.ok) {
    const { refusal, detail, params } = fetched
    return sendProblem(reply, refusal, request.id, detail, params)
  }
  return send(reply, proxied.value, fetched.value, request.id)
}

const Options = closed({
  grantHash: HashText,
  maximum: closed({ amount: AmountText, asset: AssetText }),
  intent: JwsText,
})

/** The agent's request, and what it says to Surety in headers of ours. */
function readProxied(
  app: App,
  { raw, method, body }: FastifyRequest,
  { url }: Proxied,
  place: Place,
): Result<FetchRequest, ProblemCode> {
  const headers = pairsOf(raw.rawHeaders)
  const key = idempotencyKey(raw.headers['idempotency-key'])
  if (key === null) return err('idempotency_key_invalid')
  const { grantHash, maximum, intent } = Options.properties
  const grant = optionOf(headers, 'x-surety-grant')
  if (grant === undefined || !parseAs(grantHash, grant).ok) {
    return err('proxy_header_invalid', 'X-Surety-Grant is the hash of the grant to buy under')
  }
  const said = optionOf(headers, 'x-surety-maximum')
  const [amount = '', asset = ''] = said?.split(' ') ?? []
  if (said !== undefined && !parseAs(maximum, { amount, asset }).ok) {
    return err('proxy_header_invalid', 'X-Surety-Maximum is an amount, a space and an asset')
  }
  const signed = optionOf(headers, 'x-surety-intent')
  if (signed !== undefined && !parseAs(intent, signed).ok) {
    return err('proxy_header_invalid', 'X-Surety-Intent is a signed intent')
  }
  return readRequest(app, {
    url,
    method,
    headers: passedOn(headers),
    body: body instanceof Uint8Array ? body : new Uint8Array(0),
    grantHash: grant,
    maximum: said === undefined ? null : { amount, asset },
    intent: signed ?? null,
    idempotencyKey: key ?? null,
    door: 'proxy',
    place,
    waitMs: ({ headers: given }) => (isEventStream(given) ? 0 : WAIT_MS),
  })
}

function pairsOf(raw: readonly string[]): WebHeaders {
  return Array.from({ length: raw.length / 2 }, (_, i) => [
    (raw[2 * i] ?? '').toLowerCase(),
    raw[2 * i + 1] ?? '',
  ])
}

/** One of ours; sent twice it is none. */
function optionOf(headers: WebHeaders, wanted: string): string | undefined {
  const values = headers.filter(([name]) => name === wanted).map(([, value]) => value)
  return values.length > 1 ? '' : values[0]
}

/** RFC 9110 §7.6.1: what `Connection` names is for this connection. */
function passedOn(headers: WebHeaders): WebHeaders {
  const values = headers.filter(([name]) => name === 'connection').map(([, value]) => value)
  const nominated = new Set(values.flatMap((value) => value.toLowerCase().split(/\s*,\s*/)))
  return headers.filter(([name]) => !nominated.has(name))
}

function isEventStream(headers: WebHeaders): boolean {
  return headers.some(
    ([name, value]) => name === 'content-type' && /^text\/event-stream\b/i.test(value),
  )
}

function send(
  reply: FastifyReply,
  proxied: Proxied,
  fetched: Fetched,
  requestId: string,
): FastifyReply {
  switch (fetched.type) {
    case 'denied':
      return sendDecided(reply, { code: 'payment_denied', view: fetched.view }, requestId)
    case 'waiting':
      return sendDecided(reply, { code: 'payment_waiting', view: fetched.view }, requestId)
    case 'free':
      return sendAnswer(reply.headers(policyHeaders(fetched.probe ?? {})), proxied, fetched.answer)
    case 'passing': {
      sayOf(reply, fetched.signed)
      reply.removeHeader(RECEIPT)
      reply.trailer(RECEIPT, async () => receiptOf(await fetched.settled) ?? '')
      return sendAnswer(reply, proxied, fetched.answer)
    }
    case 'paid': {
      const { signed, answer } = fetched
      if (answer === null) return sendDecided(reply, withoutAnswer(signed), requestId)
      sayOf(reply, signed)
      return sendAnswer(reply, proxied, answer)
    }
  }
}

const RECEIPT = 'x-surety-receipt'

/** The six headers, the gate they are of, what it cost, and the latest statement on its money. */
function sayOf(reply: FastifyReply, signed: Signed): void {
  const { view, replayed } = signed
  reply.headers(policyHeaders(view)).header('x-surety-gate-id', view.gateId)
  const { captured, asset } = (view.settlement ?? { captured: '0' }) as Readonly<
    Record<'captured' | 'asset', string>
  >
  if (captured !== '0') reply.header('x-surety-captured', `${captured} ${asset}`)
  const receipt = receiptOf(signed)
  if (receipt !== undefined) reply.header(RECEIPT, receipt)
  if (replayed) reply.header('idempotent-replayed', 'true')
}

function receiptOf(signed: Signed | null): string | undefined {
  const types = ['SettlementReceipt.v1', 'PaymentStatus.v1']
  const of = (type: string) => signed?.receipts.findLast((each) => each.type === type)?.jws
  return types.map(of).find((jws) => jws !== undefined)
}

/** Paid, or perhaps, and nothing to hand on: a problem that carries the decision. */
function withoutAnswer({ view }: Signed) {
  const { settlement, execution } = view as {
    readonly settlement: { readonly status: string } | null
    readonly execution: { readonly evidenceHash: string | null } | null
  }
  if (settlement?.status === 'unknown') return { code: 'payment_unknown', view } as const
  const isSeen = execution !== null && execution.evidenceHash !== null
  const code = isSeen ? 'response_not_kept' : 'response_missing'
  return { code, view } as const
}

/**
 * What is said of caches, pages, replays and credentials is Surety's own: the answer comes from its
 * origin.
 */
const NOT_FROM_THERE =
  /^(?:cache-control|expires|pragma|age|refresh|service-worker-allowed|content-security-policy.*|access-control-.*|x-content-type-options|nel|report-to|reporting-endpoints|x-request-id|idempotent-replayed|(?:www|proxy)-authenticate)$/

function sendAnswer(reply: FastifyReply, proxied: Proxied, answer: Answer): FastifyReply {
  const grouped = new Map<string, string[]>()
  for (const [name, value] of answer.headers) {
    if (NOT_FROM_THERE.test(name)) continue
    const handed = name === 'location' ? locationBehind(proxied, value) : value
    grouped.set(name, [...(grouped.get(name) ?? []), handed])
  }
  for (const [name, values] of grouped) reply.header(name, values.length > 1 ? values : values[0])
  reply
    .status(answer.status)
    .header('x-surety-answer-of', proxied.alias)
    // A page from elsewhere must not act as one of this origin.
    .header('content-security-policy', 'sandbox')
    .header('x-content-type-options', 'nosniff')
  const { body } = answer
  return reply.send(body instanceof Uint8Array ? Buffer.from(body) : Readable.from(body, OF_BYTES))
}

const OF_BYTES = { objectMode: false, highWaterMark: 65_536 } as const
