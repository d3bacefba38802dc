import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Place, type ScopedStore, storeContract } from '../contract.ts'
import { openSqliteStore } from './store.ts'

/** A foreign key that is checked at the end makes COMMIT itself fail. */
const AT_COMMIT = `
  CREATE TABLE broken (scope INTEGER REFERENCES scopes(scope) DEFERRABLE INITIALLY DEFERRED);
  CREATE TRIGGER sabotage AFTER INSERT ON events BEGIN INSERT INTO broken VALUES (999); END;`
const AT_WRITE = `
  CREATE TRIGGER sabotage BEFORE INSERT ON events BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END;`

function place(): Place {
  const directory = mkdtempSync(join(tmpdir(), 'surety-store-'))
  const file = join(directory, 'test.db')
  let store: ScopedStore | undefined
  const alter = (sql: string) => {
    const db = new DatabaseSync(file)
    db.exec(sql)
    db.close()
  }
  return {
    open() {
      void store?.close()
      store = openSqliteStore(file)
      return store
    },
    sabotage: (where) => alter(where === 'commit' ? AT_COMMIT : AT_WRITE),
    heal: () => alter('DROP TRIGGER sabotage'),
    remove() {
      void store?.close()
      rmSync(directory, { recursive: true })
    },
  }
}

storeContract(place)
