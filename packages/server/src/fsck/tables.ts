/**
 * What the tables of the embedded store hold, read without the store: nothing here can write.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type JsonValue, parseJson } from '@surety/protocol'

export interface Row {
  readonly [column: string]: unknown
}

/** States and answers nest deeper and grow longer than what comes in from outside. */
const LIMITS = { lengthMax: 16_777_216, depthMax: 64 }

/** Reads JSON that lies in a row; `undefined` if it is none. */
export function jsonOf(text: unknown): JsonValue | undefined {
  const parsed = typeof text === 'string' ? parseJson(text, LIMITS) : undefined
  return parsed?.ok === true ? parsed.value : undefined
}

export interface ScopeRow {
  readonly scope: number
  readonly tenantId: string
  readonly environment: string
}

/** One moment of a database: everything is read in one transaction that writes nothing. */
export class Tables {
  readonly scopes: ReadonlyMap<number, ScopeRow>
  readonly #db: DatabaseSync
  readonly #single = new Map<string, StatementSync>()

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { readOnly: true })
    this.#db.exec('PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; BEGIN')
    const scopes = [...this.rows('SELECT scope, tenant, environment FROM scopes')]
    this.scopes = new Map(
      scopes.map((row) => {
        const scope = Number(row.scope)
        const tenantId = String(row.tenant)
        return [scope, { scope, tenantId, environment: String(row.environment) }]
      }),
    )
  }

  /** Rows one after the other, whole numbers as bigint. */
  rows(sql: string, ...values: readonly (string | number)[]): Iterable<Row> {
    const statement = this.#db.prepare(sql)
    statement.setReadBigInts(true)
    return statement.iterate(...values) as Iterable<Row>
  }

  row(sql: string, ...values: readonly (string | number)[]): Row | undefined {
    let statement = this.#single.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      statement.setReadBigInts(true)
      this.#single.set(sql, statement)
    }
    return statement.get(...values) as Row | undefined
  }

  close(): void {
    this.#db.close()
  }
}
