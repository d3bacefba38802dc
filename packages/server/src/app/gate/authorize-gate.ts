/**
 * Decides on a declared gate, or again on one whose wait was answered; an allowing decision holds
 * the money. Rules: domain/policy.
 *
 * @module
 */
import { gate, ledger, policy, receipt } from '@surety/domain'
import {
  type ApprovalAnswer,
  type ApprovalRecord,
  canonicalize,
  type DecisionFacts,
  err,
  type Hash,
  hashOf,
  hashOfRecord,
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
  approvalKey,
  type Call,
  type Caller,
  gateKey,
  gateStream,
  grantKey,
  principalKey,
  walletKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { openApproval } from './approval/open-approval.ts'
import { answersOf, consume, isAsked, lapsedOf } from './approval/waited-for.ts'
import { type Counting, countingOf, FULL, isFull, rateClaims, rateNames } from './counting.ts'
import { controlReads, countersOf, decisionFacts, partiesOf } from './facts.ts'
import { claimsFor, eventTransfer, noticeOf } from './money.ts'
import { deadlineOf, evolveAll } from './view.ts'

export interface Authorizing extends Deciding {
  readonly gateId: Id<'gat'>
  /** What the gate waits for, if it does. */
  readonly approvalId: Id<'apr'> | null
  /** Who answered it so far. */
  readonly answers: readonly ApprovalAnswer[]
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
type Undecided = Extract<gate.Gate, { status: 'declared' | 'waiting' }>
type Decided = Extract<gate.Gate, { status: 'denied' | 'waiting' | 'authorized' }>
export type AuthorizingReads = ReturnType<typeof authorizingReads>

/** The facts of a decision, by key. */
export function decisionReads(input: Deciding) {
  const { intent, chain, counterNames, counting } = input
  const payerId = chain[0]?.document.payerId ?? intent.agentId
  return {
    activeProfile: activeProfileKey,
    parties: partiesOf(intent, chain).map((id) => principalKey(id)),
    grants: chain.map(({ grantHash }) => grantKey(grantHash)),
    counters: counterNames.map((counter) => ({ of: 'counter', counter }) as const),
    watched: counting.watched.map((counter) => ({ of: 'counter', counter }) as const),
    quarters: rateNames(counting).map((counter) => ({ of: 'counter', counter }) as const),
    funds: { of: 'account', account: `principal:${payerId}`, asset: intent.asset } as const,
    wallet: walletKey(input.walletId ?? ''),
    ...controlReads(intent, input.profile.policyHash, chain),
  }
}
type DecisionReads = Facts<ReturnType<typeof decisionReads>>

export function authorizingReads(input: Authorizing) {
  const { gateId, approvalId, answers } = input
  const approvals = approvalId === null ? [] : [approvalKey(approvalId)]
  const answerers = answers.map(({ operatorId }) => principalKey(operatorId))
  return { gate: gateKey(gateId), approvals, answerers, ...decisionReads(input) }
}

const useCase: UseCase<Authorizing, AuthorizingReads, Answer> = {
  reads: authorizingReads,
  decide: (read, input, stamp) => {
    const before = read.gate.state
    const [asked] = read.approvals
    if (before.status !== 'declared' && before.status !== 'waiting') {
      const isTooLate = before.status === 'expired' && before.authorization === null
      return { type: 'refuse', code: isTooLate ? 'approval_expired' : 'gate_not_declared' }
    }
    if (before.status === 'waiting') {
      if (asked?.state.status === 'pending') {
        return { type: 'refuse', code: 'approval_pending', detail: asked.state.approvalId }
      }
      if (!isAsked(before, asked)) return { type: 'stale' }
    }
    const early = refusalBefore(read, input, stamp)
    if (early !== undefined) return early
    const writing = new Writing(stamp)
    const record = asked?.state.status === 'approved' ? asked.state.record : undefined
    if (record !== undefined && record.answers.length !== input.answers.length) {
      return { type: 'stale' }
    }
    // INVARIANT(approval): a yes of somebody who may not answer any more is asked for again.
    const isGood = record !== undefined && lapsedOf(read, input, stamp).length === 0
    const records = isGood ? [record] : []
    const decided = decideOn({ before, read, input, records }, writing, stamp)
    if (decided.isFull) return FULL
    if (before.status === 'waiting' && asked !== undefined) {
      const used = consume(writing, asked, decided.decisionHash, stamp)
      if (!used.ok) return { type: 'refuse', code: used.refusal }
    }
    return writing.answer(null, gateStream(before.gateId))
  },
}

/** What keeps a decision from being made at all: it is prepared again, or refused. */
export function refusalBefore(
  read: DecisionReads,
  input: Deciding,
  stamp: Stamp,
): Exclude<Outcome<Answer>, { type: 'write' }> | undefined {
  if (isStale(read, input, stamp)) return { type: 'stale' }
  const { intentKid } = input
  if (intentKid === null) return undefined
  if (keyHolds(read.parties[0]?.state ?? { status: 'none' }, intentKid, stamp.atText)) {
    return undefined
  }
  return { type: 'refuse', code: 'signing_key_not_valid', detail: intentKid }
}

/** INVARIANT(control): the decision is made under the profile that rules at its own commit. */
export function isStale(read: DecisionReads, input: Deciding, stamp: Stamp): boolean {
  const ruling = read.activeProfile.state?.policyHash ?? input.denyAllHash
  const shadow = read.activeProfile.state?.shadow ?? undefined
  const isRuling = ruling === input.profile.policyHash && shadow === input.watching?.policyHash
  return !isRuling || !isSameTime(input, stamp)
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

/** Decides and writes the gate's new state. What is full must not be committed. */
export function decideOn(
  deciding: {
    readonly before: Undecided
    readonly read: Facts<AuthorizingReads>
    readonly input: Authorizing
    /** What a person answered to the decision before. */
    readonly records: readonly ApprovalRecord[]
  },
  writing: Writing,
  stamp: Stamp,
): { readonly decisionHash: Hash; readonly isFull: boolean } {
  const { before, read, input, records } = deciding
  const { facts, state } = decideInto(writing, before, { read, input, stamp, records })
  const stream = gateStream(before.gateId)
  writing.append({ family: 'gate', id: before.gateId, stream, before: read.gate }, facts, state)
  writing.deadline(before.gateId, deadlineOf(before), deadlineOf(state))
  if (state.status === 'denied' || state.status === 'waiting') {
    writing.notify(`gate.${state.status}`, noticeOf(state, stamp))
  }
  return { decisionHash: state.decisionHash, isFull: isFull(read, input, state.status) }
}

/** Decides on a gate: its facts, what they do to money, whom they ask, and the state after. */
export function decideInto(
  writing: Writing,
  before: Undecided,
  given: {
    readonly read: DecisionReads
    readonly input: Deciding
    readonly stamp: Stamp
    /** What a person answered to the decision before. */
    readonly records?: readonly ApprovalRecord[]
  },
): { readonly facts: readonly gate.GateEvent[]; readonly state: Decided } {
  const { read, input, stamp, records = [] } = given
  const parties = new Map(
    partiesOf(input.intent, input.chain).map((id, i) => [id, read.parties[i]?.state] as const),
  )
  const { gateId } = before
  const gathered = { ...input, ...read, gateId, records, parties: parties as never }
  const facts = decisionFacts(gathered, stamp)
  const factsText = canonicalize(facts)
  const inputHash = stamp.crypto.sha256(factsText)
  const earlier = before.status === 'waiting' ? before : undefined
  const place = {
    decisionId: stamp.mint('dec'),
    seq: (earlier?.decision.seq ?? 0) + 1,
    previousDecisionHash: earlier?.decisionHash ?? null,
    intentHash: before.intentHash,
    inputHash,
  }
  const decision = input.meter.evaluation(() =>
    policy.decisionOf(facts, input.profile, place, input.watching),
  )
  const decisionHash = hashOfRecord(decision, stamp.crypto)
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
    answers: earlier?.decisionHash,
  })
  if (!recorded.ok) throw new Error(`an undecided gate refuses its decision: ${recorded.refusal}`)
  const state = evolveAll(before, recorded.value, stamp.at)
  if (state.status !== 'denied' && state.status !== 'waiting' && state.status !== 'authorized') {
    throw new Error(`decided, and ${state.status}`)
  }
  if (state.status === 'waiting') {
    const payerId = facts.payer?.principalId ?? null
    openApproval(writing, { state, profile: input.profile.profile, payerId }, stamp)
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
    authorizationHash: hashOfRecord(authorization, stamp.crypto),
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
): Call<Authorizing, AuthorizingReads> {
  return {
    useCase,
    idempotency,
    phase: () => phaseOf(app, caller, gateId),
    prepare: async () => {
      const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
      if (state.status === 'none') return err('gate_not_found')
      if (state.intent.agentId !== caller.principalId) return err('gate_not_found')
      return ok(await prepareDecision(app, caller, state))
    },
  }
}

/** Each decision of a gate is a part of its own; so is the end of a wait that nobody answered. */
async function phaseOf(app: App, { scope }: Caller, gateId: string): Promise<string> {
  const { reads } = app.store
  const { state } = await reads.state(scope, 'gate', gateId)
  if (!('decision' in state)) return ''
  const { seq } = state.decision
  if (state.status === 'expired' && state.authorization === null) return 'ended'
  if (state.status !== 'waiting') return seq === 1 ? '' : String(seq)
  const approvalId = await reads.unique(scope, 'approval', state.decisionHash)
  const asked = await reads.state(scope, 'approval', approvalId ?? '')
  const isAnswered = asked.state.status !== 'none' && asked.state.status !== 'pending'
  const part = isAnswered ? seq + 1 : seq
  return part === 1 ? '' : String(part)
}

/** Fetches what a decision on a gate needs besides what the transaction reads. */
export async function prepareDecision(
  app: App,
  { scope }: Caller,
  state: Exclude<gate.Gate, { status: 'none' }>,
): Promise<Authorizing> {
  const { gateId, intent, intentKid, quote = null, walletId = null } = state
  const asked = { intent, intentKid, quote, walletId }
  const approvalId =
    state.status === 'waiting'
      ? await app.store.reads.unique(scope, 'approval', state.decisionHash)
      : undefined
  const found =
    approvalId === undefined
      ? undefined
      : await app.store.reads.state(scope, 'approval', approvalId)
  return {
    gateId,
    approvalId: (approvalId as Id<'apr'> | undefined) ?? null,
    answers: answersOf(found?.state),
    ...(await preparedFor(app, scope, asked)),
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
