/**
 * Committed facts, over a connection that cannot write.
 *
 * @module
 */
import type { ledger } from '@surety/domain'
import { type Event, ensureInstant, parseOwnJson } from '@surety/protocol'
import type { ApiKey, Counter, CounterName, Family, Reads, Scope } from '../../ports.ts'
import { apiKeyName, type Committed, stateName } from './committed.ts'
import { accountOf, counterOf, missing, type Row, type RowReader, storedOf } from './rows.ts'

const EVENTS = 'SELECT event FROM events WHERE scope = ? AND stream = ? ORDER BY seq'
const DOCUMENTS = 'SELECT name, content FROM documents WHERE scope = ? AND owner = ?'
const SIGNATURES = 'SELECT seq, signature FROM signatures WHERE scope = ? AND stream = ?'
// Every gate leaves an emptied hold behind: listed, they would hide the accounts that matter.
const ACCOUNTS = `SELECT account, asset, debits, credits FROM accounts
  WHERE scope = ? AND account >= ? AND account < ?
    AND NOT (account >= 'hold:' AND account < 'hold;' AND debits = credits)
  ORDER BY account, asset LIMIT 1000`
const COUNTERS =
  'SELECT subject, asset, period, start, reserved, spent FROM counters WHERE scope = ? AND subject = ?'
const API_KEY = "SELECT state FROM states WHERE family = 'apiKey' AND id = ?"
const DUE = `SELECT due, scope, id FROM deadlines WHERE due < ? AND (due, scope, id) > (?, ?, ?)
  ORDER BY due, scope, id LIMIT ?`
const OPEN = 'SELECT id FROM deadlines WHERE scope = ? AND id > ? AND id < ? ORDER BY id LIMIT ?'
const UNSIGNED = 'SELECT scope, stream, seq FROM signatures WHERE signature IS NULL LIMIT ?'
const OUTBOX =
  'SELECT position, scope, topic, body, attempts, not_before FROM outbox ORDER BY position LIMIT ?'
const ASCENDING =
  'SELECT id, version, head, state FROM states WHERE scope = ? AND family = ? AND id > ? ORDER BY id LIMIT ?'
const DESCENDING =
  'SELECT id, version, head, state FROM states WHERE scope = ? AND family = ? AND id < ? ORDER BY id DESC LIMIT ?'

const SCOPES = 'SELECT scope FROM scopes'
// Per asset all accounts sum to zero, so that what the others lack is what holds have: every gate
// leaves an emptied hold behind, and to sum those up would cost as much as all of history.
const BELOW_HOLDS =
  "SELECT asset, debits, credits FROM accounts WHERE scope = ? AND account < 'hold:'"
const ABOVE_HOLDS =
  "SELECT asset, debits, credits FROM accounts WHERE scope = ? AND account >= 'hold;'"
const BACKLOG_MAX = 10_000
const countOf = (rows: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM ${rows} LIMIT ${String(BACKLOG_MAX)}))`
const BACKLOG = `SELECT ${countOf('signatures WHERE signature IS NULL')} AS unsigned,
  ${countOf('deadlines WHERE due < ?')} AS overdue, ${countOf('outbox')} AS outbox`

type All = (sql: string, ...values: (string | number)[]) => readonly Row[]

// Rows of the journal lie in the order of their commits. A look goes so far and no further, so that
// what is rare in a long journal costs no long read.
const LOOK_MAX = 5_000
const HEAD = 'SELECT coalesce(max(position), 0) AS head FROM events'
const EVENTS_AFTER = `SELECT position, event FROM events
  WHERE position > ? AND position <= ? AND scope = ? AND stream >= ? AND stream < ?
  ORDER BY position LIMIT ?`

const PENDING = `family = 'approval' AND state ->> '$.status' = 'pending'`
const PENDING_ASCENDING = `SELECT id, version, head, state FROM states
  WHERE scope = ? AND ${PENDING} AND id > ? ORDER BY id LIMIT ?`
const PENDING_DESCENDING = `SELECT id, version, head, state FROM states
  WHERE scope = ? AND ${PENDING} AND id < ? ORDER BY id DESC LIMIT ?`

export function sqliteReads(rows: RowReader, committed: Committed): Reads {
  const all: All = (sql, ...values) => rows.statements.get(sql).all(...values) as readonly Row[]
  const watching = readsOfWatching(rows, all)
  return { ...readsOfScopes(rows, committed, all), ...watching, ...readsOfWork(rows, all) }
}

type OfWork = Pick<Reads, 'due' | 'scopes' | 'unsigned' | 'outbox' | 'held' | 'backlog'>
type OfWatching = Pick<Reads, 'eventsAfter' | 'pendingApprovals'>

type OfScopes = Omit<Reads, keyof (OfWork & OfWatching)>

/** What callers ask: always of one scope; a scope that does not exist has nothing. */
function readsOfScopes(rows: RowReader, committed: Committed, all: All): OfScopes {
  const within = (scope: Scope, sql: string, ...values: (string | number)[]): readonly Row[] => {
    const number = rows.scopeNumber(scope)
    return number === undefined ? [] : all(sql, number, ...values)
  }
  return {
    async state(scope, family, id) {
      const number = rows.scopeNumber(scope)
      if (number === undefined) return missing(family)
      const known = committed.get(stateName(number, family, id))
      return (known ?? rows.state(number, family, id)) as ReturnType<typeof missing<typeof family>>
    },
    async states<F extends Family>(scope: Scope, family: F, page: Parameters<Reads['states']>[2]) {
      const { after, limit, descending } = page
      const sql = descending ? DESCENDING : ASCENDING
      const from = after ?? (descending ? '\u{10ffff}' : '')
      return within(scope, sql, family, from, limit).map((row) => ({
        id: row.id as string,
        stored: storedOf<F>(row),
      }))
    },
    async unique(scope, family, key) {
      const number = rows.scopeNumber(scope)
      return number === undefined ? undefined : rows.unique(number, family, key)
    },
    async apiKey(keyId) {
      const known = committed.get(apiKeyName(keyId)) as ApiKey | undefined
      if (known !== undefined) return known
      const [row] = all(API_KEY, keyId)
      if (row === undefined) return undefined
      const key = parseOwnJson(row.state as string)
      committed.set(apiKeyName(keyId), key)
      return key as unknown as ApiKey
    },
    async events(scope, stream) {
      return within(scope, EVENTS, stream).map((row) => parseOwnJson(row.event as string) as Event)
    },
    async documents(scope, owner) {
      const found = within(scope, DOCUMENTS, owner)
      return new Map(found.map((row) => [row.name as string, row.content as string]))
    },
    async signatures(scope, stream) {
      const found = within(scope, SIGNATURES, stream)
      return new Map(found.map((row) => [Number(row.seq), row.signature as string | null]))
    },
    async accounts(scope, prefix) {
      return within(scope, ACCOUNTS, prefix, `${prefix}\u{10ffff}`).map((row) => ({
        account: row.account as ledger.AccountName,
        asset: row.asset as string,
        sums: accountOf(row),
      }))
    },
    async open(scope, prefix, { after = prefix, limit }) {
      const found = within(scope, OPEN, after, `${prefix}\u{10ffff}`, limit)
      return found.map((row) => row.id as string)
    },
    async counters(scope, subject) {
      return within(scope, COUNTERS, subject).map((row) => counterRow(row))
    },
  }
}

/** What is looked at again and again: the journal as it grows, and who still waits. */
function readsOfWatching(rows: RowReader, all: All): OfWatching {
  return {
    async eventsAfter(scope, prefix, after, limit) {
      const head = Number(all(HEAD)[0]?.head)
      const number = rows.scopeNumber(scope)
      if (after === null || number === undefined) return { rows: [], position: head }
      const end = Math.min(after + LOOK_MAX, head)
      const found = all(EVENTS_AFTER, after, end, number, prefix, `${prefix}\u{10ffff}`, limit)
      const events = found.map((row) => ({
        position: Number(row.position),
        event: parseOwnJson(row.event as string) as Event,
      }))
      const position =
        found.length < limit ? Math.max(end, after) : (events.at(-1)?.position ?? end)
      return { rows: events, position }
    },
    async pendingApprovals(scope, { after, limit, descending }) {
      const sql = descending ? PENDING_DESCENDING : PENDING_ASCENDING
      const from = after ?? (descending ? '\u{10ffff}' : '')
      const number = rows.scopeNumber(scope)
      if (number === undefined) return []
      return all(sql, number, from, limit).map((row) => ({
        id: row.id as string,
        stored: storedOf<'approval'>(row),
      }))
    },
  }
}

/** What the workers ask: what is left to do, of every scope. */
function readsOfWork(rows: RowReader, all: All): OfWork {
  return {
    async due(at, limit, after) {
      const scope = after === undefined ? 0 : (rows.scopeNumber(after.scope) ?? 0)
      return all(DUE, at, after?.due ?? -1, scope, after?.id ?? '', limit).map((row) => ({
        due: ensureInstant(Number(row.due)),
        scope: rows.scopeOf(row.scope),
        id: row.id as string,
      }))
    },
    async scopes() {
      return all(SCOPES).map((row) => rows.scopeOf(row.scope))
    },
    async unsigned(limit) {
      return all(UNSIGNED, limit).map((row) => ({
        scope: rows.scopeOf(row.scope),
        stream: row.stream as string,
        seq: Number(row.seq),
      }))
    },
    async held() {
      const held = new Map<string, bigint>()
      for (const { scope } of all(SCOPES)) {
        for (const sql of [BELOW_HOLDS, ABOVE_HOLDS]) {
          for (const row of all(sql, Number(scope))) {
            const { debits, credits } = accountOf(row)
            const asset = row.asset as string
            held.set(asset, (held.get(asset) ?? 0n) + debits - credits)
          }
        }
      }
      return [...held].map(([asset, amount]) => ({ asset, amount }))
    },
    async backlog(at) {
      const [row] = all(BACKLOG, at)
      const { unsigned, overdue, outbox } = row ?? {}
      return { unsigned: Number(unsigned), overdue: Number(overdue), outbox: Number(outbox) }
    },
    async outbox(at, limit) {
      const found = all(OUTBOX, limit)
      const waits = found.findIndex((row) => Number(row.not_before) > at)
      return (waits === -1 ? found : found.slice(0, waits)).map((row) => ({
        position: Number(row.position),
        scope: rows.scopeOf(row.scope),
        topic: row.topic as string,
        body: row.body as string,
        attempts: Number(row.attempts),
      }))
    },
  }
}

function counterRow(row: Row): CounterName & Counter {
  const start = row.start as string
  return {
    subject: row.subject as string,
    asset: row.asset as string,
    period: row.period as CounterName['period'],
    start: start === '' ? null : start,
    ...counterOf(row),
  }
}
