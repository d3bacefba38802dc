/** Decides on a declared gate; an allowing decision holds the money. Rules: domain/policy. */
import { gate, ledger, policy, receipt } from '@surety/domain'
import {
  AMOUNT_MAX,
  canonicalize,
  type DecisionFacts,
  err,
  type Hash,
  hashOf,
  type Id,
  ok,
  type PolicyDecision,
} from '@surety/protocol'
import type {
  CounterName,
  Facts,
  Idempotency,
  Meter,
  Outcome,
  Scope,
  Stamp,
  UseCase,
} from '../../ports.ts'
import { type GrantChain, grantChain } from '../grant/chain.ts'
import { keyHolds } from '../principal/party-signature.ts'
import { currentProfiles } from '../profile/current-profile.ts'
import {
  type Answer,
  type App,
  activeProfileKey,
  type Call,
  type Caller,
  gateKey,
  gateStream,
  grantKey,
  principalKey,
  walletKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { type Counting, countingOf, rateClaims, rateNames } from './counting.ts'
import { countersOf, decisionFacts, partiesOf } from './facts.ts'
import { claimsFor, eventTransfer, noticeOf } from './money.ts'
import { deadlineOf, evolveAll } from './view.ts'

interface Authorizing extends Deciding {
  readonly gateId: Id<'gat'>
}

/** What a decision on an intent needs, whoever asks for it. */
export interface Deciding {
  readonly intent: DecisionFacts['intent']
  readonly intentKid: string | null
  readonly quote: DecisionFacts['quote']
  readonly walletId: Id<'wlt'> | null
  readonly chain: GrantChain
  readonly profile: policy.CompiledProfile
  /** Runs in shadow: what it would have decided is recorded, and changes nothing. */
  readonly watching: policy.CompiledProfile | undefined
  readonly meter: Pick<Meter, 'evaluation'>
  readonly denyAllHash: Hash
  readonly counterNames: readonly CounterName[]
  readonly counting: Counting
}
type Declared = Extract<gate.Gate, { status: 'declared' }>
type Decided = Extract<gate.Gate, { status: 'denied' | 'waiting' | 'authorized' }>
type Reads = ReturnType<typeof reads>

/** The facts of a decision, by key. */
export function decisionReads(input: Deciding) {
  const { intent, chain, counterNames, counting } = input
  const payerId = chain[0]?.document.payerId ?? intent.agentId
  const { asset } = intent
  return {
    activeProfile: activeProfileKey,
    parties: partiesOf(intent, chain).map((id) => principalKey(id)),
    grants: chain.map(({ grantHash }) => grantKey(grantHash)),
    counters: counterNames.map((counter) => ({ of: 'counter', counter }) as const),
    watched: counting.watched.map((counter) => ({ of: 'counter', counter }) as const),
    quarters: rateNames(counting).map((counter) => ({ of: 'counter', counter }) as const),
    funds: { of: 'account', account: `principal:${payerId}`, asset } as const,
    wallet: walletKey(input.walletId ?? ''),
  }
}
type DecisionReads = Facts<ReturnType<typeof decisionReads>>

function reads(input: Authorizing) {
  return { gate: gateKey(input.gateId), ...decisionReads(input) }
}

const useCase: UseCase<Authorizing, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const before = read.gate.state
    if (before.status !== 'declared') return { type: 'refuse', code: 'gate_not_declared' }
    const early = refusalBefore(read, input, stamp)
    if (early !== undefined) return early
    return decideOn(before, read, input, stamp)
  },
}

/** What keeps a decision from being made at all: it is prepared again, or refused. */
export function refusalBefore(
  read: DecisionReads,
  input: Deciding,
  stamp: Stamp,
): Exclude<Outcome<Answer>, { type: 'write' }> | undefined {
  const ruling = read.activeProfile.state?.policyHash ?? input.denyAllHash
  // INVARIANT(control): the decision is made under the profile that rules at its own commit.
  const shadow = read.activeProfile.state?.shadow ?? undefined
  const isRuling = ruling === input.profile.policyHash && shadow === input.watching?.policyHash
  if (!isRuling || !isSameTime(input, stamp)) return { type: 'stale' }
  // A count that could not be kept exactly is not begun: afterwards nothing may stop the money.
  const full = read.counters.some(
    ({ reserved, spent }) => reserved + spent + BigInt(input.intent.amount) > AMOUNT_MAX,
  )
  if (full) return { type: 'refuse', code: 'amount_overflow', detail: 'a budget counter is full' }
  const { intentKid } = input
  if (intentKid === null) return undefined
  if (keyHolds(read.parties[0]?.state ?? { status: 'none' }, intentKid, stamp.atText)) {
    return undefined
  }
  return { type: 'refuse', code: 'signing_key_not_valid', detail: intentKid }
}

/** Every profile that is asked: the one that rules, and the one that watches beside it. */
function profilesOf({ profile, watching }: Pick<Deciding, 'profile' | 'watching'>) {
  return watching === undefined ? [profile] : [profile, watching]
}

/** Whether the periods that were prepared are those of the commit. */
function isSameTime(input: Deciding, stamp: Stamp) {
  const { intent, chain, counterNames, counting } = input
  const payerId = chain[0]?.document.payerId
  const now = countingOf(profilesOf(input), intent, payerId, stamp.at)
  return (
    countersOf(intent, chain, stamp.at).every(
      (counter, i) => counter.start === counterNames[i]?.start,
    ) &&
    now.watched.every((counter, i) => counter.start === counting.watched[i]?.start) &&
    now.rates.reads.every((rate, i) => rate.starts[0] === counting.rates.reads[i]?.starts[0]) &&
    now.rates.claims.every((rate, i) => rate.start === counting.rates.claims[i]?.start)
  )
}

function decideOn(
  before: Declared,
  read: Facts<Reads>,
  input: Authorizing,
  stamp: Stamp,
): Outcome<Answer> {
  const writing = new Writing(stamp)
  const { facts, state } = decideInto(writing, before, { read, input, stamp })
  const stream = gateStream(before.gateId)
  writing.append({ family: 'gate', id: before.gateId, stream, before: read.gate }, facts, state)
  writing.deadline(before.gateId, null, deadlineOf(state))
  if (state.status === 'denied' || state.status === 'waiting') {
    writing.notify(`gate.${state.status}`, noticeOf(state, stamp))
  }
  return writing.answer(null, stream)
}

/** Decides on a declared gate: the facts of it, what they do to money, and the state after. */
export function decideInto(
  writing: Writing,
  before: Declared,
  given: { readonly read: DecisionReads; readonly input: Deciding; readonly stamp: Stamp },
): { readonly facts: readonly gate.GateEvent[]; readonly state: Decided } {
  const { read, input, stamp } = given
  const parties = new Map(
    partiesOf(input.intent, input.chain).map((id, i) => [id, read.parties[i]?.state] as const),
  )
  const gathered = { ...input, ...read, gateId: before.gateId, parties: parties as never }
  const facts = decisionFacts(gathered, stamp)
  const factsText = canonicalize(facts)
  const inputHash = stamp.crypto.sha256(factsText)
  const place = {
    decisionId: stamp.mint('dec'),
    seq: 1,
    previousDecisionHash: null,
    intentHash: before.intentHash,
    inputHash,
  }
  const decision = input.meter.evaluation(() =>
    policy.decisionOf(facts, input.profile, place, input.watching),
  )
  const decisionHash = hashOf(decision, stamp.crypto)
  writing.document(before.gateId, `facts-${inputHash}.json`, factsText)
  const held =
    decision.decision === 'allow' ? hold({ facts, decision, decisionHash }, input, stamp) : null
  if (held !== null) {
    writing
      .transfer(held.posting)
      .count(claimsFor(input.counterNames, facts.intent.amount, 'reserve'))
      .count(rateClaims(input.counting))
  }
  const kid = stamp.kids.decision
  const recorded = gate.decide(before, {
    type: 'record',
    decision,
    decisionHash,
    kid,
    authorized: held?.authorized ?? null,
  })
  if (!recorded.ok) throw new Error(`a declared gate refuses its decision: ${recorded.refusal}`)
  const state = evolveAll(before, recorded.value, stamp.at)
  if (state.status !== 'denied' && state.status !== 'waiting' && state.status !== 'authorized') {
    throw new Error(`decided, and ${state.status}`)
  }
  return { facts: recorded.value, state }
}

/** What an allowing decision yields: the permission, and money set aside for this gate alone. */
function hold(
  decided: {
    readonly facts: DecisionFacts
    readonly decision: PolicyDecision
    readonly decisionHash: Hash
  },
  { chain, counterNames }: Deciding,
  stamp: Stamp,
) {
  const { facts, decision, decisionHash } = decided
  const payerId = chain[0]?.document.payerId
  if (payerId === undefined) throw new Error('an allowing decision has a payer')
  const authorization = receipt.authorizationOf(facts, decision, {
    decisionHash,
    requestFingerprintHash: hashOf(facts.intent.requestFingerprint, stamp.crypto),
    authorizationId: stamp.mint('aut'),
    holdId: stamp.mint('hld'),
    payerId,
  })
  const { holdId, asset, payee } = authorization
  const held = { holdId, payerId, payee, amount: BigInt(authorization.amountMax), asset }
  const posting = ledger.holdPosting(held, stamp.mint('trf'))
  const authorized = {
    authorization,
    authorizationHash: hashOf(authorization, stamp.crypto),
    kid: stamp.kids.authorization,
    claims: counterNames,
    transfer: eventTransfer(posting),
  }
  return { authorized, posting }
}

/** Only the agent that declared a gate may have it decided. */
export function authorizeGate(
  app: App,
  caller: Caller,
  gateId: string,
  idempotency: Idempotency | null,
): Call<Authorizing, Reads> {
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const { scope } = caller
      const { state } = await app.store.reads.state(scope, 'gate', gateId)
      if (state.status === 'none') return err('gate_not_found')
      const { intent } = state
      if (intent.agentId !== caller.principalId) return err('gate_not_found')
      const { intentKid, quote = null, walletId = null } = state
      const asked = { intent, intentKid, quote, walletId }
      return ok({ gateId: state.gateId, ...(await preparedFor(app, scope, asked)) })
    },
  }
}

/**
 * What a decision needs besides the question: the profiles that rule and watch now, the chain of
 * grants, and what is to be counted.
 */
export async function preparedFor(
  app: App,
  scope: Scope,
  asked: Pick<Deciding, 'intent' | 'intentKid' | 'quote' | 'walletId'>,
): Promise<Deciding> {
  const { intent } = asked
  const chain = await grantChain(app, scope, intent.grantHash)
  const profiles = await currentProfiles(app, scope)
  const at = app.clock.now()
  const payerId = chain[0]?.document.payerId
  return {
    ...asked,
    ...profiles,
    chain,
    meter: app.meter,
    denyAllHash: app.denyAllHash,
    counterNames: countersOf(intent, chain, at),
    counting: countingOf(profilesOf(profiles), intent, payerId, at),
  }
}
