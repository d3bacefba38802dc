/**
 * What callers see of a gate: one shape through every door.
 *
 * @module
 */
import { gate } from '@surety/domain'
import { type Event, type Instant, instantOf, type JsonObject } from '@surety/protocol'

type Gate = gate.Gate
type Known = Exclude<Gate, { status: 'none' }>

/** A gate as JSON. Members that do not exist yet are null. */
export function gateView(state: Known): JsonObject {
  const decision = 'decision' in state ? state.decision : null
  const authorization = 'authorization' in state ? state.authorization : null
  return {
    gateId: state.gateId,
    state: state.status,
    tenantId: state.tenantId,
    environment: state.environment,
    declaredAt: state.declaredAt,
    intentHash: state.intentHash,
    intent: state.intent,
    decision: decision === null ? null : { ...ordered(decision), decisionHash: hashIn(state) },
    authorization: ordered(authorization),
    execution: executionOf(state),
    settlement: settlementOf(state),
    payment: 'payment' in state ? ordered(state.payment ?? null) : null,
    claim: 'claim' in state ? ordered(state.claim ?? null) : null,
    refunds: 'refunds' in state ? ordered(state.refunds ?? []) : [],
  } as unknown as JsonObject
}

/**
 * INVARIANT(once): an answer has the same bytes when it is replayed. What was just decided has the
 * order of its code and what the journal holds is sorted, so that both are sorted here.
 */
function ordered<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ordered) as Value
  const members = value as Readonly<Record<string, unknown>>
  const sorted: Record<string, unknown> = {}
  for (const name of Object.keys(members).sort()) sorted[name] = ordered(members[name])
  return sorted as Value
}

function hashIn(state: Known): string | null {
  return 'decisionHash' in state ? state.decisionHash : null
}

function executionOf(state: Known): JsonObject | null {
  if (!('executingAt' in state)) return null
  const { executorId, executingAt, evidenceBy } = state
  const evidenceHash = 'evidenceHash' in state ? state.evidenceHash : null
  return { executorId, startedAt: executingAt, evidenceBy, evidenceHash }
}

function settlementOf(state: Known): JsonObject | null {
  if (!('partition' in state)) return null
  const judged = 'settlementDecision' in state ? state.settlementDecision : null
  return {
    status: settlementStatus(state),
    verdict: judged?.verdict ?? null,
    colour: judged?.colour ?? 'none',
    basis: judged?.basis ?? 'none',
    checks: ordered(judged?.checks ?? []),
    ...state.partition,
    asset: state.intent.asset,
    holdback: holdbackOf(state),
  } as unknown as JsonObject
}

/** What is held back of a settled gate, until when, and who contested it. */
function holdbackOf(state: Known): JsonObject | null {
  if (state.status !== 'settled' || state.holdback === undefined) return null
  const { until, contest } = state.holdback
  if (contest === undefined) return { until, contest: null }
  const { contestedBy, text, contestedAt } = contest
  return { until, contest: { contestedBy, text, contestedAt } }
}

/** The word of `x-surety-settlement-status`. */
function settlementStatus(state: Known): string {
  if (state.status === 'settled') return state.receipt.outcome
  if (state.status === 'voided' || state.status === 'expired') {
    return state.authorization === null ? 'none' : state.status
  }
  if (state.status === 'review') return 'review'
  if (state.status === 'executing' && state.payment?.certainty === 'unknown') return 'unknown'
  return 'partition' in state ? 'held' : 'none'
}

/**
 * A gate as its payee sees it: that what is held back is contested, and since when. What the paying
 * side says to the people who judge is theirs.
 */
export function payeeView(state: Known): JsonObject {
  const view = gateView(state)
  const { settlement } = view as { readonly settlement: JsonObject | null }
  const { holdback } = (settlement ?? {}) as { readonly holdback?: JsonObject | null }
  const { contest } = (holdback ?? {}) as { readonly contest?: JsonObject | null }
  if (contest === undefined || contest === null) return view
  const withheld = { ...contest, contestedBy: null, text: null }
  return {
    ...view,
    settlement: { ...settlement, holdback: { ...holdback, contest: withheld } },
  } as JsonObject
}

/** When the clock must look at a gate again, if ever. */
export function deadlineOf(state: Gate): Instant | null {
  switch (state.status) {
    case 'waiting':
      return instantOf(state.decision.validUntil)
    case 'authorized':
      return instantOf(state.authorization.notAfter)
    case 'executing':
      // What was presented to a rail is looked after until the rail has shown what became of it.
      return instantOf(state.payment?.at ?? state.evidenceBy)
    case 'settled':
      // What people were asked about is no longer ended by a clock.
      return state.holdback === undefined || state.holdback.contest !== undefined
        ? null
        : instantOf(state.holdback.until)
    default:
      return null
  }
}

/** The state after some facts, one after the other. */
export function evolveAll(state: Gate, events: readonly gate.GateEvent[], at: Instant): Gate {
  return events.reduce((before, event) => gate.evolve(before, event, at), state)
}

/** The gate that a stream of events makes. INVARIANT(journal): a projection equals its fold. */
export function foldGate(events: readonly Event[]): Known {
  const state = events.reduce<Gate>(
    (before, { type, data, at }) =>
      gate.evolve(before, { ...data, type } as gate.GateEvent, instantOf(at)),
    gate.initial,
  )
  if (state.status === 'none') throw new Error('a gate without events')
  return state
}
