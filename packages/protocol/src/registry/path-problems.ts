/**
 * Problems of the path from grant to settlement, and of the house itself.
 *
 * @module
 */
import { type ProblemType, problem } from './problem-type.ts'

export const PATH_PROBLEMS = {
  // Grants
  grant_not_found: problem(404, 'never', 'there is no such grant', 'check the hash'),
  grant_already_exists: problem(
    409,
    'never',
    'a grant has this id or nonce',
    'issue another grant with a new id and nonce',
  ),
  grant_already_revoked: problem(
    409,
    'never',
    'the grant is revoked, and stays so',
    'issue another grant',
  ),
  grant_escalates: problem(
    422,
    'change',
    'the child is wider than its parent',
    'narrow the member in the detail',
  ),
  grant_not_narrower: problem(
    422,
    'change',
    'the child equals its parent on every dimension',
    'narrow at least one',
  ),
  grant_depth_exceeded: problem(
    422,
    'change',
    'the chain of grants would be too deep',
    'delegate from a grant nearer to the root',
  ),
  grant_parent_not_usable: problem(
    409,
    'change',
    'the parent grant is revoked or expired',
    'delegate from a grant that is active',
  ),
  grant_chain_mismatch: problem(
    422,
    'change',
    'the child does not continue its parent',
    'copy payer, root and depth from the parent',
  ),
  grant_window_invalid: problem(
    422,
    'change',
    'the grant expires before it is valid',
    'set expiresAt after notBefore',
  ),
  grant_root_not_allowed: problem(
    403,
    'never',
    'only a person or an organisation may give a root grant',
    'let the person whose money it is sign it',
  ),
  grant_self: problem(
    422,
    'change',
    'grantor and grantee are one principal',
    'name another grantee',
  ),
  // Profiles
  profile_not_found: problem(404, 'never', 'there is no such profile', 'check the hash'),
  profile_version_exists: problem(
    409,
    'change',
    'the version exists with other content',
    'raise the version',
  ),
  profile_version_stale: problem(
    409,
    'change',
    'a later version of the profile is known',
    'raise the version above it',
  ),
  profile_invalid: problem(422, 'change', 'the profile contradicts itself', 'see the detail'),
  profile_ruling_changed: problem(
    409,
    'change',
    'another profile rules than the one the signed change names',
    'look at what rules now, and sign again',
  ),
  profile_shadow_not_found: problem(
    404,
    'never',
    'no such profile runs in shadow',
    'read the active profile for the one that does',
  ),
  // Acts of operators
  operator_action_mismatch: problem(
    422,
    'change',
    'the signed action is of another act, or of another object',
    'sign the act that is asked for',
  ),
  operator_action_used: problem(
    409,
    'never',
    'the signed action was used before',
    'sign a new one if it is meant again',
  ),
  // Gates
  gate_not_found: problem(404, 'never', 'there is no such gate', 'check the id'),
  intent_already_declared: problem(409, 'never', 'the intent is declared already', 'read its gate'),
  nonce_already_used: problem(409, 'change', 'the nonce was used before', 'sign with a new nonce'),
  intent_expired: problem(422, 'change', 'the intent has expired', 'sign a new one'),
  intent_lifetime_invalid: problem(
    422,
    'change',
    'the intent lives too long or expires before it is issued',
    'let it expire within a day of its issue',
  ),
  fingerprint_not_canonical: problem(
    422,
    'change',
    'the request is not in its one canonical form',
    'serialise the URL as WHATWG does and sort the headers',
  ),
  gate_not_declared: problem(409, 'never', 'the gate has been decided already', 'read the gate'),
  gate_not_authorized: problem(409, 'never', 'the gate is not authorized', 'read the gate'),
  gate_not_executing: problem(409, 'never', 'the gate is not executing', 'read the gate'),
  gate_not_in_review: problem(409, 'never', 'the gate is not in review', 'read the gate'),
  holdback_not_held: problem(
    409,
    'never',
    'nothing of this gate is held back, or no longer',
    'read its receipts: they say where the money is',
  ),
  holdback_contested: problem(
    409,
    'never',
    'what is held back is contested already',
    'wait for the people who are asked, or answer the approval',
  ),
  holdback_window_ended: problem(
    409,
    'never',
    'the time to contest what is held back has ended',
    'ask an operator: while it is still held, one may',
  ),
  gate_settled: problem(409, 'never', 'the gate is settled', 'read its receipts'),
  gate_paid_by_rail: problem(
    409,
    'never',
    'this gate is paid over its own rail, by Surety',
    'send the fetch again with its idempotency key',
  ),
  authorization_consumed: problem(
    409,
    'never',
    'the authorization has been used',
    'declare a new intent',
  ),
  authorization_expired: problem(
    409,
    'never',
    'the authorization has expired',
    'declare a new intent',
  ),
  authorization_mismatch: problem(
    422,
    'never',
    'that is not the authorization of this gate',
    'present the one the gate gave',
  ),
  binding_incomplete: problem(
    422,
    'change',
    'the profile binds strictly and a bound member was not presented',
    'present every bound member',
  ),
  binding_method_mismatch: problem(
    422,
    'never',
    'the method is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_url_mismatch: problem(
    422,
    'never',
    'the URL is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_headers_mismatch: problem(
    422,
    'never',
    'a bound header is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_body_mismatch: problem(
    422,
    'never',
    'the body is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_tool_mismatch: problem(
    422,
    'never',
    'the tool or its arguments are not the authorized ones',
    'execute exactly what was authorized',
  ),
  binding_amount_mismatch: problem(
    422,
    'never',
    'the amount is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_asset_mismatch: problem(
    422,
    'never',
    'the asset is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_payee_mismatch: problem(
    422,
    'never',
    'the payee is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_rail_mismatch: problem(
    422,
    'never',
    'the rail is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_grant_mismatch: problem(
    422,
    'never',
    'the grant is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_policy_mismatch: problem(
    422,
    'never',
    'the policy is not the one it was authorized under',
    'execute exactly what was authorized',
  ),
  binding_nonce_mismatch: problem(
    422,
    'never',
    'the nonce is not the authorized one',
    'execute exactly what was authorized',
  ),
  binding_expiry_mismatch: problem(
    422,
    'never',
    'the expiry is not the authorized one',
    'execute exactly what was authorized',
  ),
  commit_policy_changed: problem(
    409,
    'change',
    'another profile rules since the authorization',
    'void the gate and declare a new intent',
  ),
  commit_grant_not_usable: problem(
    409,
    'never',
    'a grant of the chain was revoked or expired since the authorization',
    'void the gate',
  ),
  // Evidence
  evidence_not_authentic: problem(
    422,
    'change',
    'the statement is not an authentic one of the payee about this gate',
    'submit the statement the payee signed for this gate',
  ),
  evidence_body_mismatch: problem(
    422,
    'change',
    'the body is not the one the statement names',
    'submit the exact bytes of the response',
  ),
  evidence_from_the_future: problem(
    422,
    'change',
    'the statement is dated outside the execution',
    'check the clock of the provider',
  ),
  // Bundles
  bundle_not_ready: problem(
    409,
    'later',
    'the gate has not been decided yet',
    'have it decided, then export it',
  ),
  bundle_not_for_payee: problem(
    403,
    'never',
    'the bundle holds what the payer had and would have paid',
    'read the gate: its signed receipts prove what you were paid for; the payer may hand on the bundle',
  ),
  // The house
  overloaded: problem(503, 'later', 'too many requests wait', 'send it again as Retry-After says'),
  store_unavailable: problem(
    503,
    'later',
    'the store could not commit',
    'send it again with the same idempotency key; nothing was half done',
  ),
  shutting_down: problem(
    503,
    'later',
    'the server is stopping',
    'send it again as Retry-After says',
  ),
  internal_fault: problem(500, 'later', 'an error of ours', 'report the request id'),
} as const satisfies Readonly<Record<string, ProblemType>>
