/**
 * Problems of approvals: why an answer is not taken.
 *
 * @module
 */
import { type ProblemType, problem } from '../problem-type.ts'

export const APPROVAL_PROBLEMS = {
  approval_not_found: problem(404, 'never', 'there is no such approval', 'check the id'),
  approval_pending: problem(
    409,
    'later',
    'the gate waits for a person',
    'read its approval until it is answered, then ask again with the same idempotency key',
  ),
  approval_not_pending: problem(
    409,
    'never',
    'the approval has been answered already',
    'read what came of it',
  ),
  approval_expired: problem(
    409,
    'never',
    'the approval has expired, and expiry denies',
    'let the agent declare a new intent',
  ),
  approval_mismatch: problem(
    422,
    'never',
    'the answer is about something else than this approval',
    'sign an answer to exactly what the approval shows',
  ),
  approval_level_mismatch: problem(
    422,
    'never',
    'the answer is given at another level than the approval asks for',
    'sign it for the level of the approval',
  ),
  approval_answer_unfit: problem(
    422,
    'change',
    'that answer does not fit this kind of approval',
    'approve or deny a challenge or an escalation; release, refund or split what is in review',
  ),
  approval_division_invalid: problem(
    422,
    'change',
    'the parts are not the amount that is held',
    'let released and refunded add up to it, both above zero, as those before you said',
  ),
  approval_override_forbidden: problem(
    403,
    'change',
    'the quorum may not be overridden here',
    'only an incident_commander overrides, and never for the payer',
  ),
  approver_is_requester: problem(
    403,
    'never',
    'whoever asks cannot answer, nor can anything that shares its keys',
    'let another person answer',
  ),
  approver_is_party: problem(
    403,
    'never',
    'the answer is that of a party to the payment',
    'let a person answer who is neither paid nor, above a challenge, paying',
  ),
  approver_not_person: problem(
    403,
    'never',
    'only a person answers, or the organisation that pays',
    'let a person answer with their own key',
  ),
  approver_role_insufficient: problem(
    403,
    'change',
    'the role of the answer is not one that is asked for',
    'let somebody answer who holds a role that the approval still needs',
  ),
  approver_already_answered: problem(
    409,
    'never',
    'this person or this key has answered already',
    'let another person answer',
  ),
  approver_lapsed: problem(
    409,
    'change',
    'somebody who answered before has lost the role or the key for it since',
    'deny, and let the agent ask anew; or let a commander set the quorum aside',
  ),
  approval_review_not_owed: problem(
    409,
    'never',
    'no review is owed for this approval',
    'review what was allowed by override, once, as another person',
  ),
} as const satisfies Readonly<Record<string, ProblemType>>
