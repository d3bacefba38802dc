/**
 * Reason codes: why a decision came out as it did. A closed registry, in order of precedence.
 *
 * Of all the rules that failed, the one that stands first here is the primary reason. The class of
 * a rule fixes what it may cause and whether a person's approval may lift it.
 * Rendered by API, CLI, SDK and docs from this table. Rules: spec/decision.md.
 *
 * @module
 */
import type { DecisionOutcome } from '../objects/decision.ts'
import { BUYING_REASONS } from './buying-reasons.ts'

export type ReasonClass =
  | 'default'
  | 'integrity'
  | 'environment'
  | 'state'
  | 'scope'
  | 'limit'
  | 'funds'
  | 'approval'
  | 'none'

/** What a failed rule of a class may cause, and whether an approval may lift any code of it. */
export const REASON_CLASSES: Readonly<
  Record<ReasonClass, { readonly causes: readonly DecisionOutcome[]; readonly liftable: boolean }>
> = {
  default: { causes: ['deny'], liftable: false },
  integrity: { causes: ['deny'], liftable: false },
  environment: { causes: ['deny'], liftable: false },
  state: { causes: ['deny'], liftable: false },
  scope: { causes: ['deny'], liftable: false },
  limit: { causes: ['deny'], liftable: false },
  funds: { causes: ['deny'], liftable: false },
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

function denied(kind: ReasonClass, retry: Retry, meaning: string, remedy: string): ReasonType {
  return { class: kind, outcome: 'deny', lift: 'never', status: 403, retry, meaning, remedy }
}

/** A person is asked: an operator if it is escalated, the party if it is challenged. */
function waits(outcome: 'escalate' | 'challenge', meaning: string, remedy: string): ReasonType {
  const lift = outcome === 'escalate' ? 'operator' : 'party'
  return { class: 'approval', outcome, lift, status: 202, retry: 'later', meaning, remedy }
}

export const REASON_CODES = {
  evaluator_failed: denied(
    'default',
    'later',
    'the policy could not be evaluated, so nothing is allowed',
    'report it with the decision id; the facts are recorded',
  ),
  default_deny: denied(
    'default',
    'later',
    'no profile is applied, so nothing may be paid',
    'ask an operator to apply a profile',
  ),
  intent_expired: denied(
    'integrity',
    'change',
    'the intent had expired when it was decided',
    'sign a new intent with a later expiry',
  ),
  payer_is_payee: denied(
    'integrity',
    'change',
    'payer and payee are one principal',
    'name another payee',
  ),
  intent_unsigned: denied(
    'integrity',
    'change',
    'nobody signed the intent, and the profile does not let the agent do without',
    'sign the intent with the key of the agent, or ask an operator to name the agent',
  ),
  environment_mismatch: denied(
    'environment',
    'change',
    'the intent or its grant belongs to another environment',
    'use a grant and an intent of this environment',
  ),
  agent_not_active: denied(
    'state',
    'later',
    'the agent is not active',
    'ask an operator to activate the agent',
  ),
  payer_not_active: denied(
    'state',
    'later',
    'the principal who pays is not active',
    'ask an operator to activate the payer',
  ),
  payee_unknown: denied(
    'scope',
    'change',
    'the payee is not registered',
    'register the payee, or name another',
  ),
  payee_not_active: denied(
    'state',
    'later',
    'the payee is not active',
    'ask an operator to activate the payee, or name another',
  ),
  ...BUYING_REASONS,
  grant_missing: denied(
    'scope',
    'change',
    'the grant is not known here',
    'issue the grant first, or name one that exists',
  ),
  grant_not_held: denied(
    'scope',
    'change',
    'the grant was issued to somebody else',
    'use a grant whose grantee is the agent',
  ),
  grant_revoked: denied(
    'state',
    'never',
    'a grant in the chain is revoked',
    'ask the grantor for a new grant',
  ),
  grant_grantor_not_active: denied(
    'state',
    'later',
    'a grantor in the chain is not active',
    'ask an operator to activate the grantor',
  ),
  grant_not_yet_valid: denied(
    'state',
    'later',
    'a grant in the chain is not valid yet',
    'wait until it is valid',
  ),
  grant_expired: denied(
    'state',
    'change',
    'a grant in the chain has expired',
    'ask the grantor for a new grant',
  ),
  grant_action_not_allowed: denied(
    'scope',
    'change',
    'the grant does not allow the action',
    'use an action of the grant',
  ),
  grant_tool_not_allowed: denied(
    'scope',
    'change',
    'the grant does not allow the tool',
    'use a tool of the grant',
  ),
  grant_payee_not_allowed: denied(
    'scope',
    'change',
    'the grant does not allow the payee',
    'pay a payee of the grant',
  ),
  grant_rail_not_allowed: denied(
    'scope',
    'change',
    'the grant does not allow the rail',
    'use a rail of the grant',
  ),
  grant_network_not_allowed: denied(
    'scope',
    'change',
    'the grant does not allow the network',
    'use a network of the grant',
  ),
  grant_asset_not_allowed: denied(
    'scope',
    'change',
    'the grant does not allow the asset',
    'pay in an asset of the grant',
  ),
  grant_risk_class_not_allowed: denied(
    'scope',
    'change',
    'the grant does not allow the risk class',
    'use a grant that allows it',
  ),
  rail_unknown: denied('scope', 'change', 'no such rail is configured', 'use a configured rail'),
  rail_not_allowed: denied(
    'scope',
    'change',
    'the profile does not allow the rail',
    'use a rail of the profile',
  ),
  network_not_allowed: denied(
    'scope',
    'change',
    'the profile does not allow the network',
    'use a network of the profile',
  ),
  asset_not_allowed: denied(
    'scope',
    'change',
    'the profile does not list the asset',
    'pay in an asset of the profile',
  ),
  payee_not_allowed: denied(
    'scope',
    'change',
    'the profile does not allow the payee',
    'pay a payee of the profile',
  ),
  tool_not_allowed: denied(
    'scope',
    'change',
    'the profile does not allow the tool',
    'use a tool of the profile',
  ),
  action_not_allowed: denied(
    'scope',
    'change',
    'the profile does not allow the action',
    'use an action of the profile',
  ),
  risk_class_denied: denied(
    'scope',
    'change',
    'the profile denies the risk class',
    'use a lower risk class, or ask for another profile',
  ),
  irrevocable_not_allowed: denied(
    'scope',
    'change',
    'the rail pays irrevocably and the profile does not allow it',
    'use another rail, or ask for a profile that allows the payee',
  ),
  grant_per_call_exceeded: denied(
    'limit',
    'change',
    'the amount exceeds what a grant allows for one call',
    'ask for less, or for a wider grant',
  ),
  grant_day_exceeded: denied(
    'limit',
    'later',
    'the amount exceeds what a grant allows for the day',
    'wait for the next UTC day, or ask for less',
  ),
  grant_total_exceeded: denied(
    'limit',
    'change',
    'the amount exceeds what is left of a grant',
    'ask for less, or for a new grant',
  ),
  grant_count_exceeded: denied(
    'limit',
    'change',
    'a grant has been used as often as it allows',
    'ask for a new grant',
  ),
  per_request_exceeded: denied(
    'limit',
    'change',
    'the amount exceeds the limit of the profile for one request',
    'ask for less',
  ),
  day_exceeded: denied(
    'limit',
    'later',
    'the amount exceeds what the profile leaves the payer for the day',
    'wait for the next UTC day, or ask for less',
  ),
  month_exceeded: denied(
    'limit',
    'later',
    'the amount exceeds what the profile leaves the payer for the month',
    'wait for the next UTC month, or ask for less',
  ),
  total_exceeded: denied(
    'limit',
    'change',
    'the amount exceeds what the profile leaves the payer in total',
    'ask for less, or for another profile',
  ),
  tenant_day_exceeded: denied(
    'limit',
    'later',
    'the amount exceeds what the profile leaves the tenant for the day',
    'wait for the next UTC day, or ask for less',
  ),
  tenant_month_exceeded: denied(
    'limit',
    'later',
    'the amount exceeds what the profile leaves the tenant for the month',
    'wait for the next UTC month, or ask for less',
  ),
  tenant_total_exceeded: denied(
    'limit',
    'change',
    'the amount exceeds what the profile leaves the tenant in total',
    'ask for less, or for another profile',
  ),
  funds_insufficient: denied(
    'funds',
    'later',
    'the payer has too little money available',
    'fund the payer, or ask for less',
  ),
  risk_class_escalated: waits(
    'escalate',
    'the profile asks an operator about the risk class',
    'wait for the operator; the gate keeps its place until it expires',
  ),
  approval_escalated: waits(
    'escalate',
    'the profile asks an operator about an amount of this size',
    'wait for the operator; the gate keeps its place until it expires',
  ),
  risk_class_challenged: waits(
    'challenge',
    'the profile asks the payer about the risk class',
    'wait for the payer; the gate keeps its place until it expires',
  ),
  approval_challenged: waits(
    'challenge',
    'the profile asks the payer about an amount of this size',
    'wait for the payer; the gate keeps its place until it expires',
  ),
  allowed: {
    class: 'none',
    outcome: 'allow',
    lift: 'never',
    status: 200,
    retry: 'never',
    meaning: 'every rule holds',
    remedy: 'none needed',
  },
} as const satisfies Readonly<Record<string, ReasonType>>

export type ReasonCode = keyof typeof REASON_CODES

/** The codes in order of precedence: of two reasons the one that comes first is primary. */
export const REASON_ORDER: readonly ReasonCode[] = Object.keys(REASON_CODES) as ReasonCode[]
