/**
 * Handing over a credential, and taking down what comes back.
 *
 * By now everything is on the disk: signing and sending again gives the same bytes. What the seller
 * says of the payment is noted; what the chain says is believed. INVARIANT(unknown).
 *
 * @module
 */
import { type evidence, gate } from '@surety/domain'
import {
  canonicalize,
  type Environment,
  formatInstant,
  fromBase64url,
  fromUtf8,
  hashOf,
  instantOf,
  JSON_LIMITS,
  type JsonObject,
  type PaymentStatus,
  type Profile,
  parseAs,
  parseJson,
  parseOwnJson,
  parsePaymentResponse,
  ResponseObservation,
  toBase64url,
  writePaymentSignature,
  X402_HEADERS,
} from '@surety/protocol'
import { type WebAnswer, WebFailure, type WebHeaders } from '../../ports/web.ts'
import { isTooMuch } from '../gate/submit-evidence.ts'
import { verifyParty } from '../principal/party-signature.ts'
import { receiptsAt } from '../receipts.ts'
import { type App, gateStream, type Signed } from '../runtime.ts'
import { headersToAgent } from '../web/headers.ts'
import type { Observed, SignedAnswer } from './conclude.ts'
import { offerAgain } from './offers.ts'
import type { FetchRequest } from './request.ts'

type Executing = Extract<gate.Gate, { status: 'executing' }>

/** Of an exchange with a seller: what is more ends it. */
export const LIMITS = {
  bodyBytesMax: 268_435_456,
  headTimeMs: 30_000,
  timeMs: 300_000,
} as const
/** Of a body that is waited for, and kept so that it can be given again. */
export const KEPT_BYTES_MAX = 4_194_304

/** Of credential and authorization together; Node reads 16 KiB of headers, others more. */
const SENT_LENGTH_MAX = 14_336

const SECOND_MS = 1_000

/** The value of PAYMENT-SIGNATURE for an accepted payment: the same whenever it is asked for. */
export async function credentialOf(
  app: App,
  payment: PaymentStatus,
  offerDocument: string,
  environment: Environment,
): Promise<string> {
  const { required, offer } = offerAgain(offerDocument, environment)
  const window = {
    validAfter: instantOf(payment.validAfter) / SECOND_MS,
    validBefore: instantOf(payment.validBefore) / SECOND_MS,
  }
  const { asset, payTo: to, payer: from, nonce, paymentId } = payment
  const { facilitator } = offer
  const transfer = { asset, to, value: BigInt(payment.amount), nonce, ...window }
  const signature = await (facilitator === undefined
    ? app.wallets.signTransfer(from, transfer)
    : app.wallets.signPermit(from, { ...transfer, facilitator }))
  return writePaymentSignature(required, offer, { from, nonce, signature, ...window }, paymentId)
}

/** What came back for a credential: an answer, or nothing conclusive. */
export type Presented =
  | { readonly type: 'answer'; readonly answer: WebAnswer; readonly startedAt: string }
  | { readonly type: 'silence'; readonly failure: WebFailure }

/** Sends the request again, with the credential. From here on somebody else may have it. */
export async function present(
  app: App,
  request: FetchRequest,
  more: WebHeaders,
  mayBePrivate: boolean,
): Promise<Presented> {
  const { method, url, body } = request
  const headers = [...request.headers, ...more]
  const startedAt = formatInstant(app.clock.now())
  try {
    const sent = { method, url, headers, mayBePrivate, limits: LIMITS }
    const answer = await app.web.fetch(body.length === 0 ? sent : { ...sent, body })
    return { type: 'answer', answer, startedAt }
  } catch (failure) {
    if (!(failure instanceof WebFailure)) throw failure
    return { type: 'silence', failure }
  }
}

/** What of an answer goes on to the agent, whole. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: WebHeaders
  readonly body: Uint8Array
}

/** Takes an answer down. `body`: what was read of it, and whether it is worth keeping. */
export async function observe(
  app: App,
  state: Executing,
  seen: {
    readonly answer: Pick<WebAnswer, 'status' | 'headers'>
    readonly startedAt: string
    readonly responseHash: string
    readonly responseBytes: number
    /** `null`: too large to keep, or handed on as it came. */
    readonly body: Uint8Array | null
  },
  settlement: Profile['settlement'],
): Promise<Observed> {
  const { status, headers } = seen.answer
  const document = seen.body === null ? null : answerDocument({ status, headers, body: seen.body })
  const { tenantId, environment, gateId, authorization } = state
  const observation: ResponseObservation = {
    schemaVersion: 'ResponseObservation.v1',
    tenantId,
    environment,
    gateId,
    paymentId: ensurePayment(state).paymentId,
    requestFingerprintHash: authorization.requestFingerprintHash,
    status,
    responseHash: seen.responseHash,
    responseBytes: seen.responseBytes,
    answerHash: document === null ? null : app.crypto.sha256(document),
    paymentResponse: paymentResponseOf(headers),
    startedAt: seen.startedAt,
    completedAt: formatInstant(app.clock.now()),
  }
  // INVARIANT(journal): what somebody else made is written down in its form, or not at all.
  const fits = parseAs(ResponseObservation, observation)
  if (!fits.ok) throw new Error(`an observation outside its form: ${fits.detail ?? ''}`)
  const evidenceHash = hashOf(observation, app.crypto)
  const body = await bodyFacts(app, seen.body, settlement)
  const signed = await signedAnswer(app, state, { headers, observation })
  return { evidenceHash, observation, body, document, signed }
}

/**
 * What the payee signed of its answer, under its own registered key, for this authorization and
 * these bytes. Anything else is as if nothing were signed: it is a header that anybody could write.
 */
async function signedAnswer(
  app: App,
  state: Executing,
  came: { readonly headers: WebHeaders; readonly observation: ResponseObservation },
): Promise<SignedAnswer | null> {
  const jws = headerOf(came.headers, X402_HEADERS.statement)
  if (jws === undefined) return null
  const { tenantId, environment, authorization } = state
  const scope = { tenantId, environment }
  const caller = { principalId: authorization.payee, scope, scopes: new Set<string>(), traceId: '' }
  const types = ['ProviderResponse.v1'] as const
  const verified = await verifyParty(app, caller, { types, jws, signer: 'payee' })
  if (!verified.ok) return null
  const { object: statement, hash: statementHash, kid } = verified.value
  if (!gate.isSignedFor(state, came.observation, statement)) return null
  return { statement, statementHash, kid, jws }
}

/**
 * The signed authorization, for a payee that is registered here with a key to sign answers with.
 * Nobody else is told who buys.
 */
export async function authorizationFor(
  app: App,
  state: Executing,
  given: { readonly credential: string; readonly receipts: Signed['receipts'] | null },
): Promise<WebHeaders> {
  const { tenantId, environment, authorization, gateId } = state
  const scope = { tenantId, environment }
  const { state: payee } = await app.store.reads.state(scope, 'principal', authorization.payee)
  const at = formatInstant(app.clock.now())
  const mayAnswer =
    payee.status === 'registered' &&
    payee.keys.some(
      ({ purpose, notBefore, notAfter }) =>
        purpose === 'response' && notBefore <= at && (notAfter === null || at <= notAfter),
    )
  if (!mayAnswer) return []
  const receipts = given.receipts ?? (await receiptsAt(app, scope, gateStream(gateId), 'all'))
  const jws = receipts.find(({ type }) => type === 'Authorization.v1')?.jws
  // The credential comes first: servers stop reading headers somewhere.
  const isTooLong = (jws?.length ?? 0) + given.credential.length > SENT_LENGTH_MAX
  return jws === undefined || isTooLong ? [] : [[X402_HEADERS.authorization, jws]]
}

export function ensurePayment(state: Executing): PaymentStatus {
  if (state.payment === undefined) throw new Error('a presented gate has a payment')
  return state.payment
}

/** What the seller says of the payment: noted, and believed in nothing. */
function paymentResponseOf(headers: WebHeaders): ResponseObservation['paymentResponse'] {
  const header = headerOf(headers, X402_HEADERS.response)
  const read = header === undefined ? undefined : parsePaymentResponse(header)
  if (read?.ok !== true) return null
  const { success, errorReason, transaction, amount } = read.value
  return { success, errorReason, transaction, ...(amount === undefined ? {} : { amount }) }
}

export function headerOf(headers: WebHeaders, wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1]
}

/** The text under which an answer is kept. */
function answerDocument({ status, headers, body }: KeptAnswer): string {
  const handed = headersToAgent(headers).map(([name, value]) => [name, value])
  return canonicalize({ status, headers: handed, body: toBase64url(body) } as never)
}

/** An answer from the text under which it was kept. */
export function keptAnswer(document: string): KeptAnswer {
  const { status, headers, body } = parseOwnJson(document) as unknown as {
    status: number
    headers: WebHeaders
    body: string
  }
  return { status, headers, body: fromBase64url(body) ?? new Uint8Array(0) }
}

/** Whatever is kept is examined. */
const JSON_READ = { ...JSON_LIMITS, lengthMax: KEPT_BYTES_MAX }

/** Holds the body against the schema of the profile, if it has one. */
export async function bodyFacts(
  app: App,
  body: Uint8Array | null,
  settlement: Profile['settlement'],
): Promise<evidence.BodyFacts | null> {
  if (body === null) return null
  const entry = settlement.verifiers.find(({ verifier }) => verifier === 'schema')
  if (entry?.verifier !== 'schema') return { schemaHolds: null }
  const text = fromUtf8(body)
  const parsed = text === undefined ? undefined : parseJson(text, JSON_READ)
  if (parsed?.ok === false && isTooMuch(parsed.refusal)) return { schemaHolds: null }
  if (parsed?.ok !== true) return { schemaHolds: false }
  const holds = await app.schemas.holds(entry.schema as JsonObject, parsed.value)
  return { schemaHolds: holds.ok ? holds.value : null }
}
