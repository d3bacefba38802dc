/**
 * Bytes and proof: canonical JSON, names by content, signed objects, money, time, ids, problems.
 *
 * Runs anywhere; needs no clock, no randomness, no network. Specified in spec/.
 *
 * @module
 */
export * from './bytes.ts'
export * from './canonical-json.ts'
export * from './crypto.ts'
export * from './digest.ts'
export * from './id.ts'
export * from './instant.ts'
export * from './money.ts'
export * from './objects/bundle.ts'
export * from './objects/decision.ts'
export * from './objects/decision-record.ts'
export * from './objects/event.ts'
export * from './objects/grant.ts'
export * from './objects/intent.ts'
export * from './objects/payment.ts'
export * from './objects/people/approval.ts'
export {
  ControlFacts,
  ControlKind,
  ControlOrder,
  ControlSelector,
  ControlSigner,
  EmergencyControlEvent,
  type SelectorType,
} from './objects/people/control.ts'
export * from './objects/people/operator.ts'
export { OPERATOR_ROLES, OperatorRole, RoleHeld } from './objects/people/role.ts'
export * from './objects/principal.ts'
export * from './objects/profile.ts'
export * from './objects/scenario.ts'
export * from './objects/settlement.ts'
export * from './objects/x402-rules.ts'
export * from './parse-json.ts'
export { isAnswerable, meets, missingOf, requirementsOf } from './registry/people/quorum.ts'
export * from './registry/problem.ts'
export type { ProblemType } from './registry/problem-type.ts'
export * from './registry/reason-code.ts'
export * from './result.ts'
export * from './schema.ts'
export * from './signed-object.ts'
export * from './x402/networks.ts'
export {
  OFFER_TIMEOUT_SECONDS_MAX,
  type Offer,
  type OfferRefusal,
  type Scheme,
} from './x402/offer.ts'
export * from './x402/sent-headers.ts'
export * from './x402/wire.ts'
