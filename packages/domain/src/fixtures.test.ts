/**
 * A small world for tests: one tenant, few parties, two assets, and what builds upon them.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import {
  type DecisionFacts,
  type ExecutionIntent,
  ensureInstant,
  type GrantBounds,
  type GrantFacts,
  hashOf,
  type Id,
  type IdPrefix,
  instantOf,
  mintId,
  type Profile,
  portableCrypto,
} from '@surety/protocol'
import { meet } from './grant/bounds.ts'
import { countersOf } from './policy/counters.ts'
import { compile } from './policy/profile/compile.ts'

export const AT = '2026-11-20T09:30:00.000Z'
export const KID = 'A'.repeat(43)
export const id = <Prefix extends IdPrefix>(prefix: Prefix, n: number): Id<Prefix> =>
  mintId(prefix, ensureInstant(0), BigInt(n))
export const hash = (value: unknown): string => hashOf(value, portableCrypto)
export const nonce = (n: number): string => String(n).padStart(16, 'n')

export const TENANT = id('ten', 1)
export const PAYER = id('prn', 1)
export const AGENT = id('prn', 2)
export const PAYEE = id('prn', 3)
export const OTHER = id('prn', 4)
export const OPERATOR = id('prn', 5)
export const GATE = id('gat', 1)

export const ASSETS = ['USD/2', 'EUR/2'] as const

export function intentOf(over: Partial<ExecutionIntent> = {}): ExecutionIntent {
  return {
    schemaVersion: 'ExecutionIntent.v1',
    intentId: id('int', 1),
    tenantId: TENANT,
    environment: 'sandbox',
    agentId: AGENT,
    requestFingerprint: {
      schemaVersion: 'RequestFingerprint.v1',
      method: 'POST',
      url: 'https://provider.example/search',
      headers: [{ name: 'content-type', value: 'application/json' }],
      bodyHash: hash('body'),
    },
    action: 'purchase',
    tool: 'search',
    riskClass: 'action',
    sideEffecting: true,
    amount: '2',
    asset: 'USD/2',
    payee: PAYEE,
    rail: 'ledger',
    network: 'internal',
    grantHash: grantHashOf(0),
    traceId: '0'.repeat(31).concat('1'),
    nonce: nonce(1),
    issuedAt: '2026-11-20T09:29:00.000Z',
    expiresAt: '2026-11-20T10:30:00.000Z',
    ...over,
  }
}

/** The hash of the grant at a depth of the one chain of these tests. */
export const grantHashOf = (depth: number): string => hash({ grant: depth })

/** A chain of grants from the payer to the agent, one for each set of bounds. */
export function chainOf(bounds: readonly GrantBounds[]): GrantFacts[] {
  const holder = (depth: number): Id<'prn'> =>
    depth === 0 ? PAYER : depth === bounds.length ? AGENT : id('prn', 100 + depth)
  return bounds.map((each, depth) => ({
    grantHash: grantHashOf(depth),
    grantId: id('grt', depth),
    parentGrantHash: depth === 0 ? null : grantHashOf(depth - 1),
    grantorId: holder(depth),
    granteeId: holder(depth + 1),
    payerId: PAYER,
    environment: 'sandbox',
    depth,
    bounds: each,
    notBefore: '2026-11-01T00:00:00.000Z',
    expiresAt: '2026-12-31T00:00:00.000Z',
    revoked: false,
    grantorLifecycle: 'active',
  }))
}

interface World {
  readonly intent?: Partial<ExecutionIntent>
  readonly bounds?: readonly GrantBounds[]
  readonly at?: string
  /** What every counter says is spent. */
  readonly spent?: string
}

/** Facts that agree with one another: every counter is there. */
export function factsOf({ intent = {}, bounds = [{ maxDepth: 16 }], at = AT, spent }: World = {}) {
  const grantChain = chainOf(bounds)
  const asked = intentOf({ grantHash: grantHashOf(bounds.length - 1), ...intent })
  const keys = countersOf(grantChain, PAYER, asked.asset, instantOf(at))
  const facts: DecisionFacts = {
    schemaVersion: 'DecisionFacts.v1',
    at,
    tenantId: TENANT,
    environment: 'sandbox',
    gateId: GATE,
    intent: asked,
    intentKid: KID,
    grantChain,
    grantMeet: meet(bounds),
    agent: { principalId: AGENT, kind: 'agent', lifecycle: 'active' },
    payer: { principalId: PAYER, kind: 'organisation', lifecycle: 'active' },
    payee: { principalId: asked.payee, kind: 'service', lifecycle: 'active' },
    counters: keys.map((key) => ({ ...key, reserved: '0', spent: spent ?? '0' })),
    funds: { available: '1000' },
    rail: { rail: asked.rail, irrevocable: 'on_verdict' },
    tool: null,
    wallet: null,
    quote: null,
    controls: [],
    controlEpoch: 0,
    approvals: [],
    session: null,
    rates: [],
  }
  return facts
}

/** A profile that allows what the intent above asks, up to 10 a request. */
export function profileOf(over: Partial<Profile> = {}): Profile {
  return {
    schemaVersion: 'Profile.v1',
    profileId: 'test',
    version: 1,
    name: 'a profile of tests',
    mode: 'enforce',
    allowlists: {
      assets: [...ASSETS],
      rails: ['ledger'],
      networks: ['internal'],
    },
    limits: { perRequest: ASSETS.map((asset) => ({ asset, max: '10' })) },
    approvalTiers: [],
    risk: [
      { riskClass: 'read', outcome: 'allow' },
      { riskClass: 'action', outcome: 'allow' },
    ],
    strictBinding: true,
    authorizationWithinMs: 900_000,
    approvalWithinMs: 86_400_000,
    settlement: {
      mode: 'automatic',
      verifiers: [{ verifier: 'status' }, { verifier: 'hash' }],
      onSilence: 'refund',
      evidenceWithinMs: 600_000,
    },
    ...over,
  }
}

export const compiled = (profile: Profile) => compile(profile, hash(profile))

/** One step of a JSON Patch (RFC 6902), of the three kinds that vectors use. */
export type PatchStep =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** A patched copy. A path that is not there is a fault of the vector. */
export function patched<Value>(value: Value, patch: readonly PatchStep[] = []): Value {
  const copy = structuredClone(value)
  for (const step of patch) {
    const names = step.path.split('/').slice(1)
    const last = names.pop() as string
    let place = copy as Record<string, unknown>
    for (const name of names) place = place[name] as Record<string, unknown>
    if (step.op !== 'add' && !(last in place)) throw new Error(`no ${step.path}`)
    if (step.op === 'remove') delete place[last]
    else place[last] = structuredClone(step.value)
  }
  return copy
}

/** Reads a file of vectors. Its shape is the reader's to say: a wrong one fails the test. */
export function vectors<File>(path: string): File {
  const url = new URL(`../../../spec/vectors/${path}`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as File
}

/** A copy that throws when anybody writes to it. */
export function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) frozen(member)
  }
  return value
}
