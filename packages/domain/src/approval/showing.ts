/**
 * What is shown to whoever is asked: the very request, and each rule it is beyond.
 *
 * A pure function of the facts, the decision and the profile: nobody sums it up for a person.
 *
 * @module
 */
import {
  type DecisionFacts,
  type PolicyDecision,
  type Profile,
  REASON_CODES,
  type ReasonCode,
} from '@surety/protocol'

/** One rule that asks for a person: what is asked for, and what passes without. */
export interface Difference {
  readonly reasonCode: string
  readonly meaning: string
  readonly asked: string
  /** What the profile lets pass without anybody being asked. */
  readonly allowed: string
}

export interface Showing {
  readonly request: DecisionFacts['intent']['requestFingerprint']
  readonly action: string
  readonly riskClass: string
  readonly differences: readonly Difference[]
  readonly money: {
    readonly amount: string
    readonly asset: string
    readonly perRequest: string | null
    readonly available: string
  }
  readonly grantChain: readonly {
    readonly grantHash: string
    readonly grantorId: string
    readonly granteeId: string
    readonly depth: number
    readonly expiresAt: string
  }[]
  readonly session: DecisionFacts['session']
  readonly approving: string
}

export function showingOf(
  facts: DecisionFacts,
  decision: PolicyDecision,
  profile: Profile,
): Showing {
  const { intent, funds, grantChain, session } = facts
  const limit = limitOf(profile, intent.asset)
  return {
    request: intent.requestFingerprint,
    action: intent.action,
    riskClass: intent.riskClass,
    differences: decision.reasonCodes.map((code) => differenceOf(code, facts, profile)),
    money: {
      amount: intent.amount,
      asset: intent.asset,
      perRequest: limit ?? null,
      available: funds.available,
    },
    grantChain: grantChain.map(({ grantHash, grantorId, granteeId, depth, expiresAt }) => ({
      grantHash,
      grantorId,
      granteeId,
      depth,
      expiresAt,
    })),
    session,
    approving: `lifts ${decision.reasonCodes.join(', ')} once, for this gate; everything else is decided again`,
  }
}

/** The most that one request may be; of two limits the lower counts. */
export function limitOf(profile: Profile, asset: string): string | undefined {
  const limits = profile.limits.perRequest.filter((limit) => limit.asset === asset)
  return limits.map(({ max }) => max).toSorted(byAmount)[0]
}

function byAmount(a: string, b: string): number {
  return BigInt(a) < BigInt(b) ? -1 : 1
}

function differenceOf(code: string, facts: DecisionFacts, profile: Profile): Difference {
  const { intent } = facts
  const known = REASON_CODES[code as ReasonCode] as { readonly meaning: string } | undefined
  const meaning = known?.meaning ?? code
  if (code === 'approval_challenged' || code === 'approval_escalated') {
    const above = profile.approvalTiers
      .filter((tier) => tier.asset === intent.asset)
      .map((tier) => tier.above)
      .toSorted(byAmount)[0]
    return { reasonCode: code, meaning, asked: intent.amount, allowed: above ?? '0' }
  }
  if (code === 'risk_class_challenged' || code === 'risk_class_escalated') {
    const open = profile.risk.filter(({ outcome }) => outcome === 'allow')
    const allowed = open.map(({ riskClass }) => riskClass).join(', ')
    return { reasonCode: code, meaning, asked: intent.riskClass, allowed }
  }
  return { reasonCode: code, meaning, asked: intent.action, allowed: '' }
}
