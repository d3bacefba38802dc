/**
 * A real house for tests: a data directory of its own, a server on a free port, parties with keys.
 *
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Environment,
  ensureInstant,
  formatInstant,
  fromBase64url,
  type GrantBounds,
  type Id,
  type Instant,
  mintId,
  type OperatorRole,
  type PartyPurpose,
  type PrincipalKind,
  type Profile,
} from '@surety/protocol'
import {
  applyProfile as applyAs,
  Client,
  type Host,
  httpFingerprint,
  newIdempotencyKey,
  newKeyPair,
  Party,
} from '@surety/sdk'
import {
  type ApiScope,
  type Config,
  type Founded,
  initHouse,
  nodeCrypto,
  type RunningHouse,
  readConfig,
  SCOPES,
  startHouse,
} from '@surety/server'
import { type FirstOperator, foundHouse } from '../../packages/server/src/app/house/found-house.ts'
import type { SqliteStore } from '../../packages/server/src/store/sqlite/store.ts'
import { checkedFetch } from './answers.ts'

const DAY_MS = 86_400_000
const NEAR_MIDNIGHT_MS = 300_000

// A test that fills a day’s budget must not see the day end.
let aheadMs = DAY_MS - (Date.now() % DAY_MS) < NEAR_MIDNIGHT_MS ? NEAR_MIDNIGHT_MS : 0

/** Lets time pass for every house and party of this process, without waiting for it. */
export function pass(ms: number): void {
  aheadMs += ms
}

function clockFrom(floor: number): { readonly now: () => Instant } {
  let last = floor
  return {
    now: () => {
      last = Math.max(last, Date.now() + aheadMs)
      return ensureInstant(last)
    },
  }
}

export const host: Host = {
  crypto: nodeCrypto,
  now: () => ensureInstant(Date.now() + aheadMs),
  random: (count) => new Uint8Array(randomBytes(count)),
}

/** A party with its own credential: what it signs with, and what it calls with. */
export interface Member {
  readonly party: Party
  readonly client: Client
  readonly apiKey: string
  readonly principalId: Id<'prn'>
  readonly keys?: readonly ReturnType<typeof newKeyPair>[]
}

/** One tenant in one environment, and how its parties are made. */
export interface Tenancy {
  readonly running: RunningHouse
  readonly founded: FirstOperator
  readonly operator: Member
  readonly directory: string
  /** Registers a principal with fresh keys and an API key of its own. */
  member(
    kind: PrincipalKind,
    purposes: readonly PartyPurpose[],
    scopes: readonly ApiScope[],
  ): Promise<Member>
  /** Registers a person who signs acts, and gives them these roles. */
  person(roles: readonly OperatorRole[], scopes?: readonly ApiScope[]): Promise<Member>
}

export interface TestHouse extends Tenancy {
  readonly founded: Founded
  /** Stops and serves the same directory again. */
  restart(settings?: Partial<Config>): Promise<TestHouse>
  close(): Promise<void>
}

export function clientOf(url: string, apiKey: string | undefined): Client {
  return new Client({
    url,
    apiKey,
    fetch: checkedFetch,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newKey: () => newIdempotencyKey(host),
  })
}

/** Starts a house in a directory that `close` removes. */
export async function openHouse(settings: Partial<Config> = {}): Promise<TestHouse> {
  const parent = mkdtempSync(join(tmpdir(), 'surety-'))
  const directory = join(parent, 'data')
  const founded = await initHouse(directory, { environment: 'sandbox', operatorName: 'Olga' })
  return served(parent, founded, settings)
}

async function served(
  parent: string,
  founded: Founded,
  settings: Partial<Config>,
): Promise<TestHouse> {
  const directory = join(parent, 'data')
  // The tests let the workers run; none of them comes by itself.
  const quiet = { port: 0, logLevel: 'silent', tickEveryMs: 60_000 }
  const running = await startHouse(
    readConfig({ dataDirectory: directory, ...quiet, ...settings }, {}),
  )
  Object.assign(running.app, { clock: clockFrom(running.app.store.latest) })
  return {
    ...tenancyOf(running, founded, directory),
    founded,
    async restart(changed = settings) {
      await running.stop()
      return served(parent, founded, changed)
    },
    async close() {
      await running.stop()
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

/** The founder of a tenancy, and how it lets others in. */
function tenancyOf(running: RunningHouse, founded: FirstOperator, directory: string): Tenancy {
  const { tenantId, environment, principalId } = founded
  const seeds = founded.keys.map(({ purpose, privateSeed }) => ({
    purpose,
    privateSeed: fromBase64url(privateSeed) as Uint8Array,
  }))
  const operator: Member = {
    party: new Party({ tenantId, environment, principalId, keys: seeds }, host),
    client: clientOf(running.url, founded.apiKey),
    apiKey: founded.apiKey,
    principalId,
  }
  const tenancy: Tenancy = {
    running,
    founded,
    operator,
    directory,
    async member(kind, purposes, scopes) {
      const keys = purposes.map((purpose) => newKeyPair(purpose, host))
      const made = await operator.client.call('postPrincipals', {
        body: {
          kind,
          name: `a ${kind}`,
          keys: keys.map(({ publicKey, purpose }) => ({ publicKey, purpose })),
        },
      })
      const id = made.principalId as Id<'prn'>
      const apiKey = await apiKeyFor(operator, id, scopes)
      const party = new Party({ tenantId, environment, principalId: id, keys }, host)
      return { party, client: clientOf(running.url, apiKey), apiKey, principalId: id, keys }
    },
    async person(roles, scopes = Object.keys(SCOPES) as ApiScope[]) {
      const person = await tenancy.member('person', ['action'], scopes)
      const { principalId } = person
      for (const role of roles) {
        const action = roleAct(operator, principalId, role)
        const call = { params: { principalId }, body: { action } }
        await operator.client.call('postPrincipalsRoles', call)
      }
      return person
    },
  }
  return tenancy
}

/** An act that assigns a role, or withdraws it, by somebody in one of their own. */
export function roleAct(
  by: Member,
  principalId: Id<'prn'>,
  role: OperatorRole,
  as: { action?: 'assign_role' | 'withdraw_role'; role?: OperatorRole } = {},
): string {
  return by.party.act({
    action: 'assign_role',
    role: 'incident_commander',
    justificationCode: 'test',
    ...as,
    assignment: { principalId, role },
  })
}

/** Another credential for a principal. */
export async function apiKeyFor(
  operator: Member,
  principalId: Id<'prn'>,
  scopes: readonly ApiScope[],
): Promise<string> {
  const body = { principalId, name: 'test', scopes }
  return (await operator.client.call('postApiKeys', { body })).secret as string
}

/** Founds another tenant, or another environment of this one, in the same store. */
export async function foundBeside(
  house: TestHouse,
  scope: { readonly tenantId?: Id<'ten'>; readonly environment: Environment },
): Promise<Tenancy> {
  const { app } = house.running
  const tenantId = scope.tenantId ?? mintId('ten', app.clock.now(), 1n)
  const other = { tenantId, environment: scope.environment }
  await (app.store as SqliteStore).createScope(other)
  const founded = await foundHouse(app, other, 'Otto')
  return tenancyOf(house.running, founded, house.directory)
}

/** A profile that lets one payee be paid a little, automatically. */
export function profileFor(payees: readonly Id<'prn'>[], changes: Partial<Profile> = {}): Profile {
  return {
    schemaVersion: 'Profile.v1',
    profileId: 'test',
    version: 1,
    name: 'for tests',
    mode: 'enforce',
    allowlists: {
      assets: ['USD/2'],
      rails: ['ledger'],
      networks: ['internal'],
      payees: [...payees],
    },
    limits: {
      perRequest: [{ asset: 'USD/2', max: '1000' }],
      perDay: [{ asset: 'USD/2', max: '100000' }],
    },
    approvalTiers: [
      { asset: 'USD/2', above: '500', approvers: 1, role: 'payer', raise: 'challenge' },
    ],
    risk: [
      { riskClass: 'read', outcome: 'allow' },
      { riskClass: 'financial', outcome: 'allow' },
      { riskClass: 'action', outcome: 'escalate' },
    ],
    strictBinding: true,
    authorizationWithinMs: 60_000,
    approvalWithinMs: 60_000,
    settlement: {
      mode: 'automatic',
      verifiers: [{ verifier: 'status' }, { verifier: 'latency', greenMs: 5_000, amberMs: 20_000 }],
      onSilence: 'refund',
      evidenceWithinMs: 60_000,
    },
    ...changes,
  }
}

/** Applies a profile under the operator's signature. */
export function applyProfile(house: Pick<Tenancy, 'operator'>, profile: Profile) {
  const { client, party } = house.operator
  return applyAs(client, party, { profile, justificationCode: 'test' })
}

let profiles = 0

/** Lets another profile rule from now on: never one that ruled before. */
export async function rule(
  house: Tenancy,
  market: Pick<Market, 'provider'>,
  changes: Partial<Profile> = {},
): Promise<Profile> {
  profiles += 1
  const profileId = `test-${String(profiles)}`
  const profile = profileFor([market.provider.principalId], { profileId, ...changes })
  await applyProfile(house, profile)
  return profile
}

/** Three parties, money, a profile and a grant: everything one purchase needs. */
export interface Market {
  readonly payer: Member
  readonly agent: Member
  readonly provider: Member
  readonly grantHash: string
}

/** A validity window around now. */
export function window(): { readonly notBefore: string; readonly expiresAt: string } {
  const now = host.now()
  return {
    notBefore: formatInstant(ensureInstant(now)),
    expiresAt: formatInstant(ensureInstant(now + DAY_MS)),
  }
}

export async function openMarket(
  house: Tenancy,
  options: { bounds?: Partial<GrantBounds>; profile?: Partial<Profile>; fund?: string } = {},
): Promise<Market> {
  const payer = await house.member(
    'organisation',
    ['grant'],
    ['grants:write', 'gates:write', 'read'],
  )
  const agent = await house.member(
    'agent',
    ['intent', 'grant'],
    ['grants:write', 'gates:write', 'gates:execute', 'evidence:write', 'read'],
  )
  const provider = await house.member(
    'service',
    ['response'],
    ['gates:execute', 'evidence:write', 'read'],
  )
  await deposit(house, payer, options.fund ?? '10000')
  await rule(house, { provider }, options.profile)
  const { grantHash } = await grantTo(payer, agent, options.bounds)
  return { payer, agent, provider, grantHash }
}

/** A root grant of the payer, issued. */
export async function grantTo(payer: Member, agent: Member, bounds: Partial<GrantBounds> = {}) {
  const root = payer.party.rootGrant({
    granteeId: agent.principalId,
    bounds: { assets: ['USD/2'], maxDepth: 4, ...bounds },
    ...window(),
  })
  await payer.client.call('postGrants', { body: { grant: root.jws } })
  return root
}

/** The id of the one key a member has for a purpose. */
export function kidOf(member: Member, purpose: PartyPurpose): string {
  const key = member.keys?.find((each) => each.purpose === purpose)
  if (key === undefined) throw new Error(`no ${purpose} key`)
  return key.kid
}

export async function deposit(house: Tenancy, owner: Member, amount: string): Promise<void> {
  const { party, client } = house.operator
  const reference = `ref-${randomUUID()}`
  const { principalId } = owner
  const action = party.deposit(
    { source: 'test-bank', reference, principalId, amount, asset: 'USD/2' },
    'test-funding',
  )
  await client.call('postDeposits', { body: { action } })
}

export const REQUEST = { method: 'POST', url: 'https://api.example/v1/data', body: '{"q":1}' }

/** An intent of the market's agent to pay its provider, signed. */
export function draftIntent(market: Market, amount: string, changes: object = {}) {
  return market.agent.party.intent({
    requestFingerprint: httpFingerprint(REQUEST, nodeCrypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: true,
    amount,
    asset: 'USD/2',
    payee: market.provider.principalId,
    rail: 'ledger',
    network: 'internal',
    grantHash: market.grantHash,
    ...changes,
  })
}

export type Gate = Awaited<ReturnType<typeof declareAndAuthorize>>

/** Declares and has it decided. */
export async function declareAndAuthorize(market: Market, amount: string, changes: object = {}) {
  const { jws } = draftIntent(market, amount, changes)
  const { client } = market.agent
  const declared = await client.call('postGates', { body: { intent: jws } })
  return client.call('postGatesAuthorize', { params: { gateId: declared.gateId } })
}

/** What the executor presents for an authorized gate: everything that is bound. */
export function presentation(gate: Gate) {
  const { authorization } = gate
  if (authorization === null) throw new Error('not authorized')
  const jws = gate.receipts?.find((receipt) => receipt.type === 'Authorization.v1')?.jws
  if (jws === undefined) throw new Error('no signed authorization')
  const {
    amountMax: amount,
    asset,
    payee,
    rail,
    grantHash,
    policyHash,
    nonce,
    notAfter,
  } = authorization
  const request = gate.intent.requestFingerprint as never
  return {
    authorization: jws,
    request,
    amount,
    asset,
    payee,
    rail,
    grantHash,
    policyHash,
    nonce,
    notAfter,
  }
}

/** Consumes the authorization as the provider does. */
export function execute(market: Market, gate: Gate) {
  const { gateId } = gate
  return market.provider.client.call('postGatesExecute', {
    params: { gateId },
    body: presentation(gate),
  })
}

/** The provider's signed statement about an executing gate. */
export function statement(market: Market, gate: Gate, changes: object = {}): string {
  const { authorization, gateId } = gate
  if (authorization === null) throw new Error('not authorized')
  const now = formatInstant(host.now())
  return market.provider.party.response({
    gateId: gateId as Id<'gat'>,
    authorizationId: authorization.authorizationId as Id<'aut'>,
    requestFingerprintHash: authorization.requestFingerprintHash,
    responseHash: nodeCrypto.sha256('{"answer":42}'),
    status: 200,
    amount: authorization.amountMax,
    asset: authorization.asset,
    startedAt: now,
    completedAt: now,
    ...changes,
  })
}

/** Submits a statement as the agent does. */
export function prove(market: Market, gate: Gate, response: string) {
  const { gateId } = gate
  return market.agent.client.call('postGatesEvidence', { params: { gateId }, body: { response } })
}

/** The whole path: declared, authorized, executed, proven, settled. */
export async function purchase(market: Market, amount: string, changes: object = {}) {
  const gate = await declareAndAuthorize(market, amount)
  await execute(market, gate)
  return prove(market, gate, statement(market, gate, changes))
}

/** What a principal has available. */
export async function balanceOf(house: Tenancy, member: Member): Promise<string> {
  const accounts = await house.operator.client.call('getAccounts', {
    query: { principalId: member.principalId },
  })
  return accounts.find(({ asset }) => asset === 'USD/2')?.balance ?? '0'
}
