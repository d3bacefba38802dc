/** What the profile does not allow. */
import { denied } from './reason-type.ts'

export const PROFILE_REASONS = {
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
    'ask for a profile that allows such work, or have a person do it',
  ),
  irrevocable_not_allowed: denied(
    'scope',
    'change',
    'the rail pays irrevocably and the profile does not allow it',
    'use another rail, or ask for a profile that allows the payee',
  ),
  wallet_not_assigned: denied(
    'scope',
    'change',
    'the payment does not come from the wallet that the profile assigns',
    'use the assigned wallet, or ask for an assignment',
  ),
  quote_missing: denied(
    'compliance',
    'change',
    'the profile asks for a quote and there is none',
    'ask the payee for a quote first',
  ),
  receipt_signature_missing: denied(
    'compliance',
    'change',
    'the profile asks for receipts that the provider signs, and the rail settles without one',
    'use a rail whose providers sign their responses',
    'party',
  ),
  tool_manifest_missing: denied(
    'compliance',
    'change',
    'the profile asks for the manifest of the tool and it is not known',
    'no tool has a manifest yet: ask for a profile without `compliance.toolManifestHash`',
    'party',
  ),
  tool_version_unknown: denied(
    'compliance',
    'change',
    'the profile asks for a known version of the tool',
    'no version is registered yet: ask for a profile without `compliance.knownToolVersion`',
    'party',
  ),
  autonomy_denied: denied(
    'autonomy',
    'change',
    'the risk is more than the level of autonomy allows',
    'ask for a grant of a higher level, or lower the risk',
    'party',
  ),
  session_denied: denied(
    'session',
    'change',
    'the session is unknown, tainted or suspected',
    'no session is known yet: ask for a profile whose `session.unknown` asks or allows',
    'party',
  ),
  condition_denied: denied(
    'condition',
    'change',
    'a condition of the profile denies it',
    'change what the condition names',
    'party',
  ),
} as const
