/**
 * A credential is handed over, and what comes of it goes to the agent and into the journal.
 *
 * @module
 */
import type { gate } from '@surety/domain'
import {
  err,
  ok,
  type ProblemCode,
  type Profile,
  type Result,
  X402_HEADERS,
} from '@surety/protocol'
import { type Begun, type WebAnswer, WebFailure } from '../../../ports/web.ts'
import { Failure } from '../../../ports.ts'
import { notePayee } from '../../control/system-control.ts'
import { profileByHash } from '../../profile/current-profile.ts'
import { type App, type Caller, run, type Signed } from '../../runtime.ts'
import { headersToAgent } from '../../web/headers.ts'
import { concludeWith, type Observed } from '../conclude.ts'
import { mayTakeEffect } from '../leaving/effect.ts'
import type { Place } from '../leaving/places.ts'
import {
  authorizationFor,
  credentialOf,
  ensurePayment,
  KEPT_BYTES_MAX,
  observe,
  present,
} from '../present.ts'
import { lookUpOne } from '../rail.ts'
import { keptObservation } from '../reconcile.ts'
import type { FetchRequest } from '../request.ts'
import { gateNow, mayBePrivate as isNamedPrivate } from '../resume.ts'
import type { Paid } from './answer.ts'
import { type Passed, Passing } from './pass.ts'

type Executing = Extract<gate.Gate, { status: 'executing' }>

/**
 * Signs what was accepted, hands it over, and writes down what came of it. INVARIANT(once): one at
 * a time for each gate; whoever comes meanwhile is told that it is in progress.
 */
export async function presentPayment(
  app: App,
  caller: Caller,
  gateId: string,
  request: FetchRequest,
  /** The call has just committed the payment; with what was stated on the gate, if known. */
  made: { readonly receipts: Signed['receipts'] | null } | null = null,
): Promise<Result<Paid, ProblemCode>> {
  if (app.presenting.has(gateId)) return err('idempotency_in_flight', gateId)
  app.presenting.add(gateId)
  let isPassing = false
  try {
    const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
    if (state.status !== 'executing') return err('gate_settled', gateId)
    const may = await mayTakeEffect(app, caller, state)
    if (!may.ok) return may
    const terms = await profileByHash(app, caller.scope, state.authorization.policyHash)
    const { settlement } = terms.profile
    const handing = { app, caller, state, settlement, receipts: made?.receipts ?? null }
    // INVARIANT(unknown): it is nobody's only if no call can have handed it over before.
    const isNew = made !== null && isUntouched(app, state)
    const came = await answerTo(handing, request)
    if (came instanceof WebFailure) {
      if (!isNew) return ok(await handedOn(handing, null))
      await neverPresented(handing)
      return err(came.code, came.detail)
    }
    if (came?.begun.type !== 'long') return ok(await handedOn(handing, came))
    const passing = await passedOn(handing, came, request.place)
    isPassing = true
    return ok(passing)
  } finally {
    if (!isPassing) app.presenting.delete(gateId)
  }
}

interface Handing {
  readonly app: App
  readonly caller: Caller
  readonly state: Executing
  readonly settlement: Profile['settlement']
  readonly receipts: Signed['receipts'] | null
}

interface Came {
  readonly answer: WebAnswer
  readonly begun: Begun
  readonly startedAt: string
}

/** Nobody has handed over the credential yet, here or in a process before this one. */
function isUntouched(app: App, state: Executing): boolean {
  const { certainty, paymentId } = ensurePayment(state)
  return certainty === 'known' && !app.handed.has(paymentId)
}

/** Certainly nothing has left: nobody has the credential, and nobody ever will. */
async function neverPresented({ app, caller, state, settlement }: Handing): Promise<void> {
  const { gateId } = state
  const { payee } = ensurePayment(state)
  const finding = { type: 'disproved', reason: 'payer.never_presented' } as const
  const system: Caller = { ...caller, principalId: 'system' }
  const given = { gateId, payee, finding, came: null, kept: null, settlement }
  const written = await run(app, system, concludeWith(given))
  if (!written.ok) throw new Failure(written.refusal, written.detail)
}

/**
 * An answer that breaks off is none: it was never whole. A failure, if certainly nothing has left.
 */
async function answerTo(
  { app, caller, state, receipts }: Handing,
  request: FetchRequest,
): Promise<Came | WebFailure | null> {
  const documents = await app.store.reads.documents(caller.scope, state.gateId)
  const { environment } = caller.scope
  const offer = documents.get('offer.json') ?? ''
  const credential = await credentialOf(app, ensurePayment(state), offer, environment)
  const mayBePrivate = await isNamedPrivate(app, caller, request.url)
  const authorization = await authorizationFor(app, state, { credential, receipts })
  const more = [[X402_HEADERS.signature, credential] as const, ...authorization]
  const presented = await present(app, request, more, mayBePrivate)
  const isNobodys = presented.type === 'silence' && presented.failure.sent === 'no'
  if (isNobodys) return presented.failure
  app.handed.add(ensurePayment(state).paymentId)
  if (presented.type === 'silence') return null
  const { answer, startedAt } = presented
  try {
    const { waitMs, place } = request
    const { hold } = place
    const patience = { bytesMax: KEPT_BYTES_MAX, waitMs: waitMs(answer), hold }
    return { answer, startedAt, begun: await answer.begin(patience) }
  } catch (failure) {
    if (failure instanceof WebFailure) return null
    throw failure
  }
}

/** The whole answer is there: what became of it is known before the agent is told. */
async function handedOn(handing: Handing, came: Came | null): Promise<Paid> {
  if (came?.begun.type !== 'whole') {
    return { type: 'paid', signed: await concluded(handing, came, null), answer: null }
  }
  const { body } = came.begun
  const responseHash = handing.app.crypto.sha256(body)
  const passed = { responseHash, responseBytes: body.length, body }
  const signed = await concluded(handing, came, passed)
  const { status, headers } = came.answer
  return { type: 'paid', signed, answer: { status, headers: headersToAgent(headers), body } }
}

/** The rest of the answer is on its way: what becomes of it is known when it has passed. */
async function passedOn(handing: Handing, came: Came, place: Place): Promise<Paid> {
  const { app, caller, state } = handing
  const { answer, begun } = came
  if (begun.type !== 'long') throw new Error('an answer that is whole does not pass')
  const { gateId } = state
  const signed = await gateNow(app, caller, gateId)
  const settled = Promise.withResolvers<Signed | null>()
  // Whoever asked may go away; the exchange goes on, and keeps its place.
  place.stay()
  const passing = new Passing({
    place,
    source: begun.chunks,
    keptBytesMax: KEPT_BYTES_MAX,
    discard: () => answer.discard(),
    end: async (passed) => {
      try {
        settled.resolve(await concluded(handing, came, passed))
      } catch (cause) {
        // The reconciler finds it, and asks the chain.
        app.log.warn({ err: cause, gateId }, 'a passed answer was not written down')
        settled.resolve(null)
      } finally {
        app.presenting.delete(gateId)
        app.passing.delete(passing)
        place.leave()
      }
    },
  })
  app.passing.add(passing)
  const { status, headers } = answer
  const handed = { status, headers: headersToAgent(headers), body: passing }
  return { type: 'passing', signed, answer: handed, settled: settled.promise }
}

/** Looks at the chain, and writes down what it shows and what came. */
async function concluded(
  handing: Handing,
  came: Came | null,
  passed: Passed | null,
): Promise<Signed> {
  const { app, caller, state, settlement } = handing
  const observed =
    came === null || passed === null
      ? null
      : await observe(app, state, { ...came, ...passed }, settlement)
  const kept = await keptObservation(app, caller.scope, state, settlement)
  const payment = ensurePayment(state)
  const found = await lookUpOne(app, { payment, hint: hintOf(observed) })
  const finding = found ?? { type: 'nothing' }
  const { gateId } = state
  const system: Caller = { ...caller, principalId: 'system' }
  // Nothing yet is no failure yet: many sellers settle after they have answered.
  if (finding.type !== 'nothing') {
    app.handed.delete(payment.paymentId)
    await notePayee(app, caller.scope, payment.payee, 'answered')
  }
  const written = await run(
    app,
    system,
    concludeWith({ gateId, payee: payment.payee, finding, came: observed, kept, settlement }),
  )
  if (written.ok) return written.value
  // The chain had been looked at by a worker meanwhile, or nothing new is known.
  const isKnown = written.refusal === 'gate_settled' || written.refusal === 'payment_unknown'
  if (!isKnown) throw new Failure(written.refusal, written.detail)
  return gateNow(app, caller, gateId)
}

function hintOf(observed: Observed | null): string | undefined {
  return observed?.observation.paymentResponse?.transaction ?? undefined
}
