/**
 * What is shown to whoever is asked: the very request, and each rule it is beyond.
 *
 * A pure function of the facts, the decision and the profile: nobody sums it up for a person.
 *
 * @module
 */
import type { DecisionFacts, PolicyDecision, Profile } from '@surety/protocol'
import type { Budget, Difference } from '../policy/index.ts'

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
    /** What a yes does not lift: it is claimed when the gate goes on, or denied then. */
    readonly budgets: readonly Budget[]
  }
  readonly grantChain: readonly {
    readonly grantHash: string
    readonly grantorId: string
    readonly granteeId: string
    readonly depth: number
    readonly expiresAt: string
  }[]
  readonly session: DecisionFacts['session']
  /** Attacker-controlled: who said that what is held back should not go on, and why. */
  readonly contest: {
    readonly contestedBy: string
    readonly text: string
    readonly contestedAt: string
  } | null
  readonly approving: string
}

/** `beyond` is of the same facts and the same profile: see the policy module. */
export function showingOf(
  facts: DecisionFacts,
  decision: PolicyDecision,
  profile: Profile,
  beyond: { readonly differences: readonly Difference[]; readonly budgets: readonly Budget[] },
  contest: Showing['contest'] = null,
): Showing {
  const { intent, funds, grantChain, session } = facts
  const limit = limitOf(profile, intent.asset)
  return {
    request: intent.requestFingerprint,
    action: intent.action,
    riskClass: intent.riskClass,
    differences: beyond.differences,
    money: {
      amount: intent.amount,
      asset: intent.asset,
      perRequest: limit ?? null,
      available: funds.available,
      budgets: beyond.budgets,
    },
    grantChain: grantChain.map(({ grantHash, grantorId, granteeId, depth, expiresAt }) => ({
      grantHash,
      grantorId,
      granteeId,
      depth,
      expiresAt,
    })),
    session,
    contest,
    approving:
      contest === null
        ? `lifts ${decision.reasonCodes.join(', ')} once, for this gate; everything else is decided again`
        : 'says where what is held back goes: to the payee, back to the payer, or a part to each',
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
