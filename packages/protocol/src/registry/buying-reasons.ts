/**
 * Reasons against a purchase whose money leaves the house. Their place is in the registry.
 *
 * @module
 */
import { denied } from './reason-type.ts'

export const BUYING_REASONS = {
  wallet_missing: denied(
    'scope',
    'change',
    'the payer has no wallet',
    'ask an operator to create a wallet for the payer',
  ),
  wallet_frozen: denied(
    'state',
    'later',
    'the wallet of the payer is frozen',
    'ask an operator to unfreeze the wallet',
  ),
  origin_not_allowed: denied(
    'scope',
    'change',
    'the profile does not name the origin',
    'ask an operator to add the origin to the profile',
  ),
  origin_method_not_allowed: denied(
    'scope',
    'change',
    'the profile does not name the method for the origin',
    'use a method the profile names, or ask an operator to add it',
  ),
  scheme_not_allowed: denied(
    'scope',
    'change',
    'the profile does not allow the payment scheme',
    'ask the seller for a scheme of the profile',
  ),
  pay_to_not_allowed: denied(
    'scope',
    'change',
    'the profile does not know the address as one of the payee',
    'check the address, and ask an operator to add it to the profile',
  ),
  offer_validity_not_allowed: denied(
    'scope',
    'change',
    'the offer wants a credential that stays valid for longer than the profile allows',
    'ask the seller for a shorter validity, or an operator for a longer one',
  ),
} as const
