/**
 * One step of the demo: what is tried, what must come out, and how it is told.
 *
 * @module
 */
import { verifySigned } from '@surety/protocol'
import type { Gate } from '@surety/sdk'
import { ProblemError } from '@surety/sdk'
import { lookupIn } from './cast.ts'
import type { Stage } from './stage.ts'

export const STEP_IDS = [
  'default_deny',
  'profile_applied',
  'grant_attenuated',
  'ledger_purchase_released',
  'bad_evidence_refunded',
  'unauthentic_evidence_ignored',
  'over_limit_denied',
  'challenge_waits',
  'mutation_refused',
  'replay_refused',
  'budget_race_no_overspend',
  'approval_granted_paid',
  'approval_denied',
  'self_approval_refused',
  'approval_single_use',
  'quorum_two_of_three',
  'shadow_mode_reports',
  'replay_money_impact',
  'x402_purchase_captured',
  'x402_over_cap_denied',
  'x402_lost_answer_unknown',
  'x402_unknown_resolved_paid_once',
  'x402_hostile_offer_refused',
  'ssrf_refused',
  'chain_equals_books',
  'kill_switch_dual_control',
  'kill_switch_stops',
  'resume_pays',
  'bundle_verified',
  'tamper_detected',
  'books_balance',
] as const
export type StepId = (typeof STEP_IDS)[number]

/** What a step came to, as the summary states it. */
export interface StepFacts {
  readonly outcome: string
  readonly reasonCode?: string
  readonly gateId?: string
  readonly decisionId?: string
  readonly amount?: string
  readonly asset?: string
}

export interface Told extends StepFacts {
  /** A few sentences for a person. */
  readonly story: readonly string[]
}

export interface Step {
  readonly id: StepId
  readonly title: string
  readonly play: (stage: Stage, expect: Expect) => Promise<Told>
}

/** Notes what did not come out as it must. */
export type Expect = (holds: boolean, what: string) => void

/** What a summary says about a gate. */
export function factsOf(gate: Gate): Omit<StepFacts, 'outcome'> {
  const { gateId, decision, intent } = gate
  return {
    gateId,
    amount: intent.amount,
    asset: intent.asset,
    ...(decision === null
      ? {}
      : { reasonCode: decision.reasonCode, decisionId: decision.decisionId }),
  }
}

/** The code a call is refused with; `undefined` if it is not refused. */
export async function refusalOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
    return undefined
  } catch (fault) {
    if (fault instanceof ProblemError) return fault.code
    throw fault
  }
}

/** Whether the receipt of a decision verifies with the public keys, and is the gate's own. */
export function decisionVerifies(stage: Stage, gate: Gate): boolean {
  const receipt = gate.receipts?.find(({ type }) => type === 'PolicyDecision.v1')
  if (receipt === undefined || gate.decision === null) return false
  const types = ['PolicyDecision.v1'] as const
  const verified = verifySigned(types, receipt.jws, lookupIn(stage.jwks), stage.crypto)
  if (!verified.ok) return false
  const { decisionId, gateId, decision } = verified.value.object
  return (
    decisionId === gate.decision.decisionId &&
    gateId === gate.gateId &&
    decision === gate.decision.decision &&
    verified.value.hash === gate.decision.decisionHash
  )
}
