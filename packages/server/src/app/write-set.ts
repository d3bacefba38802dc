/**
 * Builds a WriteSet: seals events onto their stream, and gathers what commits with them.
 *
 * @module
 */
import type { ledger } from '@surety/domain'
import { type Event, type Hash, sealEventText, ZERO_HASH } from '@surety/protocol'
import type {
  CounterClaim,
  Families,
  Family,
  Outcome,
  Stamp,
  Stored,
  StreamWrite,
  UniqueClaim,
} from '../ports.ts'
import type { Answer } from './runtime.ts'

/** A fact as its module states it; everything but its type becomes the event's data. */
export interface Fact {
  readonly type: string
}

/** Where events are appended: which state they make, in which stream, after what. */
export interface Place<F extends Family> {
  readonly family: F
  readonly id: string
  readonly stream: string
  readonly before: Stored<Families[F]>
}

/** The state of something that does not exist yet. */
export function fresh<State>(state: State): Stored<State> {
  return { version: 0, head: ZERO_HASH, state }
}

export class Writing {
  readonly #stamp: Stamp
  readonly #streams: StreamWrite[] = []
  readonly #transfers: ledger.Transfer[] = []
  readonly #counters: CounterClaim[] = []
  readonly #uniques: UniqueClaim[] = []
  readonly #documents: { owner: string; name: string; text: string }[] = []
  readonly #receipts: { stream: string; seq: number }[] = []
  readonly #deadlines: { id: string; from: Stamp['at'] | null; to: Stamp['at'] | null }[] = []
  readonly #outbox: { topic: string; body: string }[] = []

  constructor(stamp: Stamp) {
    this.#stamp = stamp
  }

  /**
   * Appends facts to a stream.
   *
   * INVARIANT(journal): each event names the hash of the one before it.
   */
  append<F extends Family>(place: Place<F>, facts: readonly Fact[], next: Families[F]): this {
    const { family, id, stream, before } = place
    const events: Event[] = []
    const texts: string[] = []
    let prevHash: Hash = before.head
    for (const fact of facts) {
      const seq = before.version + events.length + 1
      const { event, text } = this.#seal(stream, seq, fact, prevHash)
      prevHash = event.eventHash
      events.push(event)
      texts.push(text)
      if (SIGNED_FACTS.has(fact.type)) this.#receipts.push({ stream, seq })
    }
    this.#streams.push({ family, id, stream, expectedVersion: before.version, events, texts, next })
    return this
  }

  #seal(stream: string, seq: number, fact: Fact, prevHash: Hash) {
    const { type, ...data } = fact
    const { scope, atText, actor, traceId, crypto } = this.#stamp
    const { tenantId } = scope
    const schemaVersion = 'Event.v1'
    return sealEventText(
      { schemaVersion, tenantId, stream, seq, type, at: atText, actor, traceId, data, prevHash },
      crypto,
    )
  }

  transfer(transfer: ledger.Transfer): this {
    this.#transfers.push(transfer)
    return this
  }

  count(claims: readonly CounterClaim[]): this {
    this.#counters.push(...claims)
    return this
  }

  unique(claim: UniqueClaim): this {
    this.#uniques.push(claim)
    return this
  }

  document(owner: string, name: string, text: string): this {
    this.#documents.push({ owner, name, text })
    return this
  }

  deadline(id: string, from: Stamp['at'] | null, to: Stamp['at'] | null): this {
    if (from !== to) this.#deadlines.push({ id, from, to })
    return this
  }

  notify(topic: string, body: object): this {
    this.#outbox.push({ topic, body: JSON.stringify(body) })
    return this
  }

  /** `null` for a gate, whose view follows from its stream. */
  answer(view: Answer['view'], stream: string): Outcome<Answer> {
    const version = this.#streams.find((write) => write.stream === stream)?.events.at(-1)?.seq ?? 0
    const receiptSeqs = this.#receipts.filter((row) => row.stream === stream).map((row) => row.seq)
    return {
      type: 'write',
      write: {
        streams: this.#streams,
        transfers: this.#transfers,
        counters: this.#counters,
        uniques: this.#uniques,
        documents: this.#documents,
        receipts: this.#receipts,
        deadlines: this.#deadlines,
        outbox: this.#outbox,
        answer: { view, stream, version, receiptSeqs },
      },
    }
  }
}

/** The facts that oblige Surety to sign a statement. */
export const SIGNED_FACTS: ReadonlySet<string> = new Set([
  'decisionRecorded',
  'gateAuthorized',
  'settlementDecided',
  'paymentReported',
  'probeDecided',
  'gateHeldForReview',
  'gateSettled',
  'gateResolved',
  'holdbackReleased',
  'gateVoided',
  'gateExpired',
  'approvalApproved',
  'approvalDenied',
  'approvalExpired',
  'principalRegistered',
  'principalKeyAdded',
  'principalKeyRetired',
  'principalLifecycleChanged',
  'principalRoleAssigned',
  'principalRoleWithdrawn',
  'controlImposed',
  'controlLifted',
])
