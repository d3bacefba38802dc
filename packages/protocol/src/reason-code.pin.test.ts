/** The reason codes as published, in order of precedence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REASON_CLASSES, REASON_CODES, REASON_ORDER } from './registry/reason-code.ts'

/** The order is contract: of two reasons the one that stands first is primary. */
const published = [
  ['evaluator_failed', 'default', 403, 'later', 'deny', 'never'],
  ['default_deny', 'default', 403, 'later', 'deny', 'never'],
  ['intent_expired', 'integrity', 403, 'change', 'deny', 'never'],
  ['payer_is_payee', 'integrity', 403, 'change', 'deny', 'never'],
  ['intent_unsigned', 'integrity', 403, 'change', 'deny', 'never'],
  ['environment_mismatch', 'environment', 403, 'change', 'deny', 'never'],
  ['agent_not_active', 'state', 403, 'later', 'deny', 'never'],
  ['payer_not_active', 'state', 403, 'later', 'deny', 'never'],
  ['payee_unknown', 'scope', 403, 'change', 'deny', 'never'],
  ['payee_not_active', 'state', 403, 'later', 'deny', 'never'],
  ['wallet_missing', 'scope', 403, 'change', 'deny', 'never'],
  ['wallet_frozen', 'state', 403, 'later', 'deny', 'never'],
  ['origin_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['origin_method_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['scheme_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['pay_to_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['offer_validity_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_missing', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_not_held', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_revoked', 'state', 403, 'never', 'deny', 'never'],
  ['grant_grantor_not_active', 'state', 403, 'later', 'deny', 'never'],
  ['grant_not_yet_valid', 'state', 403, 'later', 'deny', 'never'],
  ['grant_expired', 'state', 403, 'change', 'deny', 'never'],
  ['grant_action_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_tool_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_payee_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_rail_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_network_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_asset_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_risk_class_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['rail_unknown', 'scope', 403, 'change', 'deny', 'never'],
  ['rail_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['network_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['asset_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['payee_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['tool_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['action_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['risk_class_denied', 'scope', 403, 'change', 'deny', 'never'],
  ['irrevocable_not_allowed', 'scope', 403, 'change', 'deny', 'never'],
  ['grant_per_call_exceeded', 'limit', 403, 'change', 'deny', 'never'],
  ['grant_day_exceeded', 'limit', 403, 'later', 'deny', 'never'],
  ['grant_total_exceeded', 'limit', 403, 'change', 'deny', 'never'],
  ['grant_count_exceeded', 'limit', 403, 'change', 'deny', 'never'],
  ['per_request_exceeded', 'limit', 403, 'change', 'deny', 'never'],
  ['day_exceeded', 'limit', 403, 'later', 'deny', 'never'],
  ['month_exceeded', 'limit', 403, 'later', 'deny', 'never'],
  ['total_exceeded', 'limit', 403, 'change', 'deny', 'never'],
  ['tenant_day_exceeded', 'limit', 403, 'later', 'deny', 'never'],
  ['tenant_month_exceeded', 'limit', 403, 'later', 'deny', 'never'],
  ['tenant_total_exceeded', 'limit', 403, 'change', 'deny', 'never'],
  ['funds_insufficient', 'funds', 403, 'later', 'deny', 'never'],
  ['risk_class_escalated', 'approval', 202, 'later', 'escalate', 'operator'],
  ['approval_escalated', 'approval', 202, 'later', 'escalate', 'operator'],
  ['risk_class_challenged', 'approval', 202, 'later', 'challenge', 'party'],
  ['approval_challenged', 'approval', 202, 'later', 'challenge', 'party'],
  ['allowed', 'none', 200, 'never', 'allow', 'never'],
]

test('every reason has its published place, class, status, retry, outcome and lift, and there is no other', () => {
  const found = Object.entries(REASON_CODES).map(([code, reason]) => [
    code,
    reason.class,
    reason.status,
    reason.retry,
    reason.outcome,
    reason.lift,
  ])
  assert.deepEqual(found, published)
  assert.deepEqual(
    REASON_ORDER,
    published.map(([code]) => code),
  )
})

test('only a failure of class approval is lifted by an approval, and only it does not deny', () => {
  assert.deepEqual(REASON_CLASSES, {
    default: { causes: ['deny'], liftable: false },
    integrity: { causes: ['deny'], liftable: false },
    environment: { causes: ['deny'], liftable: false },
    state: { causes: ['deny'], liftable: false },
    scope: { causes: ['deny'], liftable: false },
    limit: { causes: ['deny'], liftable: false },
    funds: { causes: ['deny'], liftable: false },
    approval: { causes: ['challenge', 'escalate'], liftable: true },
    none: { causes: ['allow'], liftable: false },
  })
})
