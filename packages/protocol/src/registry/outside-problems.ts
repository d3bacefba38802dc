/**
 * Problems of the world outside: servers that are fetched from, x402, chains, wallets.
 *
 * @module
 */
import { type ProblemType, problem } from './problem-type.ts'

export const OUTSIDE_PROBLEMS = {
  // Outbound requests
  web_url_invalid: problem(
    422,
    'change',
    'the URL cannot be fetched',
    'use http or https, a host, no user or password, no port of another protocol',
  ),
  web_header_refused: problem(
    422,
    'change',
    'a header may not be sent through Surety',
    'leave out the header in the detail',
  ),
  web_address_refused: problem(
    403,
    'change',
    'the host is at an address that is not public',
    'use a public host, or have the profile name this origin',
  ),
  web_name_unresolved: problem(
    502,
    'later',
    'the host name has no address',
    'check the name; send it again',
  ),
  web_unreachable: problem(
    502,
    'later',
    'there was no connection to the server',
    'check that the server runs; send it again',
  ),
  web_timeout: problem(504, 'later', 'the server took too long', 'send it again, or allow more'),
  web_answer_invalid: problem(
    502,
    'later',
    'the answer of the server is not usable HTTP',
    'report it to the operator of the server',
  ),
  web_answer_too_large: problem(
    502,
    'change',
    'the answer of the server is larger than allowed',
    'ask for less',
  ),
  // x402
  payment_required_missing: problem(
    502,
    'never',
    'the server asks for payment and names no terms',
    'the server must send the header PAYMENT-REQUIRED',
  ),
  payment_required_invalid: problem(
    502,
    'never',
    'the terms of payment are malformed or too large',
    'report it to the operator of the server',
  ),
  payment_version_unsupported: problem(
    502,
    'never',
    'the server asks for payment in another version of x402',
    'the server must speak version 2',
  ),
  // Chains and wallets
  chain_unavailable: problem(
    503,
    'later',
    'the node of the chain did not answer',
    'check SURETY_CHAIN_RPC and the node; send it again',
  ),
  chain_mismatch: problem(
    503,
    'later',
    'the node serves another chain',
    'correct the address in SURETY_CHAIN_RPC',
  ),
  wallet_key_invalid: problem(
    422,
    'change',
    'this is not a private key',
    'give 64 hexadecimal digits',
  ),
  wallet_already_exists: problem(
    409,
    'never',
    'there is a wallet with this address',
    'use the one that is there',
  ),
  commit_wallet_frozen: problem(
    409,
    'later',
    'the wallet that pays was frozen; no credential of it is made or handed over',
    'ask an operator to unfreeze it; what was not paid by its end comes back by itself',
  ),
  wallet_key_missing: problem(
    409,
    'change',
    'this house has no key for the address',
    'import the key, or pay from another wallet',
  ),
  wallet_key_unreadable: problem(
    503,
    'change',
    'the key of the wallet cannot be opened',
    'restore the keys directory from a backup',
  ),
} as const satisfies Readonly<Record<string, ProblemType>>
