/** Purchases over x402: fetch a URL and pay for it, and read what became of a payment. */
import { Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  err,
  FetchMethod,
  HashText,
  type Id,
  idOf,
  type JsonObject,
  JwsText,
  ok,
  PaymentStatus,
  type ProblemCode,
  type Result,
  toBase64url,
  words,
} from '@surety/protocol'
import { isWhole, type LongAnswer } from '../../app/x402/answer/answer.ts'
import { type Fetched, fetchPaid } from '../../app/x402/fetch.ts'
import { TOO_MANY } from '../../app/x402/leaving/places.ts'
import type { KeptAnswer } from '../../app/x402/present.ts'
import { readPayment } from '../../app/x402/read.ts'
import { bodyOf, readRequest } from '../../app/x402/request.ts'
import { BUYING_PROBLEMS } from '../purchase/described.ts'
import { jsonPieces } from '../purchase/json-pieces.ts'
import { PARTY_PROBLEMS, plain, type Reply, type Route, route } from '../route.ts'
import { FetchView } from '../views.ts'

const FetchBody = closed({
  url: Type.String({ minLength: 1, maxLength: 2_048 }),
  method: Type.Optional(FetchMethod),
  headers: Type.Optional(
    Type.Array(
      closed({
        name: Type.String({ minLength: 1, maxLength: 64 }),
        value: Type.String({ maxLength: 4_096 }),
      }),
      { maxItems: 64 },
    ),
  ),
  body: Type.Optional(Type.String({ maxLength: 196_608 })),
  bodyBase64: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: 196_608 })),
  maximum: Type.Optional(
    closed({ amount: AmountText, asset: AssetText }, { description: 'more is not paid' }),
  ),
  grantHash: HashText,
  intent: Type.Optional(JwsText),
})

const PURCHASE_PROBLEMS = [...PARTY_PROBLEMS, ...BUYING_PROBLEMS] as const

const WHOLE_WITHIN_MS = 60_000

const fetching = route({
  method: 'POST',
  path: '/v1/fetch',
  summary: 'Fetch a URL, and pay for it over x402 if the policy says so',
  description:
    'The unpaid request is decided first, then the offer. Answers 200 with what came back and the gate. A repeated call with the same idempotency key is the same purchase: it is never paid twice.',
  scope: 'gates:write',
  params: null,
  query: null,
  body: FetchBody,
  status: 200,
  answer: FetchView,
  problems: PURCHASE_PROBLEMS,
  handle: async ({ app, caller, body, idempotency, whenOver }) => {
    const bytes = bodyOf(body)
    if (!bytes.ok) return bytes
    const place = app.exchanges.enter(caller)
    if (place === undefined) return err('overloaded', TOO_MANY)
    whenOver(place.leave)
    const request = readRequest(app, {
      url: body.url,
      method: body.method ?? 'GET',
      headers: (body.headers ?? []).map(({ name, value }) => [name, value] as const),
      body: bytes.value,
      grantHash: body.grantHash,
      maximum: body.maximum ?? null,
      intent: body.intent ?? null,
      idempotencyKey: idempotency?.key ?? null,
      door: 'fetch',
      place,
      // What is handed back as JSON is handed back whole, if it can be.
      waitMs: () => WHOLE_WITHIN_MS,
    })
    if (!request.ok) return request
    const agent = { ...caller, principalId: caller.principalId as Id<'prn'> }
    return fetched(await fetchPaid(app, agent, request.value))
  },
})

/** What the JSON door answers: a problem that carries the decision, or the response in it. */
function fetched(result: Result<Fetched, ProblemCode>): Reply {
  if (!result.ok) return result
  const { value } = result
  if (value.type === 'denied' || value.type === 'waiting') {
    const code = value.type === 'denied' ? 'payment_denied' : 'payment_waiting'
    return ok({ type: 'decided', code, view: value.view })
  }
  const { answer } = value
  if (value.type === 'free') {
    const probe = (value.probe?.decision as JsonObject | undefined) ?? null
    const about = value.probe === null ? {} : { about: value.probe }
    if (!isWhole(value.answer)) return long(value.answer, { gate: null, probe }, about)
    const body = { gate: null, probe, response: inJson(value.answer) }
    return ok({ type: 'body', body, ...about })
  }
  const { view, receipts, replayed } = value.signed
  if (value.type === 'passing') {
    return long(value.answer, { gate: view, probe: null, receipts }, { about: view })
  }
  const response = answer === null || !isWhole(answer) ? null : inJson(answer)
  const body = { gate: view, probe: null, response } as unknown as JsonObject
  return ok({ type: 'signed', signed: { view: body, receipts, replayed }, about: view })
}

function inJson({ status, headers, body }: KeptAnswer) {
  return { status, headers, body: toBase64url(body) }
}

/** A response too long to hold: the same JSON, written while it comes. */
function long(answer: LongAnswer, first: object, about: { about?: JsonObject }): Reply {
  return ok({ type: 'stream', mediaType: JSON_TYPE, chunks: jsonPieces(answer, first), ...about })
}

const JSON_TYPE = 'application/json; charset=utf-8'

const reading = route({
  method: 'GET',
  path: '/v1/payments/{paymentId}',
  summary: 'Read where a payment is',
  scope: 'read',
  params: closed({ paymentId: idOf('pay') }),
  query: null,
  body: null,
  status: 200,
  answer: closed({
    ...PaymentStatus.properties,
    settlementStatus: words(['held', 'captured', 'voided', 'unknown']),
    ageMs: Type.Integer({ minimum: 0 }),
    checkStatusUrl: Type.String(),
  }),
  problems: ['payment_not_found'],
  handle: async ({ app, caller, params: { paymentId } }) =>
    plain(await readPayment(app, caller, paymentId)),
})

export const purchaseRoutes: readonly Route[] = [fetching, reading]
