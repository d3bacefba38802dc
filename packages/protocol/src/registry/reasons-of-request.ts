/** Why a request itself cannot be allowed, whatever the profile says. */
import { denied } from './reason-type.ts'

export const REQUEST_REASONS = {
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
  profile_not_in_force: denied(
    'default',
    'later',
    'the profile that rules is not in force for this tenant and environment',
    'ask an operator to apply a profile that is',
  ),
  control_kill_switch: denied(
    'control',
    'later',
    'a kill switch stops this request',
    'wait until it is lifted; the facts of the decision name it',
  ),
  control_quarantined: denied(
    'control',
    'later',
    'what this request names is quarantined',
    'wait until it is lifted; the facts of the decision name it',
  ),
  control_paused: denied(
    'control',
    'later',
    'what this request names is paused',
    'wait until it is lifted; the facts of the decision name it',
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
  approval_denied: denied(
    'state',
    'never',
    'a person who was asked denied it',
    'ask for something else; what was denied stays denied',
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
} as const
