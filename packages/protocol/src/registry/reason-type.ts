/**
 * What is stated of a reason code, and of the classes of rules.
 *
 * @module
 */
import type { DecisionOutcome } from '../schema.ts'

export type ReasonClass =
  | 'default'
  | 'integrity'
  | 'environment'
  | 'control'
  | 'state'
  | 'scope'
  | 'limit'
  | 'funds'
  | 'autonomy'
  | 'session'
  | 'condition'
  | 'compliance'
  | 'rate'
  | 'sequence'
  | 'approval'
  | 'none'

/** What a failed rule of a class may cause, and whether an approval may lift any code of it. */
export const REASON_CLASSES: Readonly<
  Record<ReasonClass, { readonly causes: readonly DecisionOutcome[]; readonly liftable: boolean }>
> = {
  default: { causes: ['deny'], liftable: false },
  integrity: { causes: ['deny'], liftable: false },
  environment: { causes: ['deny'], liftable: false },
  control: { causes: ['deny'], liftable: false },
  state: { causes: ['deny'], liftable: false },
  scope: { causes: ['deny'], liftable: false },
  limit: { causes: ['challenge', 'deny'], liftable: true },
  funds: { causes: ['deny'], liftable: false },
  autonomy: { causes: ['challenge', 'escalate', 'deny'], liftable: true },
  session: { causes: ['challenge', 'escalate', 'deny'], liftable: true },
  condition: { causes: ['challenge', 'escalate', 'deny'], liftable: true },
  compliance: { causes: ['challenge', 'deny'], liftable: true },
  rate: { causes: ['challenge', 'escalate', 'deny'], liftable: true },
  sequence: { causes: ['challenge', 'escalate', 'deny'], liftable: true },
  approval: { causes: ['challenge', 'escalate'], liftable: true },
  none: { causes: ['allow'], liftable: false },
}

export type Retry = 'never' | 'change' | 'later'

/** Whose approval lifts a failure: the party whose authority is used, an operator, nobody's. */
export type Lift = 'party' | 'operator' | 'never'

export interface ReasonType {
  readonly class: ReasonClass
  /** What the failure causes under a profile that enforces. */
  readonly outcome: DecisionOutcome
  readonly lift: Lift
  /** The HTTP status of a proxied call that ends for this reason. */
  readonly status: number
  readonly retry: Retry
  readonly meaning: string
  readonly remedy: string
}

/** A failure that denies; one that a person may lift is a challenge where a mode softens it. */
export function denied(
  kind: ReasonClass,
  retry: Retry,
  meaning: string,
  remedy: string,
  lift: Lift = 'never',
): ReasonType {
  return { class: kind, outcome: 'deny', lift, status: 403, retry, meaning, remedy }
}

/** A person is asked: an operator if it is escalated, the party if it is challenged. */
export function waits(
  outcome: 'escalate' | 'challenge',
  meaning: string,
  remedy: string,
  kind: ReasonClass = 'approval',
): ReasonType {
  const lift = outcome === 'escalate' ? 'operator' : 'party'
  return { class: kind, outcome, lift, status: 202, retry: 'later', meaning, remedy }
}
