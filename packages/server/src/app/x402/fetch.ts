/**
 * A purchase over x402, from the unpaid probe to the answer. Rules: spec/payment.md.
 *
 * Decide the probe, probe, choose an offer, decide and hold in one commit, sign, present, look at
 * the chain, write down what it shows. A second call with the same key continues where the first
 * one got to and never signs another credential.
 *
 * @module
 */
import { type gate, type policy, principal } from '@surety/domain'
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
import { currentProfiles } from '../profile/current-profile.ts'
import { type App, type Caller, run, type Signed } from '../runtime.ts'
import { type Answer, askUnpaid, isWhole, letGo, type Paid } from './answer/answer.ts'
import { presentPayment } from './answer/hand-over.ts'
import { mayTakeEffect } from './leaving/effect.ts'
import { decideProbe } from './leaving/probe.ts'
import { mayBeSent, noteSent, oneAtATime } from './leaving/sent.ts'
import { type Chosen, chooseOffer } from './offers.ts'
import { preparePurchase } from './prepare.ts'
import { headerOf, type KeptAnswer } from './present.ts'
import { purchase } from './purchase.ts'
import type { FetchRequest } from './request.ts'
import { gateNow, mayBePrivate as isNamedPrivate, type Resumed, resumePurchase } from './resume.ts'
import { startAuthorized } from './start.ts'

/** What a call came to. */
export type Fetched =
  /** The server asked for nothing. */
  | { readonly type: 'free'; readonly answer: Answer; readonly probe: JsonObject | null }
  /** Refused before anything was sent, or paid: by the decision on the probe or on the offer. */
  | { readonly type: 'denied'; readonly view: JsonObject; readonly receipts: Receipts }
  | { readonly type: 'waiting'; readonly view: JsonObject; readonly receipts: Receipts }
  | Paid
type Receipts = Signed['receipts']
/** Who calls is the agent that buys. */
export type Agent = Caller & { readonly principalId: Id<'prn'> }

/** Fetches a URL for an agent, and pays for it if the policy says so. */
export function fetchPaid(
  app: App,
  caller: Agent,
  request: FetchRequest,
): Promise<Result<Fetched, ProblemCode>> {
  return oneAtATime(app, caller, request, () => fetchOne(app, caller, request))
}

async function fetchOne(
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
  if (resumed.type === 'ended') {
    const { answer } = resumed
    const hasRoom = answer === null || request.place.hold(answer.body.length)
    return hasRoom ? ok(await ended(app, caller, resumed)) : err('overloaded')
  }
  if (resumed.type === 'present') return presentPayment(app, caller, resumed.gateId, request)
  if (resumed.type === 'start') {
    const stopped = await mayTakeEffect(app, caller, resumed.state)
    if (!stopped.ok) return stopped
  }
  const sent = resumed.type === 'new' ? await mayBeSent(app, caller, request) : ok(null)
  if (!sent.ok) return sent
  const { profile } = await currentProfiles(app, caller.scope)
  const probed = await decidedProbe(app, caller, request)
  if (!probed.ok) return probed
  if (probed.value.type === 'denied') return ok(probed.value)
  const answered = await probe(app, caller, request)
  if (!answered.ok) return answered
  const answer = answered.value
  if (!isWhole(answer) || answer.status !== PAYMENT_REQUIRED) {
    if (resumed.type !== 'start') {
      const { probe: allowed } = probed.value
      await noteSent(app, caller, request, allowed)
      return ok({ type: 'free', answer, probe: allowed })
    }
    await letGo(answer)
    return err('quote_changed', 'the server asks for nothing any more')
  }
  const chosen = choose(app, caller, request, { profile, answer })
  if (!chosen.ok) return chosen
  const isNew = resumed.type !== 'start'
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
  const made = { receipts: isNew ? receipts : null }
  return presentPayment(app, caller, String(view.gateId), request, made)
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
  const members = [
    ...(['scheme', 'network', 'asset', 'amount', 'payTo', 'validSeconds'] as const),
    'facilitator' as const,
  ]
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
): Promise<
  Result<
    | { readonly type: 'denied'; readonly view: JsonObject; readonly receipts: Receipts }
    | { readonly type: 'allowed'; readonly probe: JsonObject | null },
    ProblemCode
  >
> {
  const recorded = await run(app, caller, decideProbe(app, caller, request))
  if (!recorded.ok) return recorded
  const { view, receipts } = recorded.value
  const { decision } = view as { decision: JsonObject | null }
  if (decision === null) return ok({ type: 'allowed', probe: null })
  return decision.decision === 'allow'
    ? ok({ type: 'allowed', probe: view })
    : ok({ type: 'denied', view, receipts })
}

/** The unpaid request. What fails here has cost nothing. */
async function probe(
  app: App,
  caller: Caller,
  request: FetchRequest,
): Promise<Result<Answer, ProblemCode>> {
  try {
    const mayBePrivate = await isNamedPrivate(app, caller, request.url)
    return ok(await askUnpaid(app, request, mayBePrivate))
  } catch (failure) {
    if (failure instanceof WebFailure) return err(failure.code, failure.detail)
    throw failure
  }
}
