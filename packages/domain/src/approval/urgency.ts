/**
 * How urgent an approval is, and by when somebody must have answered.
 *
 * @module
 */
import {
  type ApprovalLevel,
  addMs,
  formatInstant,
  instantOf,
  type RiskClass,
  type Severity,
} from '@surety/protocol'

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical']
const BASE: Readonly<Record<RiskClass, number>> = { read: 0, compute: 0, action: 1, financial: 1 }

/** How long an answer may take before the clock escalates, by severity. */
export const ANSWER_WITHIN_MS: Readonly<Record<Severity, number>> = {
  low: 14_400_000,
  medium: 3_600_000,
  high: 900_000,
  critical: 300_000,
}
/** How often the clock escalates before it leaves an approval to its expiry. */
export const ESCALATIONS_MAX = 3

/** From what is risked: the class of the risk, a third person being asked, much of the limit. */
export function severityOf(facts: {
  readonly riskClass: RiskClass
  readonly level: ApprovalLevel
  readonly amount: bigint
  /** The most that one request may be, if anything is. */
  readonly limit: bigint | undefined
}): Severity {
  const { riskClass, level, amount, limit } = facts
  const isMuch = limit !== undefined && amount * 2n >= limit
  const points = BASE[riskClass] + (level === 'escalation' ? 1 : 0) + (isMuch ? 1 : 0)
  return SEVERITIES[Math.min(points, 3)] as Severity
}

export function raised(severity: Severity): Severity {
  return SEVERITIES[Math.min(SEVERITIES.indexOf(severity) + 1, 3)] as Severity
}

/** By when an answer is due: never later than halfway to the expiry. */
export function dueAfter(at: string, severity: Severity, expiresAt: string | null): string {
  const now = instantOf(at)
  const within = ANSWER_WITHIN_MS[severity]
  if (expiresAt === null) return formatInstant(addMs(now, within))
  const half = Math.max(Math.floor((instantOf(expiresAt) - now) / 2), 1)
  return formatInstant(addMs(now, Math.min(within, half)))
}
