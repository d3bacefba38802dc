/**
 * Problems of emergency controls: who may order them, and what they stop.
 *
 * @module
 */
import { type ProblemType, problem } from '../problem-type.ts'

export const CONTROL_PROBLEMS = {
  control_active: problem(
    409,
    'later',
    'an emergency control stops this caller',
    'wait until an operator lifts it; reading goes on',
  ),
  commit_control_active: problem(
    409,
    'later',
    'an emergency control stops what would take effect now; the money stays where it is',
    'try again once it is lifted, or void the gate',
  ),
  control_not_found: problem(404, 'never', 'there is no such control', 'see `surety control list`'),
  control_already_exists: problem(
    409,
    'change',
    'the id names another control',
    'order it under a new id',
  ),
  control_already_lifted: problem(
    409,
    'never',
    'the control is lifted already',
    'nothing is left to do',
  ),
  control_drained_already: problem(
    409,
    'never',
    'the order to drain was carried out already',
    'sign another one to drain again',
  ),
  control_revocation_final: problem(
    409,
    'never',
    'what was revoked stays revoked',
    'issue a new grant or API key, or register the principal anew',
  ),
  control_selector_invalid: problem(
    422,
    'change',
    'the control cannot be about that',
    'the detail says what it can be about',
  ),
  control_target_operator: problem(
    409,
    'change',
    'one person alone does not stop an operator',
    'withdraw their roles first, or use a kill switch, which two people order',
  ),
  control_until_invalid: problem(
    422,
    'change',
    'the control cannot end then',
    'name a moment ahead, within 90 days, or none; what is revoked has no end',
  ),
  control_orders_differ: problem(
    422,
    'change',
    'the two acts do not order the same thing',
    'let both people sign the same order: same id, command, selector and end',
  ),
  control_limit: problem(
    409,
    'change',
    'as many controls of that kind as can be stand on the selector',
    'lift one of them',
  ),
  dual_control_required: problem(
    403,
    'change',
    'this takes two people',
    'let a second operator sign the same order, and send both acts together',
  ),
  dual_control_same_person: problem(
    403,
    'change',
    'both acts are of one person',
    'let another operator sign the second',
  ),
  dual_control_same_key: problem(
    403,
    'change',
    'both acts are signed with one key',
    'let each person sign with a key of their own',
  ),
  operator_role_insufficient: problem(
    403,
    'change',
    'the role does not suffice for this control',
    'the detail says which roles do',
  ),
} as const satisfies Readonly<Record<string, ProblemType>>
