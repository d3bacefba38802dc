/**
 * The history of a gate: its events as facts, chained, legal, and each the one its machine gives.
 *
 * @module
 */
import {
  canonicalize,
  type Event,
  Event as EventSchema,
  eventHashHolds,
  GATE_EVENTS,
  hashOf,
  instantOf,
  type JsonValue,
  type Profile,
  parseAs,
  ZERO_HASH,
} from '@surety/protocol'
import * as gates from '../gate/index.ts'
import type { Examination } from './examination.ts'
import { EVENTS_PATH } from './layout.ts'

type Gate = gates.Gate
type GateEvent = gates.GateEvent

/** One event, and what was true before and after it. */
export interface Recorded<Fact extends GateEvent = GateEvent> {
  readonly event: Event
  readonly fact: Fact
  readonly before: Gate
}

export interface History {
  readonly entries: readonly Recorded[]
  readonly gate: Gate
}

GATE_EVENTS satisfies Readonly<Record<GateEvent['type'], unknown>>

/** Those entries whose fact is of that type. */
export function entriesOf<Type extends GateEvent['type']>(
  history: History,
  ...types: readonly Type[]
): readonly Recorded<Extract<GateEvent, { type: Type }>>[] {
  const wanted: readonly string[] = types
  return history.entries.filter(({ fact }) => wanted.includes(fact.type)) as never
}

/** Reads the events and folds them; stops at the first that cannot be. */
export function readHistory(exam: Examination, profiles: ReadonlyMap<string, Profile>): History {
  const read: { event: Event; fact: GateEvent }[] = []
  for (const line of exam.surface.lines) {
    const one = readEvent(exam, line, read.length + 1)
    if (one === undefined) break
    read.push(one)
  }
  checkChain(
    exam,
    read.map(({ event }) => event),
  )
  for (const { event, fact } of read) checkStatedHashes(exam, event, fact)
  return fold(exam, read, profiles)
}

function readEvent(
  { findings }: Examination,
  line: JsonValue,
  seq: number,
): { event: Event; fact: GateEvent } | undefined {
  const event = parseAs(EventSchema, line)
  const schemaHolds = (holds: boolean, reason: string) =>
    findings.note('event_schema', holds, EVENTS_PATH, `event ${seq}: ${reason}`)
  if (!event.ok) {
    schemaHolds(false, event.detail ?? event.refusal)
    return undefined
  }
  const { type, data } = event.value
  const isKnown = Object.hasOwn(GATE_EVENTS, type)
  if (!schemaHolds(isKnown, `\`${type}\` is no fact of a gate`)) return undefined
  const parsed = parseAs(GATE_EVENTS[type as GateEvent['type']], data)
  if (!parsed.ok) {
    schemaHolds(false, parsed.detail ?? parsed.refusal)
    return undefined
  }
  return { event: event.value, fact: { type, ...parsed.value } as GateEvent }
}

/** INVARIANT(journal): from the first event on, each names the one before it. */
function checkChain(exam: Examination, events: readonly Event[]): void {
  const { findings, surface, crypto } = exam
  let previous: Event | undefined
  for (const [i, event] of events.entries()) {
    const note = (holds: boolean, reason: string) =>
      findings.note('event_chain', holds, EVENTS_PATH, `event ${i + 1}: ${reason}`)
    note(event.seq === i + 1, 'its number is not the next')
    note(event.prevHash === (previous?.eventHash ?? ZERO_HASH), 'it names another event before it')
    note(eventHashHolds(event, crypto), 'its hash is not the hash of its members')
    note(event.stream === `gate:${surface.gateId}`, 'of another stream')
    note(event.tenantId === (previous ?? event).tenantId, 'of another tenant')
    note(event.at >= (previous ?? event).at, 'before the event before it')
    previous = event
  }
}

/** Each hash that an event states beside an object is the hash of that object. */
function checkStatedHashes({ findings, crypto }: Examination, event: Event, fact: GateEvent): void {
  const note = (object: unknown, hash: string) =>
    findings.note(
      'stated_hashes',
      hashOf(object, crypto) === hash,
      EVENTS_PATH,
      `event ${event.seq}: a stated hash is not of what stands beside it`,
    )
  switch (fact.type) {
    case 'gateDeclared':
      note(fact.intent, fact.intentHash)
      break
    case 'decisionRecorded':
      note(fact.decision, fact.decisionHash)
      break
    case 'gateAuthorized':
      note(fact.authorization, fact.authorizationHash)
      break
    case 'evidenceAccepted':
      note(fact.statement, fact.evidenceHash)
      break
    case 'responseObserved':
      note(fact.observation, fact.evidenceHash)
      if (fact.signed !== undefined) note(fact.signed.statement, fact.signed.statementHash)
      break
    case 'gateHeldForReview':
    case 'gateSettled':
    case 'gateResolved':
    case 'holdbackReleased':
    case 'gateVoided':
    case 'gateExpired':
      note(fact.receipt, fact.receiptHash)
      break
    case 'executionStarted':
    case 'evidenceTimedOut':
    case 'paymentMoved':
    case 'paymentReported':
    case 'claimOpened':
    case 'refundReceived':
    case 'settlementDecided':
    case 'holdbackContested':
  }
}

function fold(
  exam: Examination,
  read: readonly { event: Event; fact: GateEvent }[],
  profiles: ReadonlyMap<string, Profile>,
): History {
  const entries: Recorded[] = []
  let gate: Gate = gates.initial
  /** Up to where the events are what one command gave. */
  let committed = 0
  for (const [i, { event, fact }] of read.entries()) {
    const note = (holds: boolean, reason: string) =>
      exam.findings.note('transitions', holds, EVENTS_PATH, `event ${event.seq}: ${reason}`)
    const rest = read.slice(i, i + 2)
    const attempt = (part: () => void): boolean => {
      try {
        part()
        return true
      } catch (fault) {
        return note(false, fault instanceof Error ? fault.message : 'a fault')
      }
    }
    attempt(() => {
      if (i < committed) return
      const given = commandOf(gate, rest, profiles)
      committed = i + given.length
      const stands = canonicalize(rest.slice(0, given.length).map(factOf))
      note(canonicalize(given) === stands, `not what a gate that is \`${gate.status}\` gives`)
    })
    const before = gate
    const isLegal = attempt(() => {
      gate = gates.evolve(before, fact, instantOf(event.at))
    })
    if (!isLegal) break
    entries.push({ event, fact, before })
  }
  const [declared] = entries
  const isOwn =
    declared?.fact.type === 'gateDeclared' &&
    declared.fact.gateId === exam.surface.gateId &&
    declared.fact.intent.tenantId === declared.event.tenantId
  exam.findings.note('transitions', isOwn, EVENTS_PATH, 'it does not begin with its declaration')
  return { entries, gate }
}

const factOf = ({ fact }: { readonly fact: GateEvent }): GateEvent => fact

/** The facts that the machine gives where the first of these stands; throws if it gives none. */
function commandOf(
  gate: Gate,
  [first, second]: readonly { event: Event; fact: GateEvent }[],
  profiles: ReadonlyMap<string, Profile>,
): readonly GateEvent[] {
  if (first === undefined) return []
  const { fact } = first
  const at = instantOf(first.event.at)
  const next = second?.fact
  switch (fact.type) {
    case 'gateDeclared':
      return given(gate, { ...fact, type: 'declare', at })
    case 'decisionRecorded': {
      const authorized = next?.type === 'gateAuthorized' ? next : null
      // That a person answered is checked with the facts of the decision, which hold the answer.
      const answers = gate.status === 'waiting' ? gate.decisionHash : undefined
      const recorded = { ...fact, type: 'record', answers } as const
      return given(gate, { ...recorded, authorized: withoutType(authorized) })
    }
    case 'executionStarted':
      return given(gate, {
        ...executeOf(gate, fact, at, profiles),
        ...(next?.type === 'paymentMoved' ? { pays: true } : {}),
      })
    case 'evidenceAccepted':
      return given(gate, { ...fact, type: 'accept', at })
    case 'evidenceTimedOut':
      return given(gate, { type: 'timeOut', at })
    case 'settlementDecided':
      if (next?.type !== 'gateSettled' && next?.type !== 'gateHeldForReview') {
        throw new Error('a verdict without its receipt')
      }
      return given(gate, { ...next, type: 'settle', record: fact.record })
    case 'paymentMoved':
      return given(gate, { type: 'pay', payments: [fact], observed: null })
    case 'paymentReported': {
      if (fact.payment.state !== 'failed') {
        return given(gate, { type: 'pay', payments: [fact], observed: null })
      }
      if (next?.type !== 'gateVoided') throw new Error('a disproof without its receipt')
      return given(gate, { ...next, type: 'disprove', payment: fact })
    }
    case 'responseObserved': {
      const { type: _, ...observed } = fact
      return given(gate, { type: 'pay', payments: [], observed })
    }
    case 'claimOpened':
      return given(gate, { type: 'claim', claim: fact.claim })
    case 'refundReceived':
      return given(gate, { ...fact, type: 'reverse' })
    case 'gateResolved':
      return given(gate, { ...fact, type: 'resolve' })
    case 'holdbackContested':
      return given(gate, { ...fact, type: 'contest', at })
    case 'holdbackReleased':
      return given(gate, { ...fact, type: 'releaseHeld', at })
    case 'gateVoided':
    case 'gateExpired': {
      const as = fact.type === 'gateVoided' ? 'voided' : 'expired'
      return given(gate, { ...fact, type: 'end', as, at })
    }
    case 'gateAuthorized':
      throw new Error('an authorization without its decision')
    case 'gateHeldForReview':
    case 'gateSettled':
      throw new Error('a receipt without its verdict')
  }
}

type Command = gates.GateCommand

function given(gate: Gate, command: Command): readonly GateEvent[] {
  const decided = gates.decide(gate, command)
  if (!decided.ok) throw new Error(decided.refusal)
  return decided.value
}

function withoutType<Fact extends { readonly type: string }>(
  fact: Fact | null,
): Omit<Fact, 'type'> | null {
  if (fact === null) return null
  const { type: _type, ...rest } = fact
  return rest
}

/** What was presented is not recorded, only that it fitted: so it is taken to be what was bound. */
function executeOf(
  gate: Gate,
  fact: Extract<GateEvent, { type: 'executionStarted' }>,
  at: Extract<Command, { type: 'execute' }>['at'],
  profiles: ReadonlyMap<string, Profile>,
): Command {
  if (gate.status !== 'authorized') throw new Error(`executionStarted after ${gate.status}`)
  const { policyHash } = gate.authorization
  const profile = profiles.get(policyHash)
  if (profile === undefined) throw new Error('the profile is missing')
  return {
    type: 'execute',
    authorizationHash: gate.authorizationHash,
    presented: { request: gate.intent.requestFingerprint },
    executorId: fact.executorId,
    at,
    terms: { strictBinding: false, evidenceWithinMs: profile.settlement.evidenceWithinMs },
    now: { policyHash, grantsUsable: true, partiesActive: true, stopped: false },
  }
}
