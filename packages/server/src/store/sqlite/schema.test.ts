import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { openDatabase, SCHEMA_VERSION } from './schema.ts'

/** What schema 1 had where schema 2 has something else; the rest is the same. */
const OF_SCHEMA_1 = `
  DROP INDEX pending_approvals;
  DROP TABLE events;
  CREATE TABLE events (
    scope INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
    UNIQUE (scope, stream, seq)
  ) STRICT;
  PRAGMA user_version = 1;`

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'surety-schema-'))
})
after(() => rmSync(directory, { recursive: true }))

const journal = (db: DatabaseSync) =>
  db.prepare('SELECT position, stream, seq FROM events ORDER BY position').all()
const insert = (db: DatabaseSync, stream: string, seq: number) =>
  db
    .prepare("INSERT INTO events (scope, stream, seq, event) VALUES (1, ?, ?, '{}')")
    .run(stream, seq)

/** A file as schema 1 left it, with a gap in its row numbers. */
function ofSchema1(name: string): string {
  const file = join(directory, name)
  openDatabase(file).close()
  const db = new DatabaseSync(file)
  db.exec(OF_SCHEMA_1)
  for (const [stream, seq] of [
    ['b', 1],
    ['gone', 1],
    ['a', 1],
    ['b', 2],
  ] as const)
    insert(db, stream, seq)
  db.exec("DELETE FROM events WHERE stream = 'gone'")
  db.close()
  return file
}

test('a database of an earlier schema is brought up to this one, and loses nothing', () => {
  const db = openDatabase(ofSchema1('old.db'))
  assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, SCHEMA_VERSION)
  assert.deepEqual(
    journal(db).map(({ position, stream, seq }) => [position, stream, seq]),
    [
      [1, 'b', 1],
      [3, 'a', 1],
      [4, 'b', 2],
    ],
  )
  const index = "SELECT count(*) AS n FROM sqlite_master WHERE name = 'pending_approvals'"
  assert.equal(db.prepare(index).get()?.n, 1)
  assert.throws(() => insert(db, 'b', 2), /UNIQUE/)
  db.close()
  openDatabase(join(directory, 'old.db')).close()
})

test('it is as a new one is: the same tables, the same indices', () => {
  const shape = (file: string) => {
    const db = openDatabase(file)
    const columns = db.prepare("SELECT name, type, pk FROM pragma_table_info('events')").all()
    const names = db.prepare('SELECT type, name FROM sqlite_master ORDER BY type, name').all()
    db.close()
    return {
      columns: columns.map((each) => ({ ...each })),
      names: names.map((each) => ({ ...each })),
    }
  }
  assert.deepEqual(shape(ofSchema1('same.db')), shape(join(directory, 'new.db')))
})

test('VACUUM keeps every position that a watcher was told', () => {
  const file = join(directory, 'vacuum.db')
  const db = openDatabase(file)
  for (let seq = 1; seq <= 9; seq += 1) insert(db, 'a', seq)
  db.exec('DELETE FROM events WHERE seq IN (1, 4, 5)')
  const before = journal(db)
  db.exec('VACUUM')
  assert.deepEqual(journal(db), before)
  db.close()
})

test('a step that fails leaves the schema before, whole; a later schema is refused', () => {
  const file = ofSchema1('torn.db')
  const db = new DatabaseSync(file)
  // The table that the step makes is there already, and so it cannot end.
  db.exec('CREATE TABLE events_1 (x)')
  db.close()
  assert.throws(() => openDatabase(file))
  const torn = new DatabaseSync(file)
  assert.equal(torn.prepare('PRAGMA user_version').get()?.user_version, 1)
  assert.equal(torn.prepare('SELECT count(*) AS n FROM events').get()?.n, 3)
  torn.exec('DROP TABLE events_1')
  torn.close()
  openDatabase(file).close()
  const later = new DatabaseSync(file)
  later.exec('PRAGMA user_version = 99')
  later.close()
  assert.throws(() => openDatabase(file), /schema 99/)
})
