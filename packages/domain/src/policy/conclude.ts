/**
 * From what failed to what is decided: the outcome, its reasons in order, and what it obliges to.
 *
 * @module
 */
import {
  type DecisionOutcome,
  type Obligation,
  REASON_CODES,
  REASON_ORDER,
  type ReasonCode,
  VERIFIER_NAME,
} from '@surety/protocol'
import type { CompiledProfile } from './compile.ts'
import type { Finding } from './rules/rule.ts'

export interface Evaluation {
  readonly decision: DecisionOutcome
  readonly reasonCode: ReasonCode
  readonly reasonCodes: readonly ReasonCode[]
  readonly obligations: readonly Obligation[]
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
export function conclude(findings: readonly Finding[], profile: CompiledProfile): Evaluation {
  const codes = [...new Set(findings.map(({ code }) => code))].sort(
    (a, b) => (RANK.get(a) ?? 0) - (RANK.get(b) ?? 0),
  )
  const [primary] = codes
  if (primary === undefined) {
    const obligations = settlementObligations(profile)
    return { decision: 'allow', reasonCode: 'allowed', reasonCodes: ['allowed'], obligations }
  }
  let decision: DecisionOutcome = 'challenge'
  for (const code of codes) {
    const { outcome } = REASON_CODES[code]
    if (SEVERITY[outcome] > SEVERITY[decision]) decision = outcome
  }
  const obligations = decision === 'deny' ? [] : approvalObligations(findings)
  return { decision, reasonCode: primary, reasonCodes: codes, obligations }
}

function settlementObligations(profile: CompiledProfile): readonly Obligation[] {
  const { mode } = profile.profile.settlement
  const evidence: Obligation = { type: 'evidence_required', verifier: VERIFIER_NAME }
  return mode === 'manual' ? [evidence, { type: 'hold_settlement' }] : [evidence]
}

function approvalObligations(findings: readonly Finding[]): readonly Obligation[] {
  return findings.flatMap(({ ask }) =>
    ask === undefined
      ? []
      : [{ type: 'approvals_required', approvers: ask.approvers, role: ask.role }],
  )
}
