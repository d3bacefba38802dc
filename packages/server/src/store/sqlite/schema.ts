/**
 * The embedded store's tables, and how a database file is opened.
 *
 * Wide rows lie in the order they were written, behind a narrow index: a row of more than a quarter
 * page would take pages of its own inside an index. Ids sort by time, so that index entries written
 * together lie together; the only keys without order are the narrow ones of `uniques`.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'

export const SCHEMA_VERSION = 2

const PENDING_APPROVALS = `CREATE INDEX IF NOT EXISTS pending_approvals ON states (scope, id)
  WHERE family = 'approval' AND state ->> '$.status' = 'pending'`

const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE scopes (
  scope INTEGER PRIMARY KEY, tenant TEXT NOT NULL, environment TEXT NOT NULL,
  UNIQUE (tenant, environment)
) STRICT;
CREATE TABLE states (
  scope INTEGER NOT NULL, family TEXT NOT NULL, id TEXT NOT NULL,
  version INTEGER NOT NULL, head TEXT NOT NULL, state TEXT NOT NULL,
  UNIQUE (scope, family, id)
) STRICT;
CREATE INDEX api_keys ON states (id) WHERE family = 'apiKey';
${PENDING_APPROVALS};
CREATE TABLE events (
  position INTEGER PRIMARY KEY, scope INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
  UNIQUE (scope, stream, seq)
) STRICT;
CREATE TABLE documents (
  scope INTEGER NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL,
  UNIQUE (scope, owner, name)
) STRICT;
CREATE TABLE signatures (
  scope INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, signature TEXT,
  PRIMARY KEY (scope, stream, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX unsigned ON signatures (scope, stream, seq) WHERE signature IS NULL;
CREATE TABLE accounts (
  scope INTEGER NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
  debits TEXT NOT NULL CHECK (debits NOT GLOB '*[^0-9]*'),
  credits TEXT NOT NULL CHECK (credits NOT GLOB '*[^0-9]*'),
  PRIMARY KEY (scope, account, asset)
) WITHOUT ROWID, STRICT;
CREATE TABLE transfers (
  position INTEGER PRIMARY KEY, scope INTEGER NOT NULL, transfer TEXT NOT NULL,
  debit TEXT NOT NULL, credit TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0),
  asset TEXT NOT NULL
) STRICT;
CREATE TABLE counters (
  scope INTEGER NOT NULL, subject TEXT NOT NULL, asset TEXT NOT NULL, period TEXT NOT NULL,
  start TEXT NOT NULL, reserved INTEGER NOT NULL CHECK (reserved >= 0),
  spent INTEGER NOT NULL CHECK (spent >= 0),
  PRIMARY KEY (scope, subject, asset, period, start)
) WITHOUT ROWID, STRICT;
CREATE TABLE uniques (
  scope INTEGER NOT NULL, family TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL,
  PRIMARY KEY (scope, family, name)
) WITHOUT ROWID, STRICT;
CREATE TABLE answers (
  position INTEGER PRIMARY KEY, request_hash TEXT NOT NULL, answer TEXT NOT NULL
) STRICT;
CREATE TABLE deadlines (
  due INTEGER NOT NULL, scope INTEGER NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (due, scope, id)
) WITHOUT ROWID, STRICT;
CREATE TABLE outbox (
  position INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER NOT NULL, topic TEXT NOT NULL,
  body TEXT NOT NULL, attempts INTEGER NOT NULL, not_before INTEGER NOT NULL
) STRICT;
`

/**
 * From each schema to the next. A position of the journal is told to watchers, who go on from it:
 * of schema 1 it was a row number that VACUUM may change.
 */
const MIGRATIONS: Readonly<Record<number, string>> = {
  1: `
    ${PENDING_APPROVALS};
    ALTER TABLE events RENAME TO events_1;
    CREATE TABLE events (
      position INTEGER PRIMARY KEY, scope INTEGER NOT NULL, stream TEXT NOT NULL,
      seq INTEGER NOT NULL, event TEXT NOT NULL,
      UNIQUE (scope, stream, seq)
    ) STRICT;
    INSERT INTO events SELECT rowid, scope, stream, seq, event FROM events_1 ORDER BY rowid;
    DROP TABLE events_1;`,
}

export const IN_MEMORY = ':memory:'

/** Opens the file for writing, and makes its tables if it is new. */
export function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file)
  // Page size must be set before the first table; FULL is what makes an answer durable.
  db.exec('PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8192')
  db.exec('PRAGMA wal_autocheckpoint = 500')
  try {
    bringUp(db)
  } catch (cause) {
    // All of a step or none of it: closing rolls back, and what is left is the schema before.
    db.close()
    throw cause
  }
  return db
}

function bringUp(db: DatabaseSync): void {
  for (let version = versionOf(db); version !== SCHEMA_VERSION; version = versionOf(db)) {
    const sql = version === 0 ? TABLES : MIGRATIONS[version]
    if (sql === undefined) {
      throw new Error(`the database has schema ${String(version)}, not ${String(SCHEMA_VERSION)}`)
    }
    const next = version === 0 ? SCHEMA_VERSION : version + 1
    db.exec(`BEGIN IMMEDIATE; ${sql} PRAGMA user_version = ${String(next)}; COMMIT`)
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

/** Opens a second connection that sees committed rows only and can write none. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true })
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -32768')
  return db
}
