/**
 * The whole outside world on one page: what the application needs and adapters provide.
 *
 * A use case names the facts it reads, decides on them without waiting for anything, and returns a
 * WriteSet: data that commits together or not at all. Nothing else writes.
 *
 * @module
 */
import type { approval, control, gate, grant, ledger, principal, wallet } from '@surety/domain'
import type {
  Crypto,
  Environment,
  Event,
  Hash,
  Id,
  IdPrefix,
  Instant,
  Jwks,
  ProbeDecision,
  ProblemCode,
  Profile,
  SystemPurpose,
  VerificationKey,
} from '@surety/protocol'

/** INVARIANT(tenancy): every row belongs to one tenant and environment, and is read with them. */
export interface Scope {
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
}

export interface ApiKey {
  readonly keyId: Id<'key'>
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly principalId: Id<'prn'>
  readonly name: string
  readonly scopes: readonly string[]
  /** HMAC-SHA256 of the secret under the key of the house; the secret itself is kept nowhere. */
  readonly secretHash: Hash
  readonly createdAt: string
  readonly revokedAt: string | null
}

export interface ActiveProfile {
  /** The profile that rules. */
  readonly policyHash: Hash
  /** The profile that is asked beside it, and decides nothing. */
  readonly shadow: Hash | null
  /** The latest version of every profile ever applied here. */
  readonly versions: Readonly<Record<string, number>>
}

export interface Deposit {
  readonly depositId: Id<'dep'>
  readonly actionHash: Hash
  readonly principalId: Id<'prn'>
  readonly amount: string
  readonly asset: string
  readonly source: string
  readonly reference: string
  readonly recordedAt: string
}

/** A decision on an unpaid probe that had to be written down: a denial, or an unsafe method. */
export interface ProbeRecord {
  readonly decision: ProbeDecision
  readonly kid: string
}

/** What may be stored by key, and what a missing row means. */
export interface Families {
  readonly gate: gate.Gate
  readonly approval: approval.Approval
  readonly principal: principal.Principal
  readonly grant: grant.Grant
  readonly apiKey: ApiKey | null
  readonly profile: Profile | null
  readonly activeProfile: ActiveProfile | null
  readonly deposit: Deposit | null
  readonly tenant: { readonly name: string } | null
  readonly wallet: wallet.Wallet
  readonly inbound: wallet.Inbound
  readonly probe: ProbeRecord | null
  readonly control: control.Control
  /** By selector: what stands on it. */
  readonly standing: control.Standing
  readonly controlEpoch: { readonly epoch: number }
}
export type Family = keyof Families

/** A state, and the place of its stream: how many events made it, and the hash of the last. */
export interface Stored<State> {
  readonly version: number
  readonly head: Hash
  readonly state: State
}

export interface Counter {
  readonly reserved: bigint
  readonly spent: bigint
}

export interface CounterName {
  readonly subject: string
  readonly asset: string
  readonly period: 'day' | 'month' | 'total' | 'count'
  readonly start: string | null
}

/** A quarter of a window in which something is counted. */
export interface RateName {
  readonly subject: string
  readonly asset: `window:${number}`
  readonly period: 'rate'
  readonly start: string
}

/** A fact by key. */
export type Key =
  | { readonly of: 'state'; readonly family: Family; readonly id: string }
  | { readonly of: 'account'; readonly account: ledger.AccountName; readonly asset: string }
  | { readonly of: 'counter'; readonly counter: CounterName | RateName }
  | { readonly of: 'unique'; readonly family: string; readonly key: string }

export type Fact<K> = K extends { readonly of: 'state'; readonly family: infer F extends Family }
  ? Stored<Families[F]>
  : K extends { readonly of: 'account' }
    ? ledger.Account
    : K extends { readonly of: 'counter' }
      ? Counter
      : K extends { readonly of: 'unique' }
        ? string | undefined
        : never

export type Keys = { readonly [name: string]: Key | readonly Key[] }
export type Facts<K extends Keys> = {
  readonly [Name in keyof K]: K[Name] extends readonly (infer Each)[]
    ? readonly Fact<Each>[]
    : Fact<K[Name]>
}

/** Who calls, when, and the only source of ids: the same stamp mints the same ids again. */
export interface Stamp {
  readonly at: Instant
  readonly atText: string
  readonly actor: Id<'prn'> | 'system'
  readonly traceId: string
  readonly scope: Scope
  readonly crypto: Crypto
  /** The key that signs for each purpose from now on. */
  readonly kids: Readonly<Record<SystemPurpose, string>>
  /** The next id: a function of the stamp and of how many were minted before. */
  mint<Prefix extends IdPrefix>(prefix: Prefix): Id<Prefix>
}

export interface StreamWrite {
  readonly family: Family
  readonly id: string
  readonly stream: string
  readonly expectedVersion: number
  readonly events: readonly Event[]
  /** The canonical text of each event. */
  readonly texts: readonly string[]
  readonly next: Families[Family]
}

export interface CounterClaim {
  readonly counter: CounterName | RateName
  readonly reserved: bigint
  readonly spent: bigint
}

export interface UniqueClaim {
  readonly family: string
  readonly key: string
  readonly owner: string
  /** What to answer if somebody has it. */
  readonly refusal: ProblemCode
}

export interface WriteSet<Answer> {
  readonly streams: readonly StreamWrite[]
  readonly transfers: readonly ledger.Transfer[]
  readonly counters: readonly CounterClaim[]
  readonly uniques: readonly UniqueClaim[]
  readonly forgotten?: readonly { readonly owner: string; readonly name: string }[]
  readonly documents: readonly {
    readonly owner: string
    readonly name: string
    readonly text: string
  }[]
  /** Facts whose statements Surety signs after the commit. */
  readonly receipts: readonly { readonly stream: string; readonly seq: number }[]
  readonly deadlines: readonly {
    readonly id: string
    readonly from: Instant | null
    readonly to: Instant | null
  }[]
  readonly outbox: readonly { readonly topic: string; readonly body: string }[]
  readonly answer: Answer
}

export type Outcome<Answer> =
  | { readonly type: 'write'; readonly write: WriteSet<Answer> }
  | {
      readonly type: 'refuse'
      readonly code: ProblemCode
      readonly detail?: string | undefined
    }
  /** What was prepared outside the transaction no longer holds: prepare again. */
  | { readonly type: 'stale' }

export interface UseCase<Input, K extends Keys, Answer> {
  reads(input: Input): K
  /** Synchronous and pure: it runs inside the writer, and may run again with the same stamp. */
  decide(facts: Facts<K>, input: Input, stamp: Stamp): Outcome<Answer>
}

export interface Idempotency {
  readonly principalId: Id<'prn'>
  readonly key: string
  readonly requestHash: Hash
}

export interface Command<Input, K extends Keys, Answer> {
  readonly useCase: UseCase<Input, K, Answer>
  readonly input: Input
  readonly stamp: () => Stamp
  readonly scope: Scope
  readonly idempotency: Idempotency | null
}

export type Executed<Answer> =
  | { readonly type: 'committed'; readonly answer: Answer; readonly write: WriteSet<Answer> }
  | { readonly type: 'replayed'; readonly answer: Answer }
  | Exclude<Outcome<Answer>, { type: 'write' }>

export interface ReceiptRow {
  readonly scope: Scope
  readonly stream: string
  readonly seq: number
}
export interface SignedRow extends ReceiptRow {
  /** base64url of the 64 bytes; the rest of the JWS follows from the event. */
  readonly signature: string
}
export interface OutboxRow {
  readonly position: number
  readonly scope: Scope
  readonly topic: string
  readonly body: string
  readonly attempts: number
}
export interface Page {
  readonly after: string | undefined
  readonly limit: number
  /** Newest first, for families whose ids sort by time. */
  readonly descending: boolean
}

export interface StateRow<F extends Family> {
  readonly id: string
  readonly stored: Stored<Families[F]>
}
export interface DueRow {
  readonly due: Instant
  readonly scope: Scope
  readonly id: string
}
export interface AccountRow {
  readonly account: ledger.AccountName
  readonly asset: string
  readonly sums: ledger.Account
}

export interface HeldRow {
  readonly asset: string
  readonly amount: bigint
}
/** What is left to do, of every scope; each counted to ten thousand at most. */
export interface Backlog {
  readonly unsigned: number
  readonly overdue: number
  readonly outbox: number
}

/** Committed facts only; never what a batch is still deciding. */
export interface Reads {
  state<F extends Family>(scope: Scope, family: F, id: string): Promise<Stored<Families[F]>>
  states<F extends Family>(scope: Scope, family: F, page: Page): Promise<readonly StateRow<F>[]>
  /** Approvals that nobody has answered yet, by their own index. */
  pendingApprovals(scope: Scope, page: Page): Promise<readonly StateRow<'approval'>[]>
  unique(scope: Scope, family: string, key: string): Promise<string | undefined>
  apiKey(keyId: string): Promise<ApiKey | undefined>
  events(scope: Scope, stream: string): Promise<readonly Event[]>
  /**
   * Events of streams with a prefix after a position, in the order of their commits, and how far
   * was looked; `null` and 0 answer with the position of the latest.
   */
  eventsAfter(
    scope: Scope,
    prefix: string,
    after: number | null,
    limit: number,
  ): Promise<{
    readonly rows: readonly { readonly position: number; readonly event: Event }[]
    readonly position: number
  }>
  documents(scope: Scope, owner: string): Promise<ReadonlyMap<string, string>>
  signatures(scope: Scope, stream: string): Promise<ReadonlyMap<number, string | null>>
  /** By name; at most a thousand, and without the holds that have been emptied. */
  accounts(scope: Scope, prefix: string): Promise<readonly AccountRow[]>
  counters(scope: Scope, subject: string): Promise<readonly (CounterName & Counter)[]>
  /** What of a scope the clock has yet to look at, in order of id; its prefix says the kind. */
  open(scope: Scope, prefix: string, page: Omit<Page, 'descending'>): Promise<readonly string[]>
  /** Deadlines that have passed, the oldest first, from after the row given. */
  due(at: Instant, limit: number, after?: DueRow): Promise<readonly DueRow[]>
  /** Every tenant's environments: a handful. */
  scopes(): Promise<readonly Scope[]>
  unsigned(limit: number): Promise<readonly ReceiptRow[]>
  /** Money held for gates, of every scope. Cost: accounts of parties, never holds of the past. */
  held(): Promise<readonly HeldRow[]>
  backlog(at: Instant): Promise<Backlog>
  /** In order of position, up to the first that must wait: nothing overtakes. */
  outbox(at: Instant, limit: number): Promise<readonly OutboxRow[]>
}

export interface Store {
  readonly reads: Reads
  /** When the latest fact happened that was committed; the clock of a new process starts there. */
  readonly latest: Instant
  /** Commands of one batch commit together; the answer comes after the commit. */
  execute<Input, K extends Keys, Answer>(
    command: Command<Input, K, Answer>,
  ): Promise<Executed<Answer>>
  /** Keeps signatures that were made after a commit. */
  keepSignatures(rows: readonly SignedRow[]): Promise<void>
  /** Keeps a document that can be made again, such as the signature over a bundle's manifest. */
  keepDocument(scope: Scope, owner: string, name: string, text: string): Promise<void>
  /** Lets go of a document whose time is over, and of the deadline that said so. */
  forget(row: DueRow, owner: string, name: string): Promise<void>
  settleOutbox(
    delivered: readonly number[],
    failed: readonly { readonly position: number; readonly notBefore: Instant }[],
  ): Promise<void>
  /** How many commands wait; the doors refuse above a limit. */
  readonly waiting: number
  close(): Promise<void>
}

export interface Signer {
  readonly kids: Readonly<Record<SystemPurpose, string>>
  jwks(): Jwks
  /** One of our own public keys, retired ones included. */
  key(kid: string): VerificationKey | undefined
  /** Ed25519 over the text's UTF-8 by the key with that id; base64url. */
  sign(kid: string, signingInput: string): Promise<string>
}

/** What is counted where it happens. Costs next to nothing there, and never throws. */
export interface Meter {
  /** Evaluates, and notes how long it took. */
  evaluation<Value>(work: () => Value): Value
  committed(write: WriteSet<unknown>): void
  /** A batch of commands was decided and committed; `startedMs` as `performance.now` told it. */
  commit(commands: number, startedMs: number): void
  commitFailed(): void
  request(method: string, route: string, status: number, seconds: number): void
  /** Takes, once, how to ask what is stored; gives what tells all of it, as text, when asked. */
  offer(sources: () => MeterSources): () => Promise<Readonly<Record<'type' | 'text', string>>>
}

/** What is looked at when somebody asks how things stand. */
export interface MeterSources {
  readonly reads: Pick<Reads, 'held' | 'backlog'>
  readonly at: Instant
  readonly waiting: number
  readonly busy: number
}

export interface Clock {
  now(): Instant
}
export interface Random {
  bytes(count: number): Uint8Array
}
export interface Notifier {
  /** Delivers in order; a row may come again after a crash. Throws a Failure if it could not. */
  deliver(rows: readonly OutboxRow[]): Promise<void>
}

/** Something expected that the world did not do. Only `app/` and `workers/` catch it. */
export class Failure extends Error {
  readonly code: ProblemCode
  constructor(code: ProblemCode, cause?: unknown) {
    super(code, { cause })
    this.code = code
  }
}
