/**
 * The facts of a decision, gathered from what the transaction read.
 *
 * @module
 */
import { type control, grant, ledger, policy, type principal, type wallet } from '@surety/domain'
import type {
  ApprovalRecord,
  CounterFacts,
  DecisionFacts,
  ExecutionIntent,
  GrantFacts,
  Hash,
  Id,
  Instant,
  Lifecycle,
} from '@surety/protocol'
import type { Counter, CounterName, Stamp, Stored } from '../../ports.ts'
import { controlEpochKey, controlFacts, requestControls } from '../control/standing.ts'
import type { GrantChain } from '../grant/chain.ts'
import { type Counting, rateFacts } from './counting.ts'

type Principal = principal.Principal

/** The rails that are configured, and when their money becomes irrevocable. */
const RAILS: ReadonlyMap<string, NonNullable<DecisionFacts['rail']>> = new Map([
  ['ledger', { rail: 'ledger', irrevocable: 'on_verdict' }],
  [policy.X402_RAIL, { rail: policy.X402_RAIL, irrevocable: 'on_presentation' }],
])

/** Everybody whose lifecycle a decision depends on. */
export function partiesOf(intent: ExecutionIntent, chain: GrantChain): readonly Id<'prn'>[] {
  const [root] = chain
  const parties = [intent.agentId, intent.payee, ...chain.map(({ document }) => document.grantorId)]
  if (root !== undefined) parties.push(root.document.payerId)
  return [...new Set(parties)]
}

/** Every budget the decision depends on. */
export function countersOf(
  intent: ExecutionIntent,
  chain: GrantChain,
  at: Instant,
): readonly CounterName[] {
  const bounds = chain.map(({ grantHash, document }) => ({ grantHash, bounds: document.bounds }))
  return policy.countersOf(bounds, chain[0]?.document.payerId, intent.asset, at)
}

export interface Gathered {
  readonly gateId: Id<'gat'>
  readonly intent: ExecutionIntent
  readonly intentKid: string | null
  readonly quote: DecisionFacts['quote']
  /** What pays on a chain; none where the books themselves do. */
  readonly wallet: Stored<wallet.Wallet>
  readonly chain: GrantChain
  readonly grants: readonly Stored<grant.Grant>[]
  readonly parties: ReadonlyMap<string, Principal>
  readonly counterNames: readonly CounterName[]
  readonly counters: readonly Counter[]
  readonly counting: Counting
  readonly watched: readonly Counter[]
  readonly quarters: readonly Counter[]
  readonly funds: ledger.Account
  /** What a person answered to the decision before this one. */
  readonly records: readonly ApprovalRecord[]
  readonly controls: readonly Stored<control.Standing>[]
  readonly controlEpoch: Stored<{ readonly epoch: number }>
}

/** What stands on the selectors of a request, and how many controls came before. */
export function controlReads(intent: ExecutionIntent, policyHash: Hash, chain: GrantChain) {
  const request = { tenantId: intent.tenantId, intent, policyHash }
  return { controls: requestControls(request, chain), controlEpoch: controlEpochKey }
}

/** Puts the facts together. Pure: the same reads at the same stamp give the same bytes. */
export function decisionFacts(gathered: Gathered, stamp: Stamp): DecisionFacts {
  const { intent, chain, parties, counterNames, counters, counting, funds } = gathered
  const payerId = chain[0]?.document.payerId
  return {
    schemaVersion: 'DecisionFacts.v1',
    at: stamp.atText,
    tenantId: stamp.scope.tenantId,
    environment: stamp.scope.environment,
    gateId: gathered.gateId,
    intent,
    intentKid: gathered.intentKid,
    grantChain: grantFacts(gathered),
    grantMeet: grant.meet(chain.map(({ document }) => document.bounds)),
    agent: ensureParty(parties.get(intent.agentId)),
    payer: payerId === undefined ? null : partyFacts(parties.get(payerId)),
    payee: partyFacts(parties.get(intent.payee)),
    counters: [
      ...counterNames.map((name, i) => counterFacts(name, counters[i] as Counter)),
      ...counting.watched.map((name, i) => counterFacts(name, gathered.watched[i] as Counter)),
    ],
    funds: {
      available:
        payerId === undefined ? '0' : String(ledger.balanceOf(`principal:${payerId}`, funds)),
    },
    rail: RAILS.get(intent.rail) ?? null,
    tool: null,
    wallet: walletFacts(gathered.wallet.state),
    quote: gathered.quote,
    controls: controlFacts(gathered.controls),
    controlEpoch: gathered.controlEpoch.state.epoch,
    approvals: [...gathered.records],
    session: null,
    rates: rateFacts(counting, gathered.quarters),
  }
}

/** What a decision knows of each grant of a chain, the root first. */
export function grantFacts({
  chain,
  grants,
  parties,
}: Pick<Gathered, 'chain' | 'grants' | 'parties'>): GrantFacts[] {
  return chain.map(({ grantHash, document }, i) => ({
    grantHash,
    grantId: document.grantId,
    parentGrantHash:
      document.schemaVersion === 'DelegationGrant.v1' ? document.parentGrantHash : null,
    grantorId: document.grantorId,
    granteeId: document.granteeId,
    payerId: document.payerId,
    environment: document.environment,
    depth: document.depth,
    bounds: document.bounds,
    notBefore: document.notBefore,
    expiresAt: document.expiresAt,
    revoked: grants[i]?.state.status !== 'active',
    grantorLifecycle: lifecycleOf(parties.get(document.grantorId)),
  }))
}

/** What a decision knows of the wallet that pays; none where the books themselves do. */
export function walletFacts(state: wallet.Wallet): DecisionFacts['wallet'] {
  if (state.status === 'none') return null
  const { walletId, ownerId, address, status } = state
  return { walletId, ownerId, address, status }
}

function counterFacts(name: CounterName, counter: Counter): CounterFacts {
  return { ...name, reserved: String(counter.reserved), spent: String(counter.spent) }
}

/** What a decision knows of a party; `null` if nobody is registered so. */
export function partyFacts(state: Principal | undefined): DecisionFacts['payee'] {
  if (state === undefined || state.status === 'none') return null
  const { principalId, kind, lifecycle } = state
  return { principalId, kind, lifecycle }
}

function ensureParty(state: Principal | undefined): DecisionFacts['agent'] {
  const facts = partyFacts(state)
  if (facts === null) throw new Error('an agent that declared is registered')
  return facts
}

function lifecycleOf(state: Principal | undefined): Lifecycle {
  return state?.status === 'registered' ? state.lifecycle : 'archived'
}

/** Whether the whole chain is usable: none revoked or outside its time, all grantors active. */
export function chainUsable(
  chain: GrantChain,
  grants: readonly Stored<grant.Grant>[],
  parties: ReadonlyMap<string, Principal>,
  at: string,
): boolean {
  return chain.every(({ document }, i) => {
    const inTime = document.notBefore <= at && at <= document.expiresAt
    const active = grants[i]?.state.status === 'active'
    return inTime && active && lifecycleOf(parties.get(document.grantorId)) === 'active'
  })
}
