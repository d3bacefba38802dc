/**
 * How facts lie in rows, read by whichever connection asks.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { approval, control, gate, grant, type ledger, principal, wallet } from '@surety/domain'
import { type Id, parseOwnJson, ZERO_HASH } from '@surety/protocol'
import type {
  Counter,
  CounterName,
  Families,
  Family,
  RateName,
  Scope,
  Stored,
} from '../../ports.ts'

const INITIAL: Families = {
  gate: gate.initial,
  approval: approval.initial,
  principal: principal.initial,
  grant: grant.initial,
  apiKey: null,
  profile: null,
  activeProfile: null,
  deposit: null,
  tenant: null,
  wallet: wallet.initial,
  inbound: wallet.initialInbound,
  probe: null,
  control: control.initial,
  standing: control.none,
  controlEpoch: { epoch: 0 },
}

/** What a row that does not exist means. */
export function missing<F extends Family>(family: F): Stored<Families[F]> {
  return { version: 0, head: ZERO_HASH, state: INITIAL[family] }
}

export interface Row {
  readonly [column: string]: unknown
}

/** Prepared statements by their text: each is prepared once a connection. */
export class Statements {
  readonly #db: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  get(sql: string): StatementSync {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      // Amounts are 64-bit integers: without this they would be read as floating numbers.
      statement.setReadBigInts(true)
      this.#prepared.set(sql, statement)
    }
    return statement
  }
}

const SCOPE = 'SELECT scope FROM scopes WHERE tenant = ? AND environment = ?'
const STATE = 'SELECT version, head, state FROM states WHERE scope = ? AND family = ? AND id = ?'
const ACCOUNT = 'SELECT debits, credits FROM accounts WHERE scope = ? AND account = ? AND asset = ?'
const COUNTER =
  'SELECT reserved, spent FROM counters WHERE scope = ? AND subject = ? AND asset = ? AND period = ? AND start = ?'
const UNIQUE = 'SELECT owner FROM uniques WHERE scope = ? AND family = ? AND name = ?'

/** Reads one fact at a time; the numbers of scopes never change and are remembered. */
export class RowReader {
  readonly statements: Statements
  readonly #scopes = new Map<string, number>()
  readonly #names = new Map<number, Scope>()

  constructor(statements: Statements) {
    this.statements = statements
  }

  scopeNumber(scope: Scope): number | undefined {
    const name = `${scope.tenantId}/${scope.environment}`
    let number = this.#scopes.get(name)
    if (number === undefined) {
      const row = this.statements.get(SCOPE).get(scope.tenantId, scope.environment) as
        | Row
        | undefined
      if (row === undefined) return undefined
      number = Number(row.scope)
      this.#scopes.set(name, number)
    }
    return number
  }

  scopeOf(number: unknown): Scope {
    const key = Number(number)
    let scope = this.#names.get(key)
    if (scope === undefined) {
      const sql = 'SELECT tenant, environment FROM scopes WHERE scope = ?'
      const row = this.statements.get(sql).get(key) as Row
      scope = {
        tenantId: row.tenant as Id<'ten'>,
        environment: row.environment as Scope['environment'],
      }
      this.#names.set(key, scope)
    }
    return scope
  }

  state<F extends Family>(scope: number, family: F, id: string): Stored<Families[F]> {
    const row = this.statements.get(STATE).get(scope, family, id) as Row | undefined
    return row === undefined ? missing(family) : storedOf(row)
  }

  account(scope: number, account: string, asset: string): ledger.Account {
    const row = this.statements.get(ACCOUNT).get(scope, account, asset) as Row | undefined
    return accountOf(row)
  }

  counter(scope: number, name: CounterName | RateName): Counter {
    const { subject, asset, period, start } = name
    const row = this.statements.get(COUNTER).get(scope, subject, asset, period, start ?? '')
    return counterOf(row as Row | undefined)
  }

  unique(scope: number, family: string, key: string): string | undefined {
    const row = this.statements.get(UNIQUE).get(scope, family, key) as Row | undefined
    return row?.owner as string | undefined
  }
}

export function storedOf<F extends Family>(row: Row): Stored<Families[F]> {
  return {
    version: Number(row.version),
    head: row.head as string,
    state: parseOwnJson(row.state as string) as Families[F],
  }
}

export function accountOf(row: Row | undefined): ledger.Account {
  // Text, since what goes through an account in years may pass 64 bits.
  return { debits: BigInt(String(row?.debits ?? 0)), credits: BigInt(String(row?.credits ?? 0)) }
}

export function counterOf(row: Row | undefined): Counter {
  return { reserved: (row?.reserved ?? 0n) as bigint, spent: (row?.spent ?? 0n) as bigint }
}
