/**
 * What a house has written, read behind its back: every row of its database, and its files.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

type Row = Readonly<Record<string, unknown>>

/** Runs a question on a connection of its own that cannot write. */
export function rows(directory: string, sql: string): readonly Row[] {
  const db = new DatabaseSync(join(directory, 'surety.db'), { readOnly: true })
  try {
    const statement = db.prepare(sql)
    statement.setReadBigInts(true)
    return statement.all()
  } finally {
    db.close()
  }
}

/** Every row of every table, as text: equal before and after means that nothing changed at all. */
export function everything(directory: string): string {
  const tables = rows(
    directory,
    "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
  )
  const text = tables.map(({ name }) => {
    const found = rows(directory, `SELECT * FROM ${String(name)}`)
    return `${String(name)}\n${found.map(lineOf).sort().join('\n')}`
  })
  return text.join('\n')
}

function lineOf(row: Row): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
}

/** Fails if a refusal left anything behind. */
export async function unchanged(directory: string, attempt: () => Promise<unknown>): Promise<void> {
  await settledSignatures(directory)
  const before = everything(directory)
  await attempt()
  assert.equal(everything(directory), before)
}

/** Signatures are kept a moment after their answer. */
export async function settledSignatures(directory: string): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    const [row] = rows(directory, 'SELECT count(*) AS n FROM signatures WHERE signature IS NULL')
    if (row?.n === 0n) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('signatures were never kept')
}

/** INVARIANT(books): per asset all accounts sum to zero, and no liability is below it. */
export function ensureBooks(directory: string): void {
  const sums = rows(
    directory,
    'SELECT scope, asset, sum(CAST(debits AS INTEGER)) - sum(CAST(credits AS INTEGER)) AS off FROM accounts GROUP BY scope, asset',
  )
  for (const { off } of sums) assert.equal(off, 0n)
  const below = rows(
    directory,
    "SELECT account FROM accounts WHERE account NOT LIKE 'rail:%' AND CAST(credits AS INTEGER) < CAST(debits AS INTEGER)",
  )
  assert.deepEqual(below, [])
}

/** How many events of a type there are. */
export function countEvents(directory: string, type: string): number {
  const found = rows(
    directory,
    `SELECT count(*) AS n FROM events WHERE json_extract(event, '$.type') = '${type}'`,
  )
  return Number(found[0]?.n)
}

/** Every byte the house has on disk, as one text; what a search for secrets looks through. */
export function everyByte(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'))
    .join('\n')
}
