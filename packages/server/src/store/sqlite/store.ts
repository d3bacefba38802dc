/**
 * The embedded store: one writer, group commit, a second connection for reading.
 *
 * Up to 256 waiting commands are read, decided and applied without an await inside one
 * transaction; answers leave after its COMMIT. Rules: docs/adr/0007-sqlite-by-default.md.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import {
  ensureInstant,
  formatInstant,
  type Instant,
  instantOf,
  type ProblemCode,
  parseOwnJson,
} from '@surety/protocol'
import {
  type Command,
  type Executed,
  type Facts,
  Failure,
  type Idempotency,
  type Keys,
  type Meter,
  type Scope,
  type SignedRow,
  type Store,
} from '../../ports.ts'
import { Batch, idempotencyName } from './batch.ts'
import { Committed, remember } from './committed.ts'
import { flush } from './flush.ts'
import { sqliteReads } from './reads.ts'
import { RowReader, Statements } from './rows.ts'
import { IN_MEMORY, openDatabase, openForReading } from './schema.ts'

/** How many commands share one commit at most. */
const BATCH_MAX = 256
/** How many turns of the event loop a commit waits for others to share it. */
const GATHER_TURNS = 4
/** How many chores go along with one commit, and how long they wait for one. */
const CHORES_MAX = 1_024
const CHORES_WAIT_MS = 10

/** A constraint did not hold: https://sqlite.org/rescode.html. The low byte is the primary code. */
const SQLITE_CONSTRAINT = 19
const PRIMARY_CODE = 0xff

type CommitMeter = Pick<Meter, 'commit' | 'commitFailed'>
type AnyCommand = Command<unknown, Keys, unknown>

interface Waiting {
  readonly command: AnyCommand
  readonly resolve: (executed: Executed<unknown>) => void
  readonly reject: (reason: unknown) => void
}

interface Chore {
  readonly run: (statements: Statements, rows: RowReader) => void
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export interface SqliteStore extends Store {
  /** Makes the rows that a tenant's environment needs to exist. */
  createScope(scope: Scope): Promise<void>
}

/** Opens a store over a file; `:memory:` is for tests and reads on the writer's own connection. */
export function openSqliteStore(file: string, meter?: CommitMeter): SqliteStore {
  return new GroupCommit(file, meter)
}

/** When the latest fact of a database happened that no process has open. */
export function latestFact(file: string): Instant {
  const db = openForReading(file)
  try {
    return instantOf(latestIn(db))
  } finally {
    db.close()
  }
}

function latestIn(db: DatabaseSync): string {
  const row = db.prepare("SELECT value FROM meta WHERE name = 'latest'").get()
  return (row?.value as string | undefined) ?? formatInstant(ensureInstant(0))
}

class GroupCommit implements SqliteStore {
  readonly reads
  readonly #db: DatabaseSync
  readonly #readDb: DatabaseSync
  readonly #rows: RowReader
  readonly #waiting: Waiting[] = []
  readonly #chores: Chore[] = []
  readonly #committed = new Committed()
  readonly #meter: CommitMeter | undefined
  #nextAnswer: number
  #latest: string
  #scheduled = false
  #choresTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(file: string, meter: CommitMeter | undefined) {
    this.#meter = meter
    this.#db = openDatabase(file)
    this.#readDb = file === IN_MEMORY ? this.#db : openForReading(file)
    this.#rows = new RowReader(new Statements(this.#db))
    this.reads = sqliteReads(new RowReader(new Statements(this.#readDb)), this.#committed)
    const last = this.#db.prepare('SELECT max(position) AS last FROM answers').get()
    this.#nextAnswer = Number(last?.last ?? 0) + 1
    this.#latest = latestIn(this.#db)
  }

  get latest(): Instant {
    return instantOf(this.#latest)
  }

  get waiting(): number {
    return this.#waiting.length
  }

  execute<Input, K extends Keys, Answer>(
    command: Command<Input, K, Answer>,
  ): Promise<Executed<Answer>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Failure('shutting_down'))
      const waiting = {
        command: command as unknown as AnyCommand,
        resolve: resolve as never,
        reject,
      }
      this.#waiting.push(waiting)
      this.#schedule()
    })
  }

  #chore(run: Chore['run']): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Failure('shutting_down'))
      this.#chores.push({ run, resolve, reject })
      this.#scheduleChores()
    })
  }

  createScope({ tenantId, environment }: Scope): Promise<void> {
    const sql = 'INSERT OR IGNORE INTO scopes (tenant, environment) VALUES (?, ?)'
    return this.#chore((statements) => void statements.get(sql).run(tenantId, environment))
  }

  keepSignatures(signed: readonly SignedRow[]): Promise<void> {
    const sql =
      'UPDATE signatures SET signature = ? WHERE scope = ? AND stream = ? AND seq = ? AND signature IS NULL'
    return this.#chore((statements, rows) => {
      for (const { scope, stream, seq, signature } of signed) {
        statements.get(sql).run(signature, rows.scopeNumber(scope) as number, stream, seq)
      }
    })
  }

  keepDocument(...[scope, owner, name, text]: Parameters<Store['keepDocument']>): Promise<void> {
    const sql = 'INSERT OR REPLACE INTO documents (scope, owner, name, content) VALUES (?, ?, ?, ?)'
    return this.#chore((statements, rows) => {
      statements.get(sql).run(rows.scopeNumber(scope) as number, owner, name, text)
    })
  }

  forget(...[{ due, scope, id }, owner, name]: Parameters<Store['forget']>): Promise<void> {
    const document = 'DELETE FROM documents WHERE scope = ? AND owner = ? AND name = ?'
    const deadline = 'DELETE FROM deadlines WHERE due = ? AND scope = ? AND id = ?'
    return this.#chore((statements, rows) => {
      const number = rows.scopeNumber(scope) as number
      statements.get(document).run(number, owner, name)
      statements.get(deadline).run(due, number, id)
    })
  }

  settleOutbox(...[delivered, failed]: Parameters<Store['settleOutbox']>): Promise<void> {
    return this.#chore((statements) => {
      for (const position of delivered) {
        statements.get('DELETE FROM outbox WHERE position = ?').run(position)
      }
      const later = 'UPDATE outbox SET attempts = attempts + 1, not_before = ? WHERE position = ?'
      for (const { position, notBefore } of failed) statements.get(later).run(notBefore, position)
    })
  }

  /** What arrives while a commit is on its way to the disk makes up the next batch. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#gather(GATHER_TURNS)
  }

  #gather(turns: number): void {
    setImmediate(() => {
      if (turns > 1 && this.#waiting.length < BATCH_MAX) return this.#gather(turns - 1)
      this.#scheduled = false
      this.#commit(this.#waiting.splice(0, BATCH_MAX), this.#chores.splice(0, CHORES_MAX))
      if (this.#waiting.length > 0) this.#schedule()
      else if (this.#chores.length > 0) this.#scheduleChores()
    })
  }

  /** Chores go along with the next commands; where none come they do not wait long. */
  #scheduleChores(): void {
    this.#choresTimer ??= setTimeout(() => {
      this.#choresTimer = undefined
      if (this.#chores.length > 0 && !this.#closed) this.#schedule()
    }, CHORES_WAIT_MS)
  }

  #commit(waiting: readonly Waiting[], chores: readonly Chore[]): void {
    if (waiting.length + chores.length === 0) return
    const batch = new Batch(this.#rows, this.#committed, this.#nextAnswer, this.#latest)
    const answers: (() => void)[] = []
    const startedMs = performance.now()
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      for (const each of waiting) answers.push(this.#runOne(each, batch))
      flush(batch, this.#rows.statements)
      for (const { run } of chores) run(this.#rows.statements, this.#rows)
      this.#db.exec('COMMIT')
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#committed.clear()
      this.#meter?.commitFailed()
      if (waiting.length + chores.length > 1 && isOfARow(cause)) {
        this.#commitInParts(waiting, chores)
        return
      }
      const failure = new Failure('store_unavailable', cause)
      for (const { reject } of [...waiting, ...chores]) reject(failure)
      return
    }
    this.#meter?.commit(waiting.length, startedMs)
    this.#nextAnswer = batch.nextAnswer
    this.#latest = batch.latest
    remember(this.#committed, batch.changes)
    for (const answer of answers) answer()
    for (const { resolve } of chores) resolve()
  }

  /**
   * A row that cannot be written fails the command it is of, and no other: halved until it is
   * alone. Cost: at most twice as many commits as there were commands.
   */
  #commitInParts(waiting: readonly Waiting[], chores: readonly Chore[]): void {
    if (waiting.length > 0 && chores.length > 0) {
      this.#commit(waiting, [])
      this.#commit([], chores)
      return
    }
    for (const half of halves(waiting)) this.#commit(half, [])
    for (const half of halves(chores)) this.#commit([], half)
  }

  /** Decides one command against the batch so far. A fault in it is its own; the others go on. */
  #runOne({ command, resolve, reject }: Waiting, batch: Batch): () => void {
    try {
      const executed = this.#decide(command, batch)
      return () => resolve(executed)
    } catch (fault) {
      return () => reject(fault)
    }
  }

  #decide(command: AnyCommand, batch: Batch): Executed<unknown> {
    const { useCase, input, stamp, idempotency } = command
    const scope = this.#rows.scopeNumber(command.scope)
    if (scope === undefined) throw new Error('a scope that was never created')
    const known = idempotency === null ? undefined : this.#answered(scope, idempotency, batch)
    if (known !== undefined) return known
    const facts = batch.facts(scope, useCase.reads(input)) as Facts<Keys>
    const outcome = useCase.decide(facts, input, stamp())
    if (outcome.type !== 'write') return outcome
    const taken = batch.take(scope, outcome.write)
    if (taken !== undefined) return { type: 'refuse', code: taken.refusal }
    const { answer } = outcome.write
    if (idempotency !== null) batch.keepAnswer(scope, idempotency, answer)
    return { type: 'committed', answer, write: outcome.write }
  }

  #answered(scope: number, idempotency: Idempotency, batch: Batch): Executed<unknown> | undefined {
    const position = batch.unique(scope, 'idempotency', idempotencyName(idempotency))
    if (position === undefined) return undefined
    const kept = batch.answer(Number(position)) ?? this.#keptAnswer(Number(position))
    if (kept.requestHash !== idempotency.requestHash) {
      return { type: 'refuse', code: 'idempotency_key_reused' satisfies ProblemCode }
    }
    return { type: 'replayed', answer: parseOwnJson(kept.answer) }
  }

  #keptAnswer(position: number): { requestHash: string; answer: string } {
    const sql = 'SELECT request_hash, answer FROM answers WHERE position = ?'
    const row = this.#rows.statements.get(sql).get(position)
    if (row === undefined) throw new Error(`no answer ${String(position)}`)
    return { requestHash: row.request_hash as string, answer: row.answer as string }
  }

  /** Commits what waits, then lets go of the file. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#choresTimer)
    while (this.#waiting.length + this.#chores.length > 0) {
      this.#commit(this.#waiting.splice(0, BATCH_MAX), this.#chores.splice(0, BATCH_MAX))
    }
    if (this.#readDb !== this.#db) this.#readDb.close()
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    this.#db.close()
  }
}

function halves<Each>(all: readonly Each[]): readonly (readonly Each[])[] {
  const middle = Math.ceil(all.length / 2)
  return [all.slice(0, middle), all.slice(middle)]
}

/**
 * Whether a commit failed by what was to be written. A disk that fails or is full fails everybody:
 * what follows at once would fare no better, and nothing is written again after a failed sync.
 */
function isOfARow(cause: unknown): boolean {
  if (!(cause instanceof Error && 'errcode' in cause)) return true
  return (Number(cause.errcode) & PRIMARY_CODE) === SQLITE_CONSTRAINT
}
