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

export const SCHEMA_VERSION = 1

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
CREATE INDEX pending_approvals ON states (scope, id)
  WHERE family = 'approval' AND state ->> '$.status' = 'pending';
CREATE TABLE events (
  scope INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
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

export const IN_MEMORY = ':memory:'

/** Opens the file for writing, and makes its tables if it is new. */
export function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file)
  // Page size must be set before the first table; FULL is what makes an answer durable.
  db.exec('PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536')
  db.exec('PRAGMA wal_autocheckpoint = 4000')
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (version === 0) {
    db.exec(`BEGIN IMMEDIATE; ${TABLES} PRAGMA user_version = ${String(SCHEMA_VERSION)}; COMMIT`)
  } else if (version !== SCHEMA_VERSION) {
    db.close()
    throw new Error(`the database has schema ${String(version)}, not ${String(SCHEMA_VERSION)}`)
  }
  return db
}

/** Opens a second connection that sees committed rows only and can write none. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true })
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -32768')
  return db
}
