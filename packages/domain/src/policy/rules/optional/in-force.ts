/** Whether the profile rules here at all, and whether it asks a person about everything. */
import { modeAt } from '../../profile/modes.ts'
import type { Findings, RuleInput } from '../rule.ts'

export function checkInForce({ facts, profile, beside }: RuleInput, findings: Findings): void {
  const mode = modeAt(profile.profile, facts)
  // INVARIANT(default-deny): a profile that only watches allows nothing where it should rule.
  const rules = beside ? mode !== 'off' : mode === 'enforce' || mode === 'soft'
  if (!rules) findings.fail('profile_not_in_force')
}

export function checkChallengeOnly({ facts, profile }: RuleInput, findings: Findings): void {
  const { challengeOnly } = profile.profile
  if (challengeOnly === undefined) return
  const { riskClasses, raise, approvers, role } = challengeOnly
  if (riskClasses?.includes(facts.intent.riskClass) === false) return
  const code = raise === 'escalate' ? 'fallback_escalated' : 'fallback_challenged'
  findings.fail(code, { approvers, role })
}
