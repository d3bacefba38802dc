/**
 * Writes a batch's rows. Each changed row is written once, however many commands changed it.
 *
 * @module
 */
import type { Addition, Batch } from './batch.ts'
import type { Statements } from './rows.ts'

const STATE = `INSERT INTO states (scope, family, id, version, head, state) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET version = excluded.version, head = excluded.head, state = excluded.state`
const ACCOUNT = `INSERT INTO accounts (scope, account, asset, debits, credits) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET debits = excluded.debits, credits = excluded.credits`
const COUNTER = `INSERT INTO counters (scope, subject, asset, period, start, reserved, spent)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET reserved = excluded.reserved, spent = excluded.spent`
// A plain INSERT: whatever is there already makes the whole batch fail.
const UNIQUE = 'INSERT INTO uniques (scope, family, name, owner) VALUES (?, ?, ?, ?)'
const EVENT = 'INSERT INTO events (scope, stream, seq, event) VALUES (?, ?, ?, ?)'
const DOCUMENT = 'INSERT INTO documents (scope, owner, name, content) VALUES (?, ?, ?, ?)'
const FORGOTTEN = 'DELETE FROM documents WHERE scope = ? AND owner = ? AND name = ?'
const TRANSFER =
  'INSERT INTO transfers (scope, transfer, debit, credit, amount, asset) VALUES (?, ?, ?, ?, ?, ?)'
const RECEIPT = 'INSERT INTO signatures (scope, stream, seq, signature) VALUES (?, ?, ?, NULL)'
const DUE = 'INSERT INTO deadlines (due, scope, id) VALUES (?, ?, ?)'
const MET = 'DELETE FROM deadlines WHERE due = ? AND scope = ? AND id = ?'
const OUTBOX =
  'INSERT INTO outbox (scope, topic, body, attempts, not_before) VALUES (?, ?, ?, 0, 0)'
const ANSWER = 'INSERT INTO answers (position, request_hash, answer) VALUES (?, ?, ?)'

const LATEST = `INSERT INTO meta (name, value) VALUES ('latest', ?)
  ON CONFLICT DO UPDATE SET value = excluded.value`

/** Cost: linear in the rows that changed, not in the commands that changed them. */
export function flush(batch: Batch, statements: Statements): void {
  const { states, accounts, counters, uniques } = batch.changes
  for (const { scope, family, id, stored } of states.values()) {
    const { version, head, state } = stored
    statements.get(STATE).run(scope, family, id, version, head, JSON.stringify(state))
  }
  for (const { scope, account, asset, sums } of accounts.values()) {
    const { debits, credits } = sums
    statements.get(ACCOUNT).run(scope, account, asset, String(debits), String(credits))
  }
  for (const { scope, claim, counter } of counters.values()) {
    const { subject, asset, period, start } = claim.counter
    const { reserved, spent } = counter
    statements.get(COUNTER).run(scope, subject, asset, period, start ?? '', reserved, spent)
  }
  for (const { scope, family, key, owner } of uniques.values()) {
    statements.get(UNIQUE).run(scope, family, key, owner)
  }
  for (const addition of batch.additions) add(addition, statements)
  if (batch.additions.length > 0) statements.get(LATEST).run(batch.latest)
}

function add(row: Addition, statements: Statements): void {
  switch (row.table) {
    case 'event':
      statements.get(EVENT).run(row.scope, row.stream, row.seq, row.text)
      break
    case 'document':
      statements.get(DOCUMENT).run(row.scope, row.owner, row.name, row.text)
      break
    case 'forgotten':
      statements.get(FORGOTTEN).run(row.scope, row.owner, row.name)
      break
    case 'transfer': {
      const { transferId, debit, credit, amount, asset } = row.transfer
      statements.get(TRANSFER).run(row.scope, transferId, debit, credit, amount, asset)
      break
    }
    case 'receipt':
      statements.get(RECEIPT).run(row.scope, row.stream, row.seq)
      break
    case 'deadline':
      if (row.from !== null) statements.get(MET).run(row.from, row.scope, row.id)
      if (row.to !== null) statements.get(DUE).run(row.to, row.scope, row.id)
      break
    case 'outbox':
      statements.get(OUTBOX).run(row.scope, row.topic, row.body)
      break
    case 'answer':
      statements.get(ANSWER).run(row.position, row.requestHash, row.answer)
  }
}
