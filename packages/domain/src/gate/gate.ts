/**
 * A gate: one paid or high-risk action, from intent to settlement.
 *
 * declared → waiting, denied, authorized · waiting → authorized, denied, expired · authorized →
 * executing, voided, expired · executing → executed · executed → settled, review · review →
 * settled.
 * Rules: spec/gate.md, docs/concepts/gates.md. Vectors: spec/vectors/gate/.
 *
 * @module
 */
import {
  type Authorization,
  addMs,
  type ExecutionIntent,
  err,
  formatInstant,
  type Hash,
  type Id,
  type Instant,
  instantOf,
  ok,
  type PolicyDecision,
  type ProblemCode,
  type ProviderResponse,
  type Quote,
  type Result,
  type SettlementDecisionRecord,
  type SettlementReceipt,
  unreachable,
} from '@surety/protocol'
import type { CounterKey } from '../policy/counters.ts'
import { bindingMismatch, type Presented } from './binding.ts'
import type { GateEvent } from './events.ts'
import { decideHeldBack, type HoldbackCommand } from './holdback.ts'
import { decidePaid, type PaidCommand } from './paid.ts'
import {
  ensureAuthorization,
  ensureConclusion,
  ensureDecision,
  ensureHeldBack,
  ensureResolution,
  isStatementOf,
  OUTCOME_OF_VERDICT,
} from './soundness.ts'
import type { Gate, Resolution, TransferRecord } from './state.ts'
import { ensureTaken, takenParts } from './taken.ts'

export type GateCommand =
  | {
      readonly type: 'declare'
      readonly gateId: Id<'gat'>
      readonly intent: ExecutionIntent
      readonly intentHash: Hash
      readonly kid: string | null
      readonly at: Instant
      readonly quote?: Quote
      readonly walletId?: Id<'wlt'>
    }
  | PaidCommand
  | HoldbackCommand
  | {
      readonly type: 'record'
      readonly decision: PolicyDecision
      readonly decisionHash: Hash
      readonly kid: string
      /** Present exactly if the decision allows. */
      readonly authorized: {
        readonly authorization: Authorization
        readonly authorizationHash: Hash
        readonly kid: string
        readonly claims: readonly CounterKey[]
        readonly transfer: TransferRecord
      } | null
      /** What a person answered, where the gate waited: the hash of the decision that asked. */
      readonly answers?: Hash | undefined
    }
  | {
      readonly type: 'execute'
      readonly authorizationHash: Hash
      readonly presented: Presented
      readonly executorId: Id<'prn'>
      readonly at: Instant
      /** Surety pays over the gate's own rail, in this very commit. */
      readonly pays?: true
      /** The profile it was authorized under. */
      readonly terms: { readonly strictBinding: boolean; readonly evidenceWithinMs: number }
      /** As it is now. */
      readonly now: {
        readonly policyHash: Hash
        readonly grantsUsable: boolean
        readonly partiesActive: boolean
        /** By an emergency control. */
        readonly stopped: boolean
      }
    }
  | {
      readonly type: 'accept'
      readonly statement: ProviderResponse
      readonly evidenceHash: Hash
      readonly submittedBy: Id<'prn'>
      readonly at: Instant
    }
  | { readonly type: 'timeOut'; readonly at: Instant }
  | {
      readonly type: 'settle'
      readonly record: SettlementDecisionRecord
      readonly receipt: SettlementReceipt
      readonly receiptHash: Hash
      readonly kid: string
      readonly transfer: TransferRecord | null
      /** What the rail left of the hold. */
      readonly remainder?: TransferRecord | undefined
    }
  | ({ readonly type: 'resolve' } & Resolution)
  | {
      readonly type: 'end'
      readonly as: 'voided' | 'expired'
      readonly receipt: SettlementReceipt
      readonly receiptHash: Hash
      readonly kid: string
      readonly transfer: TransferRecord | null
      readonly at: Instant
    }

export type GateRefusal = Extract<
  ProblemCode,
  | 'intent_already_declared'
  | 'intent_expired'
  | 'intent_lifetime_invalid'
  | 'gate_not_found'
  | 'gate_not_declared'
  | 'gate_not_authorized'
  | 'gate_not_executing'
  | 'gate_settled'
  | 'gate_paid_by_rail'
  | 'gate_not_in_review'
  | 'authorization_consumed'
  | 'authorization_expired'
  | 'authorization_mismatch'
  | `binding_${string}`
  | `holdback_${string}`
  | 'commit_policy_changed'
  | 'commit_grant_not_usable'
  | 'commit_control_active'
  | 'principal_not_active'
  | 'evidence_not_authentic'
  | 'evidence_from_the_future'
>

/** How long an intent may live, and how far the clocks of two parties may differ. */
export const INTENT_LIFETIME_MAX_MS = 86_400_000
export const CLOCK_SKEW_MAX_MS = 60_000

export const initial: Gate = { status: 'none' }

export function decide(
  gate: Gate,
  command: GateCommand,
): Result<readonly GateEvent[], GateRefusal> {
  if (command.type === 'declare') return declare(gate, command)
  if (gate.status === 'none') return err('gate_not_found')
  switch (command.type) {
    case 'record':
      return record(gate, command)
    case 'execute':
      return execute(gate, command)
    case 'accept':
      return accept(gate, command)
    case 'timeOut':
      // INVARIANT(unknown): the clock ends nothing that was presented to a rail.
      if (
        gate.status !== 'executing' ||
        gate.quote !== undefined ||
        command.at <= instantOf(gate.evidenceBy)
      ) {
        return err('gate_not_executing')
      }
      return ok([{ type: 'evidenceTimedOut', evidenceBy: gate.evidenceBy }])
    case 'settle':
      return settle(gate, command)
    case 'resolve':
      return resolve(gate, command)
    case 'end':
      return end(gate, command)
    case 'pay':
    case 'claim':
    case 'disprove':
    case 'reverse':
      return decidePaid(gate, command)
    case 'contest':
    case 'releaseHeld':
      return decideHeldBack(gate, command)
    default:
      return unreachable(command)
  }
}

type Command<Type extends GateCommand['type']> = Extract<GateCommand, { type: Type }>
type Events = Result<readonly GateEvent[], GateRefusal>

function declare(gate: Gate, command: Command<'declare'>): Events {
  if (gate.status !== 'none') return err('intent_already_declared')
  const { gateId, intent, intentHash, kid, at, quote, walletId } = command
  const issued = instantOf(intent.issuedAt)
  const expires = instantOf(intent.expiresAt)
  if (expires <= issued || expires - issued > INTENT_LIFETIME_MAX_MS) {
    return err('intent_lifetime_invalid')
  }
  if (expires < at) return err('intent_expired')
  const declared = { type: 'gateDeclared', gateId, intent, intentHash, kid } as const
  if (quote === undefined || walletId === undefined) return ok([declared])
  return ok([{ ...declared, quote, walletId }])
}

function record(gate: Gate, command: Command<'record'>): Events {
  // INVARIANT(approval): a waiting gate is decided again when its approval is answered; nothing
  // else reopens one.
  const isAsked = gate.status === 'declared' && command.answers === undefined
  const isAnswered = gate.status === 'waiting' && command.answers === gate.decisionHash
  if (!isAsked && !isAnswered) return err('gate_not_declared')
  if (gate.status !== 'declared' && gate.status !== 'waiting') return err('gate_not_declared')
  const { decision, decisionHash, kid, authorized } = command
  const recorded: GateEvent = { type: 'decisionRecorded', decision, decisionHash, kid }
  // INVARIANT(decision-first): money is held if and only if the decision allows.
  if ((decision.decision === 'allow') !== (authorized !== null)) {
    throw new Error('an authorization and an allowing decision come together')
  }
  ensureDecision(gate, decision)
  if (authorized === null) return ok([recorded])
  ensureAuthorization(gate, decision, { ...authorized, decisionHash })
  return ok([recorded, { type: 'gateAuthorized', ...authorized }])
}

function execute(gate: Gate, command: Command<'execute'>): Events {
  // INVARIANT(once): one authorization is consumed once, by the event below.
  if ('executingAt' in gate) return err('authorization_consumed')
  if (gate.status === 'expired' && gate.authorization !== null) return err('authorization_expired')
  if (gate.status !== 'authorized') return err('gate_not_authorized')
  // INVARIANT(one-truth): what its own rail pays is never settled by a payee's word.
  if ((gate.quote !== undefined) !== (command.pays === true)) return err('gate_paid_by_rail')
  const { authorization, intent } = gate
  const { presented, terms, now, at, executorId } = command
  if (command.authorizationHash !== gate.authorizationHash) return err('authorization_mismatch')
  if (at > instantOf(authorization.notAfter)) return err('authorization_expired')
  const { requestFingerprint } = intent
  const mismatch = bindingMismatch(
    authorization,
    requestFingerprint,
    presented,
    terms.strictBinding,
  )
  if (mismatch !== undefined) return err(mismatch)
  // INVARIANT(control): what may have changed since is checked where it takes effect.
  if (now.policyHash !== authorization.policyHash) return err('commit_policy_changed')
  if (!now.grantsUsable) return err('commit_grant_not_usable')
  if (!now.partiesActive) return err('principal_not_active')
  if (now.stopped) return err('commit_control_active')
  const evidenceBy = formatInstant(addMs(at, terms.evidenceWithinMs))
  return ok([{ type: 'executionStarted', executorId, evidenceBy }])
}

function accept(gate: Gate, command: Command<'accept'>): Events {
  if (gate.status !== 'executing' || gate.quote !== undefined) {
    const isOver = 'executingAt' in gate && gate.status !== 'executing'
    return err(isOver ? 'gate_settled' : 'gate_not_executing')
  }
  const { statement, evidenceHash, submittedBy, at } = command
  if (!isStatementOf(gate, statement)) return err('evidence_not_authentic')
  const started = instantOf(statement.startedAt)
  const completed = instantOf(statement.completedAt)
  const earliest = instantOf(gate.executingAt) - CLOCK_SKEW_MAX_MS
  if (started > completed || started < earliest || completed > at + CLOCK_SKEW_MAX_MS) {
    return err('evidence_from_the_future')
  }
  return ok([{ type: 'evidenceAccepted', evidenceHash, statement, submittedBy }])
}

function settle(gate: Gate, command: Command<'settle'>): Events {
  if (gate.status !== 'executed') return err('gate_not_executing')
  const { record: settlementDecision, receipt, receiptHash, kid, transfer, remainder } = command
  const { verdict } = settlementDecision
  const ends = verdict !== 'review'
  if (settlementDecision.decisionHash !== gate.decisionHash) {
    throw new Error('a verdict on another decision')
  }
  if ((verdict === 'capture') !== (gate.quote !== undefined)) {
    throw new Error('what a rail has taken is captured, and nothing else is')
  }
  const isDivided = verdict === 'capture' && takenParts(gate).refunded !== '0'
  if (isDivided !== (remainder !== undefined))
    throw new Error('what is left goes back, and is said')
  const isHeldBack = verdict === 'release' && receipt.heldUntil !== undefined
  if (isDivided) ensureTaken(gate, command)
  else if (isHeldBack) ensureHeldBack(gate, receipt, transfer)
  else ensureConclusion(gate, OUTCOME_OF_VERDICT[verdict], receipt, transfer)
  const concluded = { receipt, receiptHash, kid, transfer }
  const rest = remainder === undefined ? {} : { remainder }
  return ok([
    { type: 'settlementDecided', record: settlementDecision, kid },
    { type: ends ? 'gateSettled' : 'gateHeldForReview', ...concluded, ...rest },
  ])
}

/**
 * INVARIANT(approval): what is in review ends by a person's answer, and by nothing else; so does
 * what was held back and contested.
 */
function resolve(gate: Gate, command: Command<'resolve'>): Events {
  const isContested = gate.status === 'settled' && gate.holdback?.contest !== undefined
  if (gate.status !== 'review' && !isContested) return err('gate_not_in_review')
  const { type: _, ...resolution } = command
  ensureResolution(gate, resolution)
  return ok([{ type: 'gateResolved', ...resolution }])
}

function end(gate: Gate, command: Command<'end'>): Events {
  const { as, receipt, receiptHash, kid, transfer, at } = command
  const pending = gate.status === 'authorized' || (gate.status === 'waiting' && as === 'expired')
  // INVARIANT(partition): by the clock a hold ends only while nothing has been presented.
  if (!pending) return err('gate_not_authorized')
  const deadline =
    gate.status === 'authorized' ? gate.authorization.notAfter : gate.decision.validUntil
  if (as === 'expired' && at <= instantOf(deadline)) return err('gate_not_authorized')
  ensureConclusion(gate, as, receipt, transfer)
  return ok([
    { type: as === 'voided' ? 'gateVoided' : 'gateExpired', receipt, receiptHash, kid, transfer },
  ])
}
