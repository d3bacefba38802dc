/**
 * The decision as a document: a pure function of facts, profile and the ids it was given.
 *
 * INVARIANT(receipts): an offline verifier builds it again from the same facts, byte for byte.
 *
 * @module
 */
import {
  addMs,
  type DecisionFacts,
  formatInstant,
  type Hash,
  type Id,
  instantOf,
  type PolicyDecision,
} from '@surety/protocol'
import type { Evaluation } from './conclude.ts'
import { evaluate } from './evaluate.ts'
import type { CompiledProfile } from './profile/compile.ts'

export interface DecisionPlace {
  readonly decisionId: Id<'dec'>
  readonly seq: number
  readonly previousDecisionHash: Hash | null
  readonly intentHash: Hash
  readonly inputHash: Hash
}

/** Evaluates the facts and states the outcome, and what a profile that only watches would say. */
export function decisionOf(
  facts: DecisionFacts,
  profile: CompiledProfile,
  place: DecisionPlace,
  watching?: CompiledProfile,
): PolicyDecision {
  // INVARIANT(approval): an answer is used on the decision it answers, and on no other.
  const isAnswered = facts.approvals.every(
    ({ decisionHash, intentHash }) =>
      decisionHash === place.previousDecisionHash && intentHash === place.intentHash,
  )
  if (!isAnswered) throw new Error('an answer to another decision')
  const evaluation = evaluate(facts, profile)
  const shadow = [
    ...(evaluation.shadow === undefined ? [] : [shadowOf(profile, evaluation.shadow)]),
    ...(watching === undefined ? [] : [shadowOf(watching, evaluate(facts, watching, true))]),
  ]
  return {
    schemaVersion: 'PolicyDecision.v1',
    decisionId: place.decisionId,
    tenantId: facts.tenantId,
    environment: facts.environment,
    gateId: facts.gateId,
    intentHash: place.intentHash,
    seq: place.seq,
    previousDecisionHash: place.previousDecisionHash,
    decision: evaluation.decision,
    reasonCode: evaluation.reasonCode,
    reasonCodes: [...evaluation.reasonCodes],
    obligations: [...evaluation.obligations],
    policyId: profile.profile.profileId,
    policyVersion: profile.profile.version,
    policyHash: profile.policyHash,
    inputHash: place.inputHash,
    decidedAt: facts.at,
    validUntil: validUntil(facts, profile, evaluation.decision),
    ...(shadow.length === 0 ? {} : { shadow }),
  }
}

function shadowOf(
  { profile, policyHash }: CompiledProfile,
  { decision, reasonCodes }: Pick<Evaluation, 'decision' | 'reasonCodes'>,
): NonNullable<PolicyDecision['shadow']>[number] {
  const { profileId, version } = profile
  return {
    policyId: profileId,
    policyVersion: version,
    policyHash,
    decision,
    reasonCodes: [...reasonCodes],
  }
}

/** An allowance ends with the first of its term, the intent and every grant; so does a wait. */
function validUntil(
  facts: DecisionFacts,
  profile: CompiledProfile,
  decision: PolicyDecision['decision'],
): string {
  if (decision === 'deny') return facts.at
  const { authorizationWithinMs, approvalWithinMs } = profile.profile
  const term = decision === 'allow' ? authorizationWithinMs : approvalWithinMs
  const ends = [
    formatInstant(addMs(instantOf(facts.at), term)),
    facts.intent.expiresAt,
    ...facts.grantChain.map((grant) => grant.expiresAt),
  ]
  return ends.toSorted()[0] as string
}

/** The profile that watched beside the one that ruled, as a decision names it. */
export function watchingHash(
  decision: Pick<PolicyDecision, 'policyHash' | 'shadow'>,
): Hash | undefined {
  return decision.shadow?.find(({ policyHash }) => policyHash !== decision.policyHash)?.policyHash
}
