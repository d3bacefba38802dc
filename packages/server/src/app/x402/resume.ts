/**
 * A second call with the key of a first: it is told what became of it, or carries it on.
 *
 * INVARIANT(once): whatever happened in between, the same key is the same purchase, and a purchase
 * has one credential.
 *
 * @module
 */
import { type gate, policy } from '@surety/domain'
import {
  err,
  hashOf,
  instantOf,
  type JsonObject,
  ok,
  type ProblemCode,
  type Result,
} from '@surety/protocol'
import { authorizeGate } from '../gate/authorize-gate.ts'
import { gateView } from '../gate/view.ts'
import { currentProfiles, profileByHash } from '../profile/current-profile.ts'
import { receiptsAt } from '../receipts.ts'
import { type App, type Caller, gateStream, run, type Signed } from '../runtime.ts'
import { ANSWER_DOCUMENT } from './answer/kept.ts'
import { concludeWith } from './conclude.ts'
import { purchaseKey } from './prepare.ts'
import { ensurePayment, type KeptAnswer, keptAnswer } from './present.ts'
import { lookUpOne } from './rail.ts'
import { keptObservation } from './reconcile.ts'
import type { FetchRequest } from './request.ts'

type Known = Exclude<gate.Gate, { status: 'none' }>

export type Resumed =
  | { readonly type: 'new' }
  /** Decided and allowed by now, after somebody was asked: nothing was presented yet. */
  | { readonly type: 'start'; readonly state: Extract<gate.Gate, { status: 'authorized' }> }
  | { readonly type: 'present'; readonly gateId: string }
  | { readonly type: 'ended'; readonly state: Known; readonly answer: KeptAnswer | null }

/** Finds the purchase of a key, and what is left to do of it. */
export async function resumePurchase(
  app: App,
  caller: Caller,
  request: FetchRequest,
): Promise<Result<Resumed, ProblemCode>> {
  const { idempotencyKey: key } = request
  if (key === null) return ok({ type: 'new' })
  const { reads } = app.store
  const gateId = await reads.unique(caller.scope, 'purchase', purchaseKey(caller, key))
  if (gateId === undefined) return ok({ type: 'new' })
  const { state } = await reads.state(caller.scope, 'gate', gateId)
  if (state.status === 'none') throw new Error('a key of a gate that is not there')
  const { requestFingerprint, grantHash } = state.intent
  const isSame =
    hashOf(requestFingerprint, app.crypto) === request.fingerprintHash &&
    grantHash === request.grantHash
  if (!isSame) return err('idempotency_key_reused')
  if (state.status === 'authorized') return ok({ type: 'start', state })
  if (state.status === 'waiting') return resumeWaiting(app, caller, gateId)
  if (state.status === 'executing') return resumeExecuting(app, caller, state)
  return ok({ type: 'ended', state, answer: await answerOf(app, caller, gateId) })
}

/** Somebody was asked: once answered, the gate is decided again, by the rules of now. */
async function resumeWaiting(
  app: App,
  caller: Caller,
  gateId: string,
): Promise<Result<Resumed, ProblemCode>> {
  const decided = await run(app, caller, authorizeGate(app, caller, gateId, null))
  if (!decided.ok && decided.refusal !== 'approval_pending') return decided
  const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
  if (state.status === 'authorized') return ok({ type: 'start', state })
  return ok({ type: 'ended', state: state as Known, answer: null })
}

/** Presented, and not known to be paid: the chain is asked, and then perhaps the seller again. */
async function resumeExecuting(
  app: App,
  caller: Caller,
  state: Extract<gate.Gate, { status: 'executing' }>,
): Promise<Result<Resumed, ProblemCode>> {
  const { gateId } = state
  if (app.presenting.has(gateId)) return err('idempotency_in_flight', gateId)
  const payment = ensurePayment(state)
  const finding = (await lookUpOne(app, { payment })) ?? { type: 'nothing' }
  const answer = await answerOf(app, caller, gateId)
  const isOver = app.clock.now() >= instantOf(payment.validBefore)
  if (finding.type === 'nothing') {
    // What nobody would take any more is not handed out again.
    return ok(isOver ? { type: 'ended', state, answer } : { type: 'present', gateId })
  }
  const terms = await profileByHash(app, caller.scope, state.authorization.policyHash)
  const { settlement } = terms.profile
  const kept = await keptObservation(app, caller.scope, state, settlement)
  const system: Caller = { ...caller, principalId: 'system' }
  await run(
    app,
    system,
    concludeWith({ gateId, payee: payment.payee, finding, came: null, kept, settlement }),
  )
  const after = await app.store.reads.state(caller.scope, 'gate', gateId)
  return ok({ type: 'ended', state: after.state as Known, answer })
}

/** The answer that was kept, if one came back and was not too large. */
async function answerOf(app: App, caller: Caller, gateId: string): Promise<KeptAnswer | null> {
  const documents = await app.store.reads.documents(caller.scope, gateId)
  const kept = documents.get(ANSWER_DOCUMENT)
  return kept === undefined ? null : keptAnswer(kept)
}

/** A gate as it is now, with all it was stated on it. */
export async function gateNow(app: App, caller: Caller, gateId: string): Promise<Signed> {
  const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
  if (state.status === 'none') throw new Error(`no gate ${gateId}`)
  const receipts = await receiptsAt(app, caller.scope, gateStream(gateId), 'all')
  return { view: gateView(state) as JsonObject, receipts, replayed: true }
}

/** Whether the profile lets this origin be on a private address. */
export async function mayBePrivate(app: App, caller: Caller, url: string): Promise<boolean> {
  const { profile } = await currentProfiles(app, caller.scope)
  return policy.originRules(profile, policy.originOf(url))?.privateAddresses === true
}
