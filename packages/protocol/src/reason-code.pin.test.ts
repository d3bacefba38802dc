/** The reason codes as published, in order of precedence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REASON_CLASSES, REASON_CODES, REASON_ORDER } from './registry/reason-code.ts'

/** The order is contract: of two reasons the one that stands first is primary. */
const published = [
  ['evaluator_failed', 'default', 403, 'later'],
  ['default_deny', 'default', 403, 'later'],
  ['intent_expired', 'integrity', 403, 'change'],
  ['payer_is_payee', 'integrity', 403, 'change'],
  ['environment_mismatch', 'environment', 403, 'change'],
  ['agent_not_active', 'state', 403, 'later'],
  ['payer_not_active', 'state', 403, 'later'],
  ['payee_unknown', 'scope', 403, 'change'],
  ['payee_not_active', 'state', 403, 'later'],
  ['grant_missing', 'scope', 403, 'change'],
  ['grant_not_held', 'scope', 403, 'change'],
  ['grant_revoked', 'state', 403, 'never'],
  ['grant_grantor_not_active', 'state', 403, 'later'],
  ['grant_not_yet_valid', 'state', 403, 'later'],
  ['grant_expired', 'state', 403, 'change'],
  ['grant_action_not_allowed', 'scope', 403, 'change'],
  ['grant_tool_not_allowed', 'scope', 403, 'change'],
  ['grant_payee_not_allowed', 'scope', 403, 'change'],
  ['grant_rail_not_allowed', 'scope', 403, 'change'],
  ['grant_network_not_allowed', 'scope', 403, 'change'],
  ['grant_asset_not_allowed', 'scope', 403, 'change'],
  ['grant_risk_class_not_allowed', 'scope', 403, 'change'],
  ['rail_unknown', 'scope', 403, 'change'],
  ['rail_not_allowed', 'scope', 403, 'change'],
  ['network_not_allowed', 'scope', 403, 'change'],
  ['asset_not_allowed', 'scope', 403, 'change'],
  ['payee_not_allowed', 'scope', 403, 'change'],
  ['tool_not_allowed', 'scope', 403, 'change'],
  ['action_not_allowed', 'scope', 403, 'change'],
  ['risk_class_denied', 'scope', 403, 'change'],
  ['irrevocable_not_allowed', 'scope', 403, 'change'],
  ['grant_per_call_exceeded', 'limit', 403, 'change'],
  ['grant_day_exceeded', 'limit', 403, 'later'],
  ['grant_total_exceeded', 'limit', 403, 'change'],
  ['grant_count_exceeded', 'limit', 403, 'change'],
  ['per_request_exceeded', 'limit', 403, 'change'],
  ['day_exceeded', 'limit', 403, 'later'],
  ['month_exceeded', 'limit', 403, 'later'],
  ['total_exceeded', 'limit', 403, 'change'],
  ['tenant_day_exceeded', 'limit', 403, 'later'],
  ['tenant_month_exceeded', 'limit', 403, 'later'],
  ['tenant_total_exceeded', 'limit', 403, 'change'],
  ['funds_insufficient', 'funds', 403, 'later'],
  ['risk_class_escalated', 'approval', 202, 'later'],
  ['approval_escalated', 'approval', 202, 'later'],
  ['risk_class_challenged', 'approval', 202, 'later'],
  ['approval_challenged', 'approval', 202, 'later'],
  ['allowed', 'none', 200, 'never'],
]

test('every reason has its published place, class, status and retry, and there is no other', () => {
  const found = Object.entries(REASON_CODES).map(([code, reason]) => [
    code,
    reason.class,
    reason.status,
    reason.retry,
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
