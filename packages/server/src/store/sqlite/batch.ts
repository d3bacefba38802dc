/**
 * One transaction in the making: what its commands have read and will write.
 *
 * Every command sees the writes of those before it. A command that is refused or fails leaves
 * nothing behind, because its writes join the batch only when all of them hold. Rows that many
 * commands touch are read once and written once.
 *
 * @module
 */
import { ledger } from '@surety/domain'
import type {
  Counter,
  CounterClaim,
  Fact,
  Families,
  Family,
  Idempotency,
  Key,
  Keys,
  Stored,
  StreamWrite,
  UniqueClaim,
  WriteSet,
} from '../../ports.ts'
import { type Committed, stateName } from './committed.ts'
import type { RowReader } from './rows.ts'

/** The rows that a batch changes, in the order of their first change. */
export interface Changes {
  readonly states: Map<
    string,
    { scope: number; family: Family; id: string; stored: Stored<Families[Family]> }
  >
  readonly accounts: Map<
    string,
    { scope: number; account: string; asset: string; sums: ledger.Account }
  >
  readonly counters: Map<string, { scope: number; claim: CounterClaim; counter: Counter }>
  readonly uniques: Map<string, { scope: number; family: string; key: string; owner: string }>
}

/** Rows that are only ever added; a deadline is met, and a document may give way to another. */
export type Addition =
  | {
      readonly table: 'event'
      readonly scope: number
      readonly stream: string
      readonly seq: number
      readonly text: string
    }
  | {
      readonly table: 'document'
      readonly scope: number
      readonly owner: string
      readonly name: string
      readonly text: string
    }
  | {
      readonly table: 'forgotten'
      readonly scope: number
      readonly owner: string
      readonly name: string
    }
  | { readonly table: 'transfer'; readonly scope: number; readonly transfer: ledger.Transfer }
  | {
      readonly table: 'receipt'
      readonly scope: number
      readonly stream: string
      readonly seq: number
    }
  | {
      readonly table: 'deadline'
      readonly scope: number
      readonly id: string
      readonly from: number | null
      readonly to: number | null
    }
  | {
      readonly table: 'outbox'
      readonly scope: number
      readonly topic: string
      readonly body: string
    }
  | {
      readonly table: 'answer'
      readonly position: number
      readonly requestHash: string
      readonly answer: string
    }

function noChanges(): Changes {
  return { states: new Map(), accounts: new Map(), counters: new Map(), uniques: new Map() }
}

export class Batch {
  readonly changes: Changes = noChanges()
  readonly additions: Addition[] = []
  readonly #rows: RowReader
  readonly #committed: Committed
  #nextAnswer: number
  #latest: string

  /** `latest`: when the last fact before this batch happened. */
  constructor(rows: RowReader, committed: Committed, nextAnswer: number, latest: string) {
    this.#rows = rows
    this.#committed = committed
    this.#nextAnswer = nextAnswer
    this.#latest = latest
  }

  /** When the last fact happened, this batch's included. */
  get latest(): string {
    return this.#latest
  }

  get nextAnswer(): number {
    return this.#nextAnswer
  }

  /** The facts as they are after the commands before this one. */
  facts<K extends Keys>(scope: number, keys: K): { readonly [Name in keyof K]: unknown } {
    const facts: Record<string, unknown> = {}
    for (const [name, key] of Object.entries(keys)) {
      facts[name] = Array.isArray(key)
        ? (key as readonly Key[]).map((each) => this.#fact(scope, each))
        : this.#fact(scope, key as Key)
    }
    return facts as never
  }

  #fact(scope: number, key: Key): Fact<Key> {
    switch (key.of) {
      case 'state':
        return this.#state(scope, key.family, key.id)
      case 'account':
        return this.#account(scope, key.account, key.asset)
      case 'counter':
        return this.#counter(scope, key.counter)
      case 'unique':
        return this.unique(scope, key.family, key.key)
    }
  }

  #remember<Value>(name: string, read: () => Value): Value {
    const known = this.#committed.get(name)
    if (known !== undefined) return known as Value
    const value = read()
    this.#committed.set(name, value)
    return value
  }

  #state<F extends Family>(scope: number, family: F, id: string): Stored<Families[F]> {
    const name = stateName(scope, family, id)
    const changed = this.changes.states.get(name)
    if (changed !== undefined) return changed.stored as Stored<Families[F]>
    return this.#remember(name, () => this.#rows.state(scope, family, id))
  }

  #account(scope: number, account: string, asset: string): ledger.Account {
    const name = `a/${String(scope)}/${account}/${asset}`
    const changed = this.changes.accounts.get(name)
    return changed?.sums ?? this.#remember(name, () => this.#rows.account(scope, account, asset))
  }

  #counter(scope: number, name: CounterClaim['counter']): Counter {
    const key = counterKey(scope, name)
    const changed = this.changes.counters.get(key)
    return changed?.counter ?? this.#remember(key, () => this.#rows.counter(scope, name))
  }

  unique(scope: number, family: string, key: string): string | undefined {
    const name = `u/${String(scope)}/${family}/${key}`
    return this.changes.uniques.get(name)?.owner ?? this.#rows.unique(scope, family, key)
  }

  /**
   * Takes a WriteSet in, whole. Answers the first unique claim that somebody else has; throws a
   * fault if the set contradicts what was read, and then takes nothing in.
   */
  take(scope: number, write: WriteSet<unknown>): UniqueClaim | undefined {
    const taken = write.uniques.find(
      ({ family, key }) => this.unique(scope, family, key) !== undefined,
    )
    if (taken !== undefined) return taken
    const staged = noChanges()
    for (const stream of write.streams) this.#stageStream(scope, stream, staged)
    for (const transfer of write.transfers) this.#stageTransfer(scope, transfer, staged)
    for (const claim of write.counters) this.#stageCounter(scope, claim, staged)
    for (const { family, key, owner } of write.uniques) {
      staged.uniques.set(`u/${String(scope)}/${family}/${key}`, { scope, family, key, owner })
    }
    for (const table of ['states', 'accounts', 'counters', 'uniques'] as const) {
      for (const [name, row] of staged[table]) this.changes[table].set(name, row as never)
    }
    this.#add(scope, write)
    return undefined
  }

  #stageStream(scope: number, write: StreamWrite, staged: Changes): void {
    const { family, id, expectedVersion, events, next } = write
    const name = stateName(scope, family, id)
    const before = this.#state(scope, family, id)
    const last = events.at(-1)
    // INVARIANT(journal): a stream grows by one event at a time from the version that was read.
    if (before.version !== expectedVersion || last === undefined || staged.states.has(name)) {
      throw new Error(
        `${write.stream} is at ${String(before.version)}, not ${String(expectedVersion)}`,
      )
    }
    const stored = { version: expectedVersion + events.length, head: last.eventHash, state: next }
    staged.states.set(name, { scope, family, id, stored })
  }

  /** INVARIANT(books): both sides or neither, and never below zero. */
  #stageTransfer(scope: number, transfer: ledger.Transfer, staged: Changes): void {
    for (const account of [transfer.debit, transfer.credit]) {
      const { asset } = transfer
      const name = `a/${String(scope)}/${account}/${asset}`
      const sums = staged.accounts.get(name)?.sums ?? this.#account(scope, account, asset)
      const posted = ledger.decide(sums, account, { type: 'post', transfer })
      if (!posted.ok) throw new Error(`${posted.refusal} on ${account}`)
      staged.accounts.set(name, { scope, account, asset, sums: ledger.evolve(sums, posted.value) })
    }
  }

  /** INVARIANT(budget): claimed in the transaction of the decision, which saw this very row. */
  #stageCounter(scope: number, claim: CounterClaim, staged: Changes): void {
    const name = counterKey(scope, claim.counter)
    const before = staged.counters.get(name)?.counter ?? this.#counter(scope, claim.counter)
    const counter = {
      reserved: before.reserved + claim.reserved,
      spent: before.spent + claim.spent,
    }
    if (counter.reserved < 0n || counter.spent < 0n) throw new Error(`${name} below zero`)
    staged.counters.set(name, { scope, claim, counter })
  }

  #add(scope: number, write: WriteSet<unknown>): void {
    for (const { stream, events, texts } of write.streams) {
      for (const [i, event] of events.entries()) {
        if (event.at > this.#latest) this.#latest = event.at
        const text = texts[i] as string
        this.additions.push({ table: 'event', scope, stream, seq: event.seq, text })
      }
    }
    // What gives way does so before what takes its place is written.
    for (const document of write.forgotten ?? []) {
      this.additions.push({ table: 'forgotten', scope, ...document })
    }
    for (const document of write.documents) {
      this.additions.push({ table: 'document', scope, ...document })
    }
    for (const transfer of write.transfers) {
      this.additions.push({ table: 'transfer', scope, transfer })
    }
    for (const receipt of write.receipts)
      this.additions.push({ table: 'receipt', scope, ...receipt })
    for (const deadline of write.deadlines) {
      this.additions.push({ table: 'deadline', scope, ...deadline })
    }
    for (const row of write.outbox) this.additions.push({ table: 'outbox', scope, ...row })
  }

  /** INVARIANT(once): the answer of an executed command is kept in the command's own commit. */
  keepAnswer(scope: number, idempotency: Idempotency, answer: unknown): void {
    const position = this.#nextAnswer
    this.#nextAnswer += 1
    const key = idempotencyName(idempotency)
    this.changes.uniques.set(`u/${String(scope)}/idempotency/${key}`, {
      scope,
      family: 'idempotency',
      key,
      owner: String(position),
    })
    const { requestHash } = idempotency
    const text = JSON.stringify(answer)
    this.additions.push({ table: 'answer', position, requestHash, answer: text })
  }

  /** An answer that this very batch keeps. */
  answer(position: number): { requestHash: string; answer: string } | undefined {
    return this.additions.find((row) => row.table === 'answer' && row.position === position) as
      | Extract<Addition, { table: 'answer' }>
      | undefined
  }
}

export function idempotencyName({
  principalId,
  key,
}: Pick<Idempotency, 'principalId' | 'key'>): string {
  return `${principalId}:${key}`
}

function counterKey(
  scope: number,
  { subject, asset, period, start }: CounterClaim['counter'],
): string {
  return `c/${String(scope)}/${subject}/${asset}/${period}/${start ?? ''}`
}
