/** Purchases over x402: fetch a URL and pay for it, and read what became of a payment. */
import { Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
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
import { type Fetched, fetchPaid } from '../../app/x402/fetch.ts'
import { readPayment } from '../../app/x402/read.ts'
import { bodyOf, readRequest } from '../../app/x402/request.ts'
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

/** What may go wrong before anything is paid. */
const PURCHASE_PROBLEMS = [
  ...PARTY_PROBLEMS,
  'web_url_invalid',
  'web_header_refused',
  'web_address_refused',
  'web_name_unresolved',
  'web_unreachable',
  'web_timeout',
  'web_answer_invalid',
  'web_answer_too_large',
  'payment_required_missing',
  'payment_required_invalid',
  'payment_version_unsupported',
  'payment_denied',
  'payment_waiting',
  'intent_signature_required',
  'intent_not_for_purchase',
  'intent_expired',
  'intent_lifetime_invalid',
  'intent_already_declared',
  'nonce_already_used',
  'quote_changed',
  'offer_above_maximum',
  'offers_not_acceptable',
  'network_not_configured',
  'chain_unavailable',
  'chain_mismatch',
  'wallet_key_missing',
  'wallet_key_unreadable',
  'amount_overflow',
] as const satisfies readonly ProblemCode[]

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
  handle: async ({ app, caller, body, idempotency }) => {
    const bytes = bodyOf(body)
    if (!bytes.ok) return bytes
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
  const response =
    value.answer === null ? null : { ...value.answer, body: toBase64url(value.answer.body) }
  if (value.type === 'free') {
    const probe = (value.probe?.decision as JsonObject | undefined) ?? null
    const body = { gate: null, probe, response }
    return ok(
      value.probe === null ? { type: 'body', body } : { type: 'body', body, about: value.probe },
    )
  }
  const { view, receipts, replayed } = value.signed
  const body = { gate: view, probe: null, response } as unknown as JsonObject
  return ok({ type: 'signed', signed: { view: body, receipts, replayed }, about: view })
}

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
