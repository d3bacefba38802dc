/**
 * Problems of what was sent and by whom: bodies, credentials, signatures, principals, money.
 *
 * @module
 */
import { type ProblemType, problem } from './problem-type.ts'

export const DOOR_PROBLEMS = {
  // What was sent
  request_malformed: problem(
    400,
    'change',
    'the request is not valid HTTP for this route',
    'compare it with the API reference',
  ),
  json_invalid: problem(400, 'change', 'the body is not JSON', 'send one JSON document in UTF-8'),
  json_too_deep: problem(400, 'change', 'the body nests too deeply', 'nest at most 32 levels'),
  json_duplicate_name: problem(
    400,
    'change',
    'a name stands twice in one object',
    'send each name once',
  ),
  json_lone_surrogate: problem(
    400,
    'change',
    'a string holds half of a surrogate pair',
    'send well-formed Unicode',
  ),
  body_too_large: problem(
    413,
    'change',
    'the body is too large',
    'send less; the limit is in the detail',
  ),
  media_type_unsupported: problem(
    415,
    'change',
    'the body is not sent as JSON',
    'set content-type to application/json',
  ),
  schema_mismatch: problem(
    422,
    'change',
    'a member has the wrong shape, is missing, or is not known',
    'see the path in the detail, and the schema of the route',
  ),
  idempotency_key_invalid: problem(
    400,
    'change',
    'the idempotency key is not usable',
    'send 8 to 128 letters, digits and . _ : -',
  ),
  idempotency_key_reused: problem(
    422,
    'change',
    'the idempotency key was used for another request',
    'use a new key for a new request',
  ),
  idempotency_in_flight: problem(
    409,
    'later',
    'the same request is still being answered',
    'wait as Retry-After says, then send it again with the same key',
  ),
  cursor_invalid: problem(400, 'change', 'the cursor is not one of ours', 'start without a cursor'),
  route_not_found: problem(404, 'never', 'there is no such route', 'see /openapi.json'),
  method_not_allowed: problem(
    405,
    'change',
    'the route does not take this method',
    'see /openapi.json',
  ),
  // Who sent it
  credentials_missing: problem(
    401,
    'change',
    'no API key was sent',
    'send it as Authorization: Bearer',
  ),
  credentials_invalid: problem(
    401,
    'change',
    'the API key is not valid',
    'use a key that is neither revoked nor mistyped',
  ),
  scope_missing: problem(
    403,
    'change',
    'the API key may not do this',
    'use a key with the scope in the detail',
  ),
  caller_mismatch: problem(
    403,
    'change',
    'the caller is not the principal this is reserved for',
    'call with the key of that principal',
  ),
  principal_not_active: problem(
    409,
    'later',
    'a principal concerned is not active',
    'ask an operator to activate the principal in the detail',
  ),
  // Signed objects
  jws_malformed: problem(
    422,
    'change',
    'the signed object is not a compact JWS as specified',
    'encode it as spec/signed-objects.md says',
  ),
  jws_type_mismatch: problem(
    422,
    'change',
    'the signed object has another type',
    'sign an object of the type this route takes',
  ),
  jws_not_canonical: problem(
    422,
    'change',
    'the payload is not canonical JSON',
    'sign the RFC 8785 form',
  ),
  signing_key_unknown: problem(
    422,
    'change',
    'the signing key is not registered',
    'register the key for its principal',
  ),
  signing_key_purpose_mismatch: problem(
    422,
    'change',
    'the signing key has another purpose',
    'sign with the key registered for this purpose',
  ),
  signing_key_not_valid: problem(
    422,
    'change',
    'the signing key was not valid at that time',
    'sign with a key that is valid now',
  ),
  signing_key_owner_mismatch: problem(
    422,
    'change',
    'the signing key belongs to another principal',
    'sign with a key of the principal the object names',
  ),
  signature_invalid: problem(
    422,
    'change',
    'the signature does not match',
    'sign exactly the bytes that are sent',
  ),
  tenant_mismatch: problem(
    422,
    'change',
    'the signed object names another tenant',
    'name the tenant of the API key',
  ),
  environment_mismatch: problem(
    422,
    'change',
    'the signed object names another environment',
    'name the environment of the API key',
  ),
  time_out_of_range: problem(
    422,
    'change',
    'the signed object was made too far from now',
    'check the clock; sign again',
  ),
  // Principals and keys
  principal_not_found: problem(404, 'never', 'there is no such principal', 'check the id'),
  principal_already_exists: problem(409, 'never', 'a principal has this id', 'register another id'),
  principal_mismatch: problem(
    422,
    'change',
    'the act is about another principal than the request',
    'send it to the principal that it names',
  ),
  role_not_held: problem(
    403,
    'change',
    'the operator does not hold the role that the act names',
    'act in a role you hold, or ask for the role; see `surety principal roles list`',
  ),
  role_not_assignable: problem(
    403,
    'never',
    'the role of the operator may not assign or withdraw that role',
    'ask an incident_commander',
  ),
  role_change_own: problem(403, 'never', 'nobody changes their own roles', 'ask another operator'),
  role_holder_not_person: problem(
    422,
    'change',
    'only a person holds a role',
    'register the person, and assign the role to them',
  ),
  role_already_held: problem(
    409,
    'never',
    'the person holds the role already',
    'nothing is left to do',
  ),
  role_not_assigned: problem(
    409,
    'never',
    'the person does not hold the role',
    'nothing is left to do',
  ),
  role_limit: problem(
    409,
    'never',
    'too many roles were assigned to the person over time',
    'register the person anew',
  ),
  operator_key_not_own: problem(
    403,
    'never',
    'what a person who holds a role acts with changes by that person alone',
    'let them do it, with a signed act where it is a signing key; or withdraw their roles first',
  ),
  operator_key_in_use: problem(
    409,
    'change',
    'the key that is to end signed the act that asks for it',
    'sign with another key of your own, added before',
  ),
  operator_lifecycle_fixed: problem(
    409,
    'change',
    'a person who holds a role stays active',
    'withdraw their roles first, or order a revocation together with another person',
  ),
  principal_transition_illegal: problem(
    409,
    'change',
    'a principal does not go from its state to that one',
    'see docs/concepts/principals.md',
  ),
  principal_key_exists: problem(409, 'never', 'the key is registered already', 'use a new key'),
  principal_key_not_found: problem(404, 'never', 'the principal has no such key', 'check the kid'),
  principal_key_limit: problem(
    409,
    'change',
    'the principal has as many keys as one may have',
    'retired keys count too: register a new principal',
  ),
  principal_key_weak: problem(
    422,
    'change',
    'the key is not a usable Ed25519 point',
    'generate a new key',
  ),
  api_key_not_found: problem(404, 'never', 'there is no such API key', 'check the id'),
  api_key_revoked: problem(409, 'never', 'the API key is revoked', 'create a new one'),
  scope_not_grantable: problem(
    403,
    'change',
    'an API key cannot give scopes its caller or its principal may not have',
    'ask for fewer scopes',
  ),
  // Money
  deposit_already_recorded: problem(
    409,
    'never',
    'this source and reference are recorded already',
    'look the deposit up; nothing was added',
  ),
  asset_unknown: problem(
    422,
    'change',
    'the asset is not in the registry',
    'use an asset of spec/money-and-time.md',
  ),
  amount_invalid: problem(
    422,
    'change',
    'the amount is not usable',
    'send a positive integer of minor units as decimal digits',
  ),
  amount_overflow: problem(
    422,
    'change',
    'a balance would pass eighteen digits',
    'use several accounts',
  ),
  account_not_found: problem(
    404,
    'never',
    'there is no such account',
    'check the principal and the asset',
  ),
} as const satisfies Readonly<Record<string, ProblemType>>
