/**
 * What the sections of the store contract share: a place to keep data, and commands made of parts.
 *
 * @module
 */
import { ledger } from '@surety/domain'
import {
  canonicalize,
  type Event,
  ensureInstant,
  formatInstant,
  type Id,
  type Instant,
  portableCrypto,
  type SystemPurpose,
  sealEvent,
} from '@surety/protocol'
import type {
  Executed,
  Facts,
  Idempotency,
  Keys,
  Outcome,
  Scope,
  Stamp,
  Store,
  Stored,
  StreamWrite,
  WriteSet,
} from '../../ports.ts'

export type ScopedStore = Store & { createScope(scope: Scope): Promise<void> }

/** Where one test keeps its data, and how it breaks what lies below the store. */
export interface Place {
  /** Opens the data; what was opened before is closed or abandoned. */
  open(): ScopedStore
  /** From now on what writes facts fails: while rows are written, or at the very end. */
  sabotage(where: 'write' | 'commit'): void
  /** Commits succeed again. */
  heal(): void
  remove(): void
}

/** What must hold, by the sentence that says it, of a store over fresh data with both scopes. */
export type Laws = Readonly<Record<string, (store: ScopedStore, place: Place) => Promise<void>>>

export const SCOPE: Scope = { tenantId: 'ten_one', environment: 'sandbox' }
export const OTHER: Scope = { tenantId: 'ten_two', environment: 'sandbox' }
export const EARLY = ensureInstant(1_700_000_000_000)

const KIDS = { decision: '', authorization: '', settlement: '', passport: '', bundle: '' }

function stampAt(at: Instant, scope: Scope = SCOPE): Stamp {
  return {
    at,
    atText: formatInstant(at),
    actor: 'system',
    traceId: '0'.repeat(32),
    scope,
    crypto: portableCrypto,
    kids: KIDS as Readonly<Record<SystemPurpose, string>>,
    mint: (prefix) => `${prefix}_0`,
  }
}

/** A WriteSet of the parts given. */
export function writing<Answer>(
  answer: Answer,
  parts: Partial<WriteSet<Answer>> = {},
): Outcome<Answer> {
  const none = { streams: [], transfers: [], counters: [], uniques: [], documents: [] }
  return {
    type: 'write',
    write: { ...none, receipts: [], deadlines: [], outbox: [], ...parts, answer },
  }
}

export type Tenant = Stored<{ readonly name: string } | null>

/** One more fact in the stream of a thing with a name. */
export function renamed(before: Tenant, id: string, name: string, at = EARLY): StreamWrite {
  const event: Event = sealEvent(
    {
      schemaVersion: 'Event.v1',
      tenantId: SCOPE.tenantId,
      stream: `tenant:${id}`,
      seq: before.version + 1,
      type: 'renamed',
      at: formatInstant(at),
      actor: 'system',
      traceId: '0'.repeat(32),
      data: { name },
      prevHash: before.head,
    },
    portableCrypto,
  )
  const place = { family: 'tenant', id, stream: event.stream } as const
  const texts = [canonicalize(event)]
  return { ...place, expectedVersion: before.version, events: [event], texts, next: { name } }
}

export const tenantKey = (id: string) => ({ of: 'state', family: 'tenant', id }) as const
export const accountKey = (account: ledger.AccountName, asset = 'USD/2') =>
  ({ of: 'account', account, asset }) as const

interface Options {
  readonly scope?: Scope
  readonly idempotency?: Idempotency
  readonly at?: Instant
}

/** Runs one command that reads `keys` and decides as given. */
export function execute<K extends Keys, Answer>(
  store: Store,
  keys: K,
  decide: (facts: Facts<K>, stamp: Stamp) => Outcome<Answer>,
  { scope = SCOPE, idempotency, at = EARLY }: Options = {},
): Promise<Executed<Answer>> {
  return store.execute({
    useCase: { reads: () => keys, decide: (facts, _, stamp) => decide(facts, stamp) },
    input: null,
    stamp: () => stampAt(at, scope),
    scope,
    idempotency: idempotency ?? null,
  })
}

/** Gives a thing another name. */
export function rename(
  store: Store,
  id: string,
  name: string,
  options: Options & { readonly parts?: Partial<WriteSet<string>> } = {},
): Promise<Executed<string>> {
  const { at = EARLY, parts } = options
  return execute(
    store,
    { thing: tenantKey(id) },
    ({ thing }) => writing(name, { streams: [renamed(thing, id, name, at)], ...parts }),
    options,
  )
}

export async function nameOf(store: Store, id: string, scope = SCOPE): Promise<string | undefined> {
  return (await store.reads.state(scope, 'tenant', id)).state?.name
}

export function transfer(
  debit: ledger.AccountName,
  credit: ledger.AccountName,
  amount: bigint,
  asset = 'USD/2',
): ledger.Transfer {
  moved += 1
  return { transferId: `trf_${String(moved)}`, debit, credit, amount, asset }
}
let moved = 0

export const RAIL = 'rail:ledger'
export const ANN = 'principal:prn_ann'
export const BOB = 'principal:prn_bob'

/** Moves money, and says what the accounts then hold. */
export function post(store: Store, ...transfers: readonly ledger.Transfer[]) {
  return execute(store, {}, () => writing('posted', { transfers }))
}

export async function balance(
  store: Store,
  account: ledger.AccountName,
  scope = SCOPE,
): Promise<bigint> {
  const [found] = await store.reads.accounts(scope, account)
  return found === undefined ? 0n : ledger.balanceOf(account, found.sums)
}

export function keyed(key: string, requestHash = 'a'.repeat(64)): Idempotency {
  return { principalId: 'prn_ann' as Id<'prn'>, key, requestHash }
}
