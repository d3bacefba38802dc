/**
 * Problems of buying from others: probes, offers, payments and the wallets that pay.
 *
 * @module
 */
import { type ProblemType, problem } from './problem-type.ts'

export const PAYMENT_PROBLEMS = {
  // Purchases
  payment_denied: problem(
    403,
    'change',
    'the policy denies the request',
    'read the reason code: it says what would help',
  ),
  payment_waiting: problem(
    202,
    'later',
    'a person must be asked first',
    'send it again with the same idempotency key once the approval is given',
  ),
  payment_unknown: problem(
    504,
    'later',
    'a credential was presented and nothing conclusive came back',
    'read the payment, or send it again with the same idempotency key: it is never paid twice',
  ),
  payment_not_found: problem(404, 'never', 'there is no such payment', 'check the id'),
  intent_signature_required: problem(
    409,
    'change',
    'the purchase needs an intent signed by the agent',
    'sign an intent with the members in `params`, and send it again with it',
  ),
  intent_not_for_purchase: problem(
    422,
    'change',
    'the signed intent is of another request, grant, rail or network',
    'sign an intent for exactly this request',
  ),
  quote_changed: problem(
    409,
    'change',
    'the seller no longer offers what was decided upon',
    'ask again with a new idempotency key; nothing was paid at the new terms',
  ),
  offer_above_maximum: problem(
    409,
    'change',
    'the seller asks for more than the maximum of the request',
    'raise the maximum, or buy elsewhere',
  ),
  offers_not_acceptable: problem(
    502,
    'later',
    'nothing the seller offers can be paid',
    'see the detail: it names what is wrong with each offer',
  ),
  response_not_kept: problem(
    409,
    'never',
    'the response was handed on once and is not kept: too large, or its time is over',
    'read the gate for its status; a new purchase needs a new idempotency key',
  ),
  response_missing: problem(
    502,
    'never',
    'no whole answer came back for the credential that was presented',
    'read the gate: it says whether money was captured, and has a claim if it was',
  ),
  proxy_alias_not_found: problem(
    404,
    'change',
    'the profile has no origin of that alias',
    'use an alias of the profile',
  ),
  proxy_header_invalid: problem(
    400,
    'change',
    'a header that tells the proxy how to buy is missing or malformed',
    'send X-Surety-Grant, and X-Surety-Maximum or X-Surety-Intent as the detail says',
  ),
  network_not_configured: problem(
    503,
    'later',
    'the house has no connection to the network',
    'ask an operator to configure SURETY_CHAIN_RPC',
  ),
  // Wallets
  wallet_not_found: problem(404, 'never', 'there is no such wallet', 'check the id'),
  wallet_transition_illegal: problem(
    409,
    'never',
    'the wallet is in that state already',
    'read the wallet',
  ),
  wallet_gas_missing: problem(
    409,
    'later',
    'the wallet cannot pay for a transaction of its own',
    'send some of the chain’s own coin to the address of the wallet, then ask again',
  ),
  wallet_allowance_superseded: problem(
    409,
    'never',
    'the order was not carried out: a later one took its place, or its number on the chain is used',
    'read the wallet; if Permit2 should spend something else, order that under a new key',
  ),
  facilitator_is_contract: problem(
    409,
    'later',
    'the facilitator of the offer is a contract: nobody could find what it takes',
    'ask the seller for a facilitator that settles from an account of its own',
  ),
  permit_allowance_required: problem(
    409,
    'later',
    'the wallet does not let Permit2 spend what the offer asks for at most',
    'ask an operator to allow it: surety wallet allow',
  ),
  inbound_not_found: problem(
    404,
    'later',
    'no final transfer into the wallet has that hash',
    'check the hash, or wait until the transfer is final',
  ),
  inbound_already_booked: problem(
    409,
    'never',
    'the transfer is booked already',
    'read the wallet',
  ),
} as const satisfies Readonly<Record<string, ProblemType>>
