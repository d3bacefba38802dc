/**
 * From what failed to what is decided: the outcome, its reasons in order, and what it obliges to.
 *
 * @module
 */
import {
  type DecisionFacts,
  type DecisionOutcome,
  type Obligation,
  REASON_CODES,
  REASON_ORDER,
  type ReasonCode,
  VERIFIER_NAME,
} from '@surety/protocol'
import { afterApprovals, approvalObligations } from './lift.ts'
import type { CompiledProfile } from './profile/compile.ts'
import { outcomeUnder } from './profile/modes.ts'
import type { Finding } from './rules/rule.ts'

export interface Evaluation {
  readonly decision: DecisionOutcome
  readonly reasonCode: ReasonCode
  readonly reasonCodes: readonly ReasonCode[]
  readonly obligations: readonly Obligation[]
  /** Every failure with the rule it is of, in the order in which the rules are checked. */
  readonly findings: readonly Finding[]
  /** What it would have been if the rules that only watch were enforced, where that differs. */
  readonly shadow?: Pick<Evaluation, 'decision' | 'reasonCodes'>
}

const RANK: ReadonlyMap<ReasonCode, number> = new Map(
  REASON_ORDER.map((code, rank) => [code, rank]),
)
const SEVERITY: Readonly<Record<DecisionOutcome, number>> = {
  allow: 0,
  challenge: 1,
  escalate: 2,
  deny: 3,
}

/** The gravest outcome of all that failed counts. */
export function conclude(
  findings: readonly Finding[],
  profile: CompiledProfile,
  facts: DecisionFacts,
): Evaluation {
  const noted = findings.map((finding) => ({
    ...finding,
    outcome: outcomeUnder(finding.code, profile.profile, facts),
  }))
  const watching = noted.filter(({ outcome }) => outcome === 'allow')
  const counted = afterApprovals(
    noted.filter(({ outcome }) => outcome !== 'allow'),
    facts,
  )
  const decided = outcomeOf(counted)
  const { decision, reasonCodes } = decided
  const obligations =
    decision === 'allow'
      ? settlementObligations(profile)
      : decision === 'deny'
        ? []
        : approvalObligations(counted)
  const evaluation = { ...decided, reasonCode: reasonCodes[0] ?? 'allowed', obligations, findings }
  if (watching.length === 0) return evaluation
  const watched = watching.map(({ code }) => ({ code, outcome: REASON_CODES[code].outcome }))
  return { ...evaluation, shadow: outcomeOf([...counted, ...watched]) }
}

interface Counted {
  readonly code: ReasonCode
  readonly outcome: DecisionOutcome
}

function outcomeOf(counted: readonly Counted[]): Pick<Evaluation, 'decision' | 'reasonCodes'> {
  let decision: DecisionOutcome = 'allow'
  for (const { outcome } of counted) {
    if (SEVERITY[outcome] > SEVERITY[decision]) decision = outcome
  }
  if (decision === 'allow') return { decision, reasonCodes: ['allowed'] }
  const codes = new Set(counted.map(({ code }) => code))
  return {
    decision,
    reasonCodes: [...codes].sort((a, b) => (RANK.get(a) ?? 0) - (RANK.get(b) ?? 0)),
  }
}

function settlementObligations(profile: CompiledProfile): readonly Obligation[] {
  const { mode } = profile.profile.settlement
  const evidence: Obligation = { type: 'evidence_required', verifier: VERIFIER_NAME }
  return mode === 'manual' ? [evidence, { type: 'hold_settlement' }] : [evidence]
}
