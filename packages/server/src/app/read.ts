/**
 * Questions with no change. INVARIANT(tenancy): what a caller may not see is simply not there.
 *
 * @module
 */
import { type gate, ledger } from '@surety/domain'
import {
  type Event,
  err,
  type JsonObject,
  ok,
  type ProblemCode,
  type Result,
} from '@surety/protocol'
import type { Families, Family, Page, Stored } from '../ports.ts'
import { apiKeyView } from './api-key/api-keys.ts'
import { gateView, payeeView } from './gate/view.ts'
import { grantView } from './grant/grants.ts'
import { principalView } from './principal/principals.ts'
import { receiptsAt } from './receipts.ts'
import { type App, type Caller, gateStream } from './runtime.ts'

type Found<Value> = Promise<Result<Value, ProblemCode>>

/** How many rows one page looks at when most of them are not the caller's. */
const SCAN_MAX = 1_000

function seesAll(caller: Caller): boolean {
  return caller.scopes.has('read:all')
}

function seesGate(caller: Caller, state: gate.Gate): boolean {
  if (state.status === 'none') return false
  return seesFacts(caller, state) || state.intent.payee === caller.principalId
}

/**
 * Whether a caller is on the paying side: what a decision was made from, balances, spending and the
 * profile, would tell a payee how much more it could have asked.
 */
export function seesFacts(caller: Caller, state: Exclude<gate.Gate, { status: 'none' }>): boolean {
  const payerId = 'authorization' in state ? state.authorization?.payerId : undefined
  const parties: readonly (string | undefined)[] = [state.intent.agentId, payerId]
  return seesAll(caller) || parties.includes(caller.principalId)
}

function viewFor(caller: Caller, state: Exclude<gate.Gate, { status: 'none' }>): JsonObject {
  return seesFacts(caller, state) ? gateView(state) : payeeView(state)
}

/** Keys with one of these decide, answer or pay; a key that only sells has none. */
const PAYING_SCOPES = [
  'read:all',
  'profiles:write',
  'approvals:answer',
  'grants:write',
  'gates:write',
] as const

/** Whether a caller may read the profiles. */
export function seesPolicy({ scopes }: Caller): boolean {
  return PAYING_SCOPES.some((scope) => scopes.has(scope))
}

async function visibleGate(app: App, caller: Caller, gateId: string) {
  const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
  return state.status === 'none' || !seesGate(caller, state) ? undefined : state
}

/** A gate, with all its signed receipts. */
export async function readGate(app: App, caller: Caller, gateId: string): Found<JsonObject> {
  const state = await visibleGate(app, caller, gateId)
  if (state === undefined) return err('gate_not_found')
  const receipts = await receiptsAt(app, caller.scope, gateStream(gateId), 'all')
  return ok({ ...viewFor(caller, state), receipts: receipts as never })
}

/** The journal of a gate. Of what its payee may not read, the number is missing. */
export async function readGateEvents(
  app: App,
  caller: Caller,
  gateId: string,
): Found<readonly Event[]> {
  const state = await visibleGate(app, caller, gateId)
  if (state === undefined) return err('gate_not_found')
  const events = await app.store.reads.events(caller.scope, gateStream(gateId))
  if (seesFacts(caller, state)) return ok(events)
  return ok(events.filter(({ type }) => type !== 'holdbackContested'))
}

export interface Listing {
  readonly items: readonly JsonObject[]
  readonly next: string | null
}

interface Listed<F extends Family> {
  readonly family: F
  readonly page: Page
  readonly sees: (state: Families[F]) => boolean
  readonly view: (state: Families[F], id: string) => JsonObject
}

/** One page of a family. Cost: the rows looked at, `SCAN_MAX` at most, never the whole history. */
export async function list<F extends Family>(
  app: App,
  caller: Caller,
  wanted: Listed<F>,
): Promise<Listing> {
  const { family, page, sees, view } = wanted
  const items: JsonObject[] = []
  let after = page.after
  for (let scanned = 0; scanned < SCAN_MAX; ) {
    const rows = await app.store.reads.states(caller.scope, family, { ...page, after })
    for (const { id, stored } of rows as readonly { id: string; stored: Stored<Families[F]> }[]) {
      after = id
      if (sees(stored.state)) items.push(view(stored.state, id))
      if (items.length === page.limit) return { items, next: id }
    }
    scanned += rows.length
    if (rows.length < page.limit) return { items, next: null }
  }
  return { items, next: after ?? null }
}

export function listGates(
  app: App,
  caller: Caller,
  page: Page,
  status: string | undefined,
): Promise<Listing> {
  return list(app, caller, {
    family: 'gate',
    page,
    sees: (state) => seesGate(caller, state) && (status === undefined || state.status === status),
    view: (state) => viewFor(caller, state as Exclude<gate.Gate, { status: 'none' }>),
  })
}

export function listPrincipals(app: App, caller: Caller, page: Page): Promise<Listing> {
  return list(app, caller, {
    family: 'principal',
    page,
    sees: (state) =>
      state.status === 'registered' &&
      (seesAll(caller) || state.principalId === caller.principalId),
    view: (state) => principalView(state),
  })
}

export function listGrants(app: App, caller: Caller, page: Page): Promise<Listing> {
  return list(app, caller, {
    family: 'grant',
    page,
    sees: (state) => {
      if (state.status === 'none') return false
      const { grantorId, granteeId, payerId } = state.document
      const parties: readonly string[] = [grantorId, granteeId, payerId]
      return seesAll(caller) || parties.includes(caller.principalId)
    },
    view: (state) => grantView(state),
  })
}

export function listApiKeys(app: App, caller: Caller, page: Page): Promise<Listing> {
  return list(app, caller, {
    family: 'apiKey',
    page,
    sees: (key) => key !== null && (seesAll(caller) || key.principalId === caller.principalId),
    view: (key) => apiKeyView(key as NonNullable<typeof key>),
  })
}

/** Anybody of the tenant may look up a principal: its name and its public keys. */
export async function readPrincipal(app: App, caller: Caller, id: string): Found<JsonObject> {
  const { state } = await app.store.reads.state(caller.scope, 'principal', id)
  return state.status === 'none' ? err('principal_not_found') : ok(principalView(state))
}

/** A grant, with the signed object and how much of it is used. */
export async function readGrant(app: App, caller: Caller, grantHash: string): Found<JsonObject> {
  const { state } = await app.store.reads.state(caller.scope, 'grant', grantHash)
  if (state.status === 'none') return err('grant_not_found')
  const { grantorId, granteeId, payerId } = state.document
  const parties: readonly string[] = [grantorId, granteeId, payerId]
  if (!seesAll(caller) && !parties.includes(caller.principalId)) return err('grant_not_found')
  const documents = await app.store.reads.documents(caller.scope, grantHash)
  const counters = await app.store.reads.counters(caller.scope, `grant:${grantHash}`)
  return ok({
    ...grantView(state),
    signed: documents.get('grant.jws') ?? null,
    used: counters.map(({ asset, period, start, reserved, spent }) => ({
      asset,
      period,
      start,
      reserved: String(reserved),
      spent: String(spent),
    })),
  })
}

/** The balances of a principal, or of every account for those who see all. */
export async function readAccounts(
  app: App,
  caller: Caller,
  principalId: string | undefined,
): Found<readonly JsonObject[]> {
  const own = principalId === caller.principalId
  if (!seesAll(caller) && !own) return err('account_not_found')
  const prefix = principalId === undefined ? '' : `principal:${principalId}`
  const rows = await app.store.reads.accounts(caller.scope, prefix)
  return ok(
    rows.map(({ account, asset, sums }) => ({
      account,
      asset,
      debits: String(sums.debits),
      credits: String(sums.credits),
      balance: String(ledger.balanceOf(account, sums)),
    })),
  )
}
