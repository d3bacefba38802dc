/** Why the grants do not carry a request. */
import { denied } from './reason-type.ts'

export const GRANT_REASONS = {
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
} as const
