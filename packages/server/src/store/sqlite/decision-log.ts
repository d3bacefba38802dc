/**
 * Recorded decisions of a data directory, one after the other, read without the store.
 *
 * @module
 */
import {
  type DecisionRecord,
  decisionRecordOf,
  type Event,
  gatesDeclared,
  type Instant,
  type Profile,
  parseOwnJson,
} from '@surety/protocol'
import type { Scope } from '../../ports.ts'
import { RowReader, Statements } from './rows.ts'
import { openForReading } from './schema.ts'

/** When the gates were declared whose decisions are meant; both ends inclusive. */
export interface Span {
  readonly since?: Instant | undefined
  readonly until?: Instant | undefined
}

/** A decision, and the very text its facts were parsed from. */
export interface LoggedDecision {
  readonly record: DecisionRecord
  readonly factsText: string | undefined
}

export interface DecisionLog {
  readonly scopes: readonly Scope[]
  /** By gate, the oldest first, and each gate's in their order. One is in memory at a time. */
  records(scope: Scope, span: Span): Iterable<LoggedDecision>
  profile(scope: Scope, policyHash: string): Profile | undefined
  close(): void
}

const SCOPES = 'SELECT scope FROM scopes ORDER BY scope'
// Most events are no decisions: to look for the word costs a hundredth of handing them over.
const EVENTS = `SELECT stream, event FROM events
  WHERE scope = ? AND stream > ? AND stream <= ? AND instr(event, '"type":"decisionRecorded"')
  ORDER BY stream, seq`
const FACTS = 'SELECT content FROM documents WHERE scope = ? AND owner = ? AND name = ?'

/** Opens the database of a directory, served or not, for reading alone. */
export function openDecisionLog(file: string): DecisionLog {
  const db = openForReading(file)
  const rows = new RowReader(new Statements(db))
  const numberOf = (scope: Scope): number => rows.scopeNumber(scope) ?? -1
  const scopes = db.prepare(SCOPES).all()
  return {
    scopes: scopes.map(({ scope }) => rows.scopeOf(scope)),
    *records(scope, span) {
      const number = numberOf(scope)
      const facts = db.prepare(FACTS)
      const { after, upTo } = gatesDeclared(span)
      const events = db.prepare(EVENTS).iterate(number, `gate:${after}`, `gate:${upTo}`)
      for (const { stream, event: text } of events as Iterable<Record<string, string>>) {
        const event = parseOwnJson(text as string) as unknown as Event
        if (event.type !== 'decisionRecorded') continue
        const { inputHash } = event.data.decision as Record<string, string>
        const gateId = (stream as string).slice('gate:'.length)
        const kept = facts.get(number, gateId, `facts-${String(inputHash)}.json`)
        const factsText = kept?.content as string | undefined
        yield { record: decisionRecordOf(event, factsText), factsText }
      }
    },
    profile: (scope, hash) => rows.state(numberOf(scope), 'profile', hash).state ?? undefined,
    close: () => db.close(),
  }
}
