/**
 * What Surety itself does with controls: it lifts those whose time is over, and pauses a rail or a
 * payee that became unstable. INVARIANT(no-forgery): as the act of the system, in nobody's name.
 *
 * @module
 */
import { control } from '@surety/domain'
import { type ControlSelector, err, type Id, instantOf, ok } from '@surety/protocol'
import type { Scope, Stamp, Stored, UseCase } from '../../ports.ts'
import { type Answer, type App, type Call, type Caller, run } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'
import { controlEpochKey, controlKey, standingKey } from './standing.ts'
import { appendAct, controlStream, controlView, noticeOf } from './statement.ts'

function circumstances(
  epoch: Stored<{ readonly epoch: number }>,
  justificationCode: string,
  stamp: Stamp,
): control.Circumstances {
  const { scope, at, atText, kids } = stamp
  const next = epoch.state.epoch + 1
  return { ...scope, at, atText, epoch: next, justificationCode, kid: kids.control }
}

interface Lifting {
  readonly controlId: Id<'ctl'>
  readonly selector: ControlSelector
}
const reads = ({ controlId, selector }: Lifting) => ({
  control: controlKey(controlId),
  standing: standingKey(selector),
  epoch: controlEpochKey,
})
type Reads = ReturnType<typeof reads>

const expire: UseCase<Lifting, Reads, Answer> = {
  reads,
  decide: (read, { controlId, selector }, stamp) => {
    const now = circumstances(read.epoch, 'time_over', stamp)
    const ordered = { by: 'clock' } as const
    const decided = control.decide(read.control.state, { type: 'lift', selector, ordered, now })
    const [fact] = decided.ok ? decided.value : []
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    if (fact === undefined) throw new Error('a control that is lifted is a fact')
    const writing = new Writing(stamp)
    const state = appendAct(writing, read, fact)
    const { until } = fact.statement
    return writing
      .deadline(controlId, until === null ? null : instantOf(until), null)
      .notify('control.lifted', noticeOf(fact.statement))
      .answer(controlView(state), controlStream(controlId))
  },
}

/** Lifts a control whose time is over. Until the clock has, it stands: late is safe. */
export function passControlDeadline(app: App, caller: Caller, id: string): Call<Lifting, Reads> {
  return {
    useCase: expire,
    idempotency: null,
    prepare: async () => {
      const { state } = await app.store.reads.state(caller.scope, 'control', id)
      if (state.status === 'none') return err('control_not_found')
      const { controlId, selector } = state.imposed
      return ok({ controlId, selector })
    },
  }
}

type Freezing = { readonly selector: ControlSelector }
const freezeReads = ({ selector }: Freezing) => ({
  standing: standingKey(selector),
  epoch: controlEpochKey,
})

const freeze: UseCase<Freezing, ReturnType<typeof freezeReads>, Answer> = {
  reads: freezeReads,
  decide: (read, { selector }, stamp) => {
    const isPaused = read.standing.state.active.some(({ kind }) => kind === 'pause')
    if (isPaused) return { type: 'refuse', code: 'control_limit' }
    const controlId = stamp.mint('ctl')
    const order = { controlId, command: 'pause', selector, until: null } as const
    const decided = control.decide(control.initial, {
      type: 'impose',
      order,
      ordered: { by: 'adapter' },
      now: circumstances(read.epoch, 'adapter_unstable', stamp),
      standing: 0,
      namesOperator: false,
    })
    const [fact] = decided.ok ? decided.value : []
    if (fact === undefined) throw new Error('a rail can be paused')
    const writing = new Writing(stamp)
    const state = appendAct(writing, { ...read, control: fresh(control.initial) }, fact)
    return writing
      .notify('control.imposed', noticeOf(fact.statement))
      .answer(controlView(state), controlStream(controlId))
  },
}

/** How many calls of a rail may fail in a row before new spend on it is frozen. */
export const RAIL_FAILURES_MAX = 5

/** By tenant, environment and what is counted: how often in a row it has failed. */
const failures = new WeakMap<App, Map<string, number>>()

type Selector = Extract<ControlSelector, { type: 'rail' | 'payee' }>

/**
 * Takes note of whether a rail answered. One that fails again and again is paused: new spend on it
 * is denied until an operator resumes it; refunds, evidence and disputes go on. It is never the
 * other way round: an unstable rail allows nothing. `part` of a rail is counted by itself: one
 * network of several, say.
 */
export function noteRail(
  app: App,
  scope: Scope,
  rail: string,
  outcome: 'answered' | 'failed',
  part = '',
): Promise<void> {
  return note(app, scope, { selector: { type: 'rail', id: rail }, part }, outcome)
}

/**
 * Takes note of what came of handing a payee a credential: something conclusive, or nothing. It is
 * the payee who is paused, so that no seller can stop what is bought from others.
 */
export function notePayee(
  app: App,
  scope: Scope,
  payee: Id<'prn'>,
  outcome: 'answered' | 'failed',
): Promise<void> {
  return note(app, scope, { selector: { type: 'payee', id: payee }, part: '' }, outcome)
}

async function note(
  app: App,
  scope: Scope,
  { selector, part }: { readonly selector: Selector; readonly part: string },
  outcome: 'answered' | 'failed',
): Promise<void> {
  const known = failures.get(app) ?? new Map<string, number>()
  failures.set(app, known)
  const name = [scope.tenantId, scope.environment, selector.type, selector.id, part].join('/')
  if (outcome === 'answered') {
    known.delete(name)
    return
  }
  const count = (known.get(name) ?? 0) + 1
  known.set(name, count)
  if (count < RAIL_FAILURES_MAX) return
  known.delete(name)
  const traceId = app.crypto.sha256(app.random.bytes(16)).slice(0, 32)
  const caller: Caller = { principalId: 'system', scope, scopes: new Set(), traceId }
  const frozen = { useCase: freeze, idempotency: null, prepare: async () => ok({ selector }) }
  const result = await run(app, caller, frozen)
  if (result.ok) app.log.warn({ ...selector, ...result.value.view }, 'what is unstable is paused')
}
