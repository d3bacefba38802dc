/**
 * What the parties of the demo do: fund, grant, ask, buy, prove. All of it over HTTP, as anybody.
 *
 * @module
 */
import {
  ensureInstant,
  formatInstant,
  type Grant,
  type GrantBounds,
  type Hash,
  type Profile,
} from '@surety/protocol'
import { type Gate, httpFingerprint } from '@surety/sdk'
import { authorizationOf } from '../gate/presentation.ts'
import type { Actor } from './cast.ts'
import { AUTHORIZATION_HEADER, RESPONSE_HEADER } from './provider.ts'
import type { Stage } from './stage.ts'

export const ASSET = 'USD/2'
const DAY_MS = 86_400_000
const ANSWER_MAX_MS = 15_000

/** A profile that lets the provider be paid a little by itself, and more if a person is asked. */
export function demoProfile(provider: Actor): Profile {
  return {
    schemaVersion: 'Profile.v1',
    profileId: 'demo',
    version: 1,
    name: 'Demo',
    mode: 'enforce',
    allowlists: {
      assets: [ASSET],
      rails: ['ledger'],
      networks: ['internal'],
      payees: [provider.principalId],
      actions: ['purchase'],
    },
    limits: {
      perRequest: [{ asset: ASSET, max: '2000' }],
      perDay: [{ asset: ASSET, max: '10000' }],
    },
    approvalTiers: [
      { asset: ASSET, above: '500', approvers: 1, role: 'payer', raise: 'challenge' },
    ],
    risk: [{ riskClass: 'financial', outcome: 'allow' }],
    strictBinding: true,
    authorizationWithinMs: 60_000,
    approvalWithinMs: 900_000,
    settlement: {
      mode: 'automatic',
      verifiers: [
        { verifier: 'status' },
        { verifier: 'latency', greenMs: 10_000, amberMs: 30_000 },
      ],
      onSilence: 'refund',
      evidenceWithinMs: 60_000,
    },
  }
}

export async function deposit(operator: Actor, owner: Actor, amount: string): Promise<void> {
  const { principalId } = owner
  const movement = { source: 'demo-bank', reference: 'wire-1', principalId, amount, asset: ASSET }
  const action = operator.party.deposit(movement, 'demo-funding')
  await operator.client.call('postDeposits', { body: { action } })
}

/** A validity from now on, for a day less so many minutes. */
function lifetime(shorterByMin: number) {
  const now = Date.now()
  return {
    notBefore: formatInstant(ensureInstant(now)),
    expiresAt: formatInstant(ensureInstant(now + DAY_MS - shorterByMin * 60_000)),
  }
}

const limit = (max: string) => [{ asset: ASSET, max }]

/** What the payer lets its lead agent do: pay one provider, 30.00 at once, 80.00 in all. */
export async function issueRoot(payer: Actor, lead: Actor, provider: Actor): Promise<Hash> {
  const bounds: GrantBounds = {
    assets: [ASSET],
    payees: [provider.principalId],
    actions: ['purchase'],
    perCall: limit('3000'),
    total: limit('8000'),
    maxDepth: 2,
  }
  const granteeId = lead.principalId
  const root = payer.party.rootGrant({ granteeId, bounds, ...lifetime(0) })
  await payer.client.call('postGrants', { body: { grant: root.jws } })
  return root.grantHash
}

/** Passes a grant on, changed as asked; refused by the house if that is wider anywhere. */
export async function delegate(
  from: Actor,
  to: Actor,
  parentHash: Hash,
  changes: Partial<GrantBounds>,
): Promise<Hash> {
  const params = { grantHash: parentHash }
  const parent = (await from.client.call('getGrantsOne', { params })).grant as unknown as Grant
  const bounds = { ...parent.bounds, ...changes }
  const granteeId = to.principalId
  const child = from.party.delegate(parent, { granteeId, bounds, ...lifetime(60) })
  await from.client.call('postGrants', { body: { grant: child.jws } })
  return child.grantHash
}

/** A request to the provider. */
export interface Wish {
  readonly path: string
  readonly body: string
  readonly amount: string
}

export function requestFor(stage: Stage, wish: Wish) {
  const { href } = new URL(wish.path, stage.providerUrl)
  return { method: 'POST', url: href, body: wish.body }
}

/** Declares a wish under the agent's signature, and has it decided. */
export async function ask(
  stage: Stage,
  agent: Actor,
  grantHash: Hash,
  wish: Wish,
): Promise<{ readonly gate: Gate; readonly intentJws: string }> {
  const { jws } = agent.party.intent({
    requestFingerprint: httpFingerprint(requestFor(stage, wish), stage.crypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: true,
    amount: wish.amount,
    asset: ASSET,
    payee: stage.provider.principalId,
    rail: 'ledger',
    network: 'internal',
    grantHash,
  })
  const { gateId } = await agent.client.call('postGates', { body: { intent: jws } })
  const gate = await agent.client.call('postGatesAuthorize', { params: { gateId } })
  return { gate, intentJws: jws }
}

export interface Delivery {
  readonly status: number
  readonly body: string
  /** What the provider signed about it; absent where it did nothing. */
  readonly statement: string | undefined
  /** The code of the problem it answered with, if it did. */
  readonly code: string | undefined
}

/** Sends a request to the provider, with an authorization or without. */
export async function send(
  request: { readonly method: string; readonly url: string; readonly body: string },
  authorization: string | undefined,
): Promise<Delivery> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (authorization !== undefined) headers[AUTHORIZATION_HEADER] = authorization
  const answered = await fetch(request.url, {
    ...request,
    headers,
    signal: AbortSignal.timeout(ANSWER_MAX_MS),
  })
  const body = await answered.text()
  const code = /"code":"([a-z_]+)"/.exec(body)?.[1]
  const statement = answered.headers.get(RESPONSE_HEADER) ?? undefined
  return { status: answered.status, body, statement, code }
}

/** Sends what was authorized, as it was authorized. */
export function fetchPaid(stage: Stage, gate: Gate, wish: Wish): Promise<Delivery> {
  return send(requestFor(stage, wish), authorizationOf(gate))
}

/** Submits a statement, as the agent may. */
export function prove(agent: Actor, gate: Gate, statement: string | undefined): Promise<Gate> {
  const { gateId } = gate
  if (statement === undefined) throw new Error('the provider signed nothing')
  return agent.client.call('postGatesEvidence', {
    params: { gateId },
    body: { response: statement },
  })
}

/** The balances that matter to the story, in minor units. */
export interface Balances {
  readonly payer: string
  readonly provider: string
  readonly held: string
}

export async function balances(stage: Stage): Promise<Balances> {
  const accounts = await stage.operator.client.call('getAccounts', { query: {} })
  const sum = (isOne: (account: string) => boolean) =>
    accounts
      .filter(({ account, asset }) => asset === ASSET && isOne(account))
      .reduce((total, { balance }) => total + BigInt(balance), 0n)
      .toString()
  return {
    payer: sum((account) => account === `principal:${stage.payer.principalId}`),
    provider: sum((account) => account === `principal:${stage.provider.principalId}`),
    held: sum((account) => account.startsWith('hold:')),
  }
}
