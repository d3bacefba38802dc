/**
 * A purchase over x402, from the unpaid probe to the answer. Rules: spec/payment.md.
 *
 * Decide the probe, probe, choose an offer, decide and hold in one commit, sign, present, look at
 * the chain, write down what it shows. A second call with the same key continues where the first
 * one got to and never signs another credential.
 *
 * @module
 */
import { type gate, policy, principal } from '@surety/domain'
import {
  err,
  type Id,
  type JsonObject,
  ok,
  type ProblemCode,
  type Result,
  X402_HEADERS,
} from '@surety/protocol'
import { WebFailure } from '../../ports/web.ts'
import { currentProfiles, profileByHash } from '../profile/current-profile.ts'
import { type App, type Caller, run, type Signed } from '../runtime.ts'
import { headersToAgent } from '../web/headers.ts'
import { type Concluding, concludeWith, type Observed } from './conclude.ts'
import { type Chosen, chooseOffer } from './offers.ts'
import { preparePurchase } from './prepare.ts'
import {
  credentialOf,
  ensurePayment,
  headerOf,
  type KeptAnswer,
  LIMITS,
  observe,
  present,
} from './present.ts'
import { decideProbe } from './probe.ts'
import { purchase } from './purchase.ts'
import { lookUpOne } from './rail.ts'
import type { FetchRequest } from './request.ts'
import { gateNow, mayBePrivate as isNamedPrivate, type Resumed, resumePurchase } from './resume.ts'
import { startAuthorized } from './start.ts'

/** What a call came to. */
export type Fetched =
  /** The server asked for nothing. */
  | { readonly type: 'free'; readonly answer: KeptAnswer; readonly probe: JsonObject | null }
  /** Refused before anything was sent, or paid: by the decision on the probe or on the offer. */
  | { readonly type: 'denied'; readonly view: JsonObject; readonly receipts: Receipts }
  | { readonly type: 'waiting'; readonly view: JsonObject; readonly receipts: Receipts }
  /** A credential was presented. `answer` is `null` if none came back that was kept. */
  | {
      readonly type: 'paid'
      readonly signed: Signed
      readonly answer: KeptAnswer | null
    }
type Receipts = Signed['receipts']
/** Who calls is the agent that buys. */
export type Agent = Caller & { readonly principalId: Id<'prn'> }

/** Fetches a URL for an agent, and pays for it if the policy says so. */
export async function fetchPaid(
  app: App,
  caller: Agent,
  request: FetchRequest,
): Promise<Result<Fetched, ProblemCode>> {
  // INVARIANT(control): who may not act sends nothing, paid or not.
  const { state } = await app.store.reads.state(caller.scope, 'principal', caller.principalId)
  if (!principal.mayAct(state)) return err('principal_not_active', caller.principalId)
  const before = await resumePurchase(app, caller, request)
  if (!before.ok) return before
  const resumed = before.value
  if (resumed.type === 'ended') return ok(await ended(app, caller, resumed))
  if (resumed.type === 'present') return presentPayment(app, caller, resumed.gateId, request)
  const { profile } = await currentProfiles(app, caller.scope)
  const probed = await decidedProbe(app, caller, request, profile)
  if (!probed.ok) return probed
  if (probed.value.type === 'denied') return ok(probed.value)
  const answer = await probe(app, caller, request)
  if (!answer.ok) return answer
  if (answer.value.status !== PAYMENT_REQUIRED) {
    return resumed.type === 'start'
      ? err('quote_changed', 'the server asks for nothing any more')
      : ok({ type: 'free', answer: answer.value, probe: probed.value.probe })
  }
  const chosen = choose(app, caller, request, { profile, answer: answer.value })
  if (!chosen.ok) return chosen
  const done =
    resumed.type === 'start'
      ? await startAgain(app, caller, resumed.state, chosen.value)
      : await run(app, caller, {
          useCase: purchase,
          idempotency: null,
          prepare: () => preparePurchase(app, caller, request, chosen.value),
        })
  if (!done.ok) return done
  const { view, receipts } = done.value
  if (view.state === 'denied' || view.state === 'waiting') {
    return ok({ type: view.state, view, receipts })
  }
  return presentPayment(app, caller, String(view.gateId), request)
}

const PAYMENT_REQUIRED = 402

function choose(
  app: App,
  caller: Caller,
  request: FetchRequest,
  given: { readonly profile: policy.CompiledProfile; readonly answer: KeptAnswer },
): Result<Chosen, ProblemCode> {
  const { profile, answer } = given
  const header = headerOf(answer.headers, X402_HEADERS.required)
  const { environment } = caller.scope
  const networks = new Set(app.blockchains.keys())
  const terms = { profile, environment, networks, maximum: request.maximum }
  return chooseOffer(header, new TextDecoder().decode(answer.body), terms, app.crypto)
}

/** What was allowed is paid only if the seller still asks for exactly that. */
async function startAgain(
  app: App,
  caller: Caller,
  state: Extract<gate.Gate, { status: 'authorized' }>,
  { quote }: Chosen,
): Promise<Result<Signed, ProblemCode>> {
  const was = state.quote
  const members = ['scheme', 'network', 'asset', 'amount', 'payTo', 'validSeconds'] as const
  const differs = members.find((member) => was?.[member] !== quote[member])
  if (differs !== undefined) return err('quote_changed', `\`${differs}\` differs`)
  return run(app, caller, startAuthorized(app, caller, state))
}

async function ended(
  app: App,
  caller: Caller,
  { state, answer }: Extract<Resumed, { type: 'ended' }>,
): Promise<Fetched> {
  const signed = await gateNow(app, caller, state.gateId)
  const { view, receipts } = signed
  if (state.status === 'waiting') return { type: 'waiting', view, receipts }
  const isPresented = 'executingAt' in state || state.status === 'voided'
  return isPresented ? { type: 'paid', signed, answer } : { type: 'denied', view, receipts }
}

/** Decides the probe; what must be written down is, before anything is sent. */
async function decidedProbe(
  app: App,
  caller: Agent,
  request: FetchRequest,
  profile: policy.CompiledProfile,
): Promise<
  Result<
    | { readonly type: 'denied'; readonly view: JsonObject; readonly receipts: Receipts }
    | { readonly type: 'allowed'; readonly probe: JsonObject | null },
    ProblemCode
  >
> {
  const isAllowed = policy.probeRefusals(profile, request).length === 0
  if (isAllowed && policy.isSafeMethod(request.method)) return ok({ type: 'allowed', probe: null })
  const given = { agentId: caller.principalId, request }
  const current = async () => (await currentProfiles(app, caller.scope)).profile
  const recorded = await run(app, caller, decideProbe(app, given, current))
  if (!recorded.ok) return recorded
  const { view, receipts } = recorded.value
  const { decision } = view as { decision: JsonObject }
  return decision.decision === 'allow'
    ? ok({ type: 'allowed', probe: view })
    : ok({ type: 'denied', view, receipts })
}

/** The unpaid request. What fails here has cost nothing. */
async function probe(
  app: App,
  caller: Caller,
  { method, url, headers, body }: FetchRequest,
): Promise<Result<KeptAnswer, ProblemCode>> {
  try {
    const mayBePrivate = await isNamedPrivate(app, caller, url)
    const sent = { method, url, headers, mayBePrivate, limits: LIMITS }
    const answer = await app.web.fetch(body.length === 0 ? sent : { ...sent, body })
    const { status, headers: given } = answer
    const isFree = status !== PAYMENT_REQUIRED
    const handed = isFree ? headersToAgent(given) : given
    return ok({ status, headers: handed, body: await answer.collect() })
  } catch (failure) {
    if (failure instanceof WebFailure) return err(failure.code, failure.message)
    throw failure
  }
}

/**
 * Signs what was accepted, hands it over, and writes down what came of it. INVARIANT(once): one at
 * a time for each gate; whoever comes meanwhile is told that it is in progress.
 */
async function presentPayment(
  app: App,
  caller: Caller,
  gateId: string,
  request: FetchRequest,
): Promise<Result<Fetched, ProblemCode>> {
  if (app.presenting.has(gateId)) return err('idempotency_in_flight', gateId)
  app.presenting.add(gateId)
  try {
    const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
    if (state.status !== 'executing') return err('gate_settled', gateId)
    const payment = ensurePayment(state)
    const terms = await profileByHash(app, caller.scope, state.authorization.policyHash)
    const { settlement } = terms.profile
    const documents = await app.store.reads.documents(caller.scope, gateId)
    const { environment } = caller.scope
    const offer = documents.get('offer.json') ?? ''
    const credential = await credentialOf(app, payment, offer, environment)
    const mayBePrivate = await isNamedPrivate(app, caller, request.url)
    const presented = await present(app, request, credential, mayBePrivate)
    const came = presented.type === 'silence' ? null : await readAnswer(presented)
    const observed =
      came === null
        ? null
        : await observe(app, state, { ...came, ...hashed(app, came) }, settlement)
    const finding = await lookUpOne(app, { payment, hint: hintOf(observed) })
    return await concluded(
      app,
      caller,
      { gateId: state.gateId, finding, observed, settlement },
      came,
    )
  } finally {
    app.presenting.delete(gateId)
  }
}

type Came = {
  readonly answer: KeptAnswer
  readonly startedAt: string
}

/** An answer that breaks off is none: it was never whole. */
async function readAnswer(
  presented: Extract<Awaited<ReturnType<typeof present>>, { type: 'answer' }>,
): Promise<Came | null> {
  const { answer, startedAt } = presented
  try {
    const body = await answer.collect()
    const { status, headers } = answer
    return { answer: { status, headers, body }, startedAt }
  } catch (failure) {
    if (failure instanceof WebFailure) return null
    throw failure
  }
}

function hashed(app: App, { answer: { body } }: Came) {
  return { responseHash: app.crypto.sha256(body), responseBytes: body.length, body }
}

function hintOf(observed: Observed | null): string | undefined {
  return observed?.observation.paymentResponse?.transaction ?? undefined
}

async function concluded(
  app: App,
  caller: Caller,
  input: Concluding,
  came: Came | null,
): Promise<Result<Fetched, ProblemCode>> {
  const system: Caller = { ...caller, principalId: 'system' }
  const answer = came === null ? null : handedOn(came.answer)
  const written = await run(app, system, concludeWith(input))
  if (written.ok) return ok({ type: 'paid', signed: written.value, answer })
  // The chain had been looked at by a worker meanwhile, or nothing new is known.
  const { gateId } = input
  if (written.refusal !== 'gate_settled' && written.refusal !== 'payment_unknown') return written
  return ok({ type: 'paid', signed: await gateNow(app, caller, gateId), answer })
}

function handedOn({ status, headers, body }: KeptAnswer): KeptAnswer {
  return { status, headers: headersToAgent(headers), body }
}
