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
// Most events are no decisions. The type ends the text of an event, since members lie in order; as
// bytes the end is found without counting the characters before it.
const EVENTS = `SELECT stream, event FROM events
  WHERE scope = ? AND stream > ? AND stream <= ?
    AND substr(CAST(event AS BLOB), -26) = CAST('"type":"decisionRecorded"}' AS BLOB)
  ORDER BY stream, seq`
const FACTS = `SELECT owner, name, content FROM documents
  WHERE scope = ? AND owner > ? AND owner <= ? AND name >= 'facts-' AND name < 'facts.'
  ORDER BY owner, name`
/** Every page is read once: one that is kept is in the way. */
const CACHE = 'PRAGMA cache_size = -2000'

/** Opens the database of a directory, served or not, for reading alone. */
export function openDecisionLog(file: string): DecisionLog {
  const db = openForReading(file)
  db.exec(CACHE)
  const rows = new RowReader(new Statements(db))
  const numberOf = (scope: Scope): number => rows.scopeNumber(scope) ?? -1
  const scopes = db.prepare(SCOPES).all()
  const texts = (sql: string, scope: number, after: string, upTo: string) => {
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    return statement.iterate(scope, after, upTo) as Iterable<unknown> as Iterable<string[]>
  }
  return {
    scopes: scopes.map(({ scope }) => rows.scopeOf(scope)),
    *records(scope, span) {
      const number = numberOf(scope)
      const { after, upTo } = gatesDeclared(span)
      const events = texts(EVENTS, number, `gate:${after}`, `gate:${upTo}`)
      const facts = new FactsAlong(texts(FACTS, number, after, upTo))
      try {
        for (const [stream, text] of events) {
          const event = parseOwnJson(text as string) as unknown as Event
          if (event.type !== 'decisionRecorded') continue
          const { inputHash } = event.data.decision as Record<string, string>
          const gateId = (stream as string).slice('gate:'.length)
          const factsText = facts.of(gateId, `facts-${String(inputHash)}.json`)
          yield { record: decisionRecordOf(event, factsText), factsText }
        }
      } finally {
        facts.close()
      }
    },
    profile: (scope, hash) => rows.state(numberOf(scope), 'profile', hash).state ?? undefined,
    close: () => db.close(),
  }
}

/**
 * The facts of gates, read along with the gates in the order of their ids. The first is read while
 * the cursor of the events stands, so that both see the same commits.
 */
class FactsAlong {
  readonly #rows: Iterator<string[]>
  /** The first row that belongs to no gate so far. */
  #ahead: IteratorResult<string[], unknown> | undefined
  #gateId = ''
  readonly #texts = new Map<string, string>()

  constructor(rows: Iterable<string[]>) {
    this.#rows = rows[Symbol.iterator]()
  }

  of(gateId: string, wanted: string): string | undefined {
    if (gateId !== this.#gateId) this.#goTo(gateId)
    return this.#texts.get(wanted)
  }

  #goTo(gateId: string): void {
    this.#gateId = gateId
    this.#texts.clear()
    this.#ahead ??= this.#rows.next()
    for (; this.#ahead.done !== true; this.#ahead = this.#rows.next()) {
      const [owner = '', name = '', content = ''] = this.#ahead.value
      if (owner > gateId) return
      if (owner === gateId) this.#texts.set(name, content)
    }
  }

  close(): void {
    this.#rows.return?.()
  }
}
