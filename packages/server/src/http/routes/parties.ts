/** Principals, their keys and lifecycle; API keys; deposits and accounts. */
import { Type } from '@sinclair/typebox'
import {
  closed,
  idOf,
  JwsText,
  KidText,
  Lifecycle,
  ok,
  PartyPurpose,
  PrincipalKind,
  PublicJwkObject,
  toBase64url,
  words,
} from '@surety/protocol'
import {
  type ApiScope,
  apiKeyText,
  createApiKey,
  revokeApiKey,
  rotateApiKey,
  SCOPES,
} from '../../app/api-key/api-keys.ts'
import { recordDeposit } from '../../app/house/record-deposit.ts'
import { changeLifecycle, registerPrincipal } from '../../app/principal/principals.ts'
import { changeRole } from '../../app/principal/roles.ts'
import { addKey, retireKey } from '../../app/principal/signing-keys.ts'
import { listApiKeys, listPrincipals, readAccounts, readPrincipal } from '../../app/read.ts'
import { type App, type Caller, run, type Signed } from '../../app/runtime.ts'
import { paged, pageQuery } from '../paging.ts'
import {
  ACTION_PROBLEMS,
  PARTY_PROBLEMS,
  plain,
  type Reply,
  type Route,
  route,
  signed,
} from '../route.ts'
import { AccountView, ApiKeyView, DepositView, PrincipalView, pageOf } from '../views.ts'

const NewKey = closed({ publicKey: PublicJwkObject, purpose: PartyPurpose })
const principalParams = closed({ principalId: idOf('prn') })
const apiKeyParams = closed({ keyId: idOf('key') })

const register = route({
  method: 'POST',
  path: '/v1/principals',
  summary: 'Register a principal with its public keys',
  scope: 'principals:write',
  params: null,
  query: null,
  body: closed({
    kind: PrincipalKind,
    name: Type.String({ minLength: 1, maxLength: 120 }),
    keys: Type.Array(NewKey, { maxItems: 8 }),
  }),
  status: 201,
  answer: PrincipalView,
  problems: ['principal_key_weak', 'principal_key_exists'],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, registerPrincipal(body, idempotency))),
})

const listing = route({
  method: 'GET',
  path: '/v1/principals',
  summary: 'List principals',
  scope: 'read',
  params: null,
  query: closed(pageQuery),
  body: null,
  status: 200,
  answer: pageOf(PrincipalView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    paged(query, true, (page) => listPrincipals(app, caller, page)),
})

const reading = route({
  method: 'GET',
  path: '/v1/principals/{principalId}',
  summary: 'Read a principal and its public keys',
  scope: 'read',
  params: principalParams,
  query: null,
  body: null,
  status: 200,
  answer: PrincipalView,
  problems: ['principal_not_found'],
  handle: async ({ app, caller, params }) =>
    plain(await readPrincipal(app, caller, params.principalId)),
})

/** What may be wrong with a change of keys: where they are an operator's, it takes an act. */
const KEY_PROBLEMS = [
  ...ACTION_PROBLEMS,
  'principal_not_found',
  'principal_mismatch',
  'operator_key_not_own',
] as const

const newKey = route({
  method: 'POST',
  path: '/v1/principals/{principalId}/keys',
  summary: 'Add a public key to a principal',
  scope: 'principals:write',
  params: principalParams,
  query: null,
  body: closed({
    publicKey: PublicJwkObject,
    purpose: PartyPurpose,
    action: Type.Optional(JwsText),
  }),
  status: 201,
  answer: PrincipalView,
  problems: [...KEY_PROBLEMS, 'principal_key_exists', 'principal_key_limit', 'principal_key_weak'],
  handle: async ({ app, caller, params, body, idempotency }) =>
    signed(await run(app, caller, addKey(app, caller, { ...params, ...body }, idempotency))),
})

const endKey = route({
  method: 'POST',
  path: '/v1/principals/{principalId}/keys/{kid}/retire',
  summary: 'Retire a public key; what it signed before stays valid',
  scope: 'principals:write',
  params: closed({ principalId: idOf('prn'), kid: KidText }),
  query: null,
  body: closed({ action: Type.Optional(JwsText) }),
  status: 201,
  answer: PrincipalView,
  problems: [...KEY_PROBLEMS, 'principal_key_not_found', 'operator_key_in_use'],
  handle: async ({ app, caller, params, body, idempotency }) =>
    signed(await run(app, caller, retireKey(app, caller, { ...params, ...body }, idempotency))),
})

const lifecycle = route({
  method: 'POST',
  path: '/v1/principals/{principalId}/lifecycle',
  summary: 'Move a principal along its lifecycle; only an active one may act',
  scope: 'principals:write',
  params: principalParams,
  query: null,
  body: closed({ to: Lifecycle, reason: Type.String({ minLength: 1, maxLength: 280 }) }),
  status: 201,
  answer: PrincipalView,
  problems: ['principal_not_found', 'principal_transition_illegal', 'operator_lifecycle_fixed'],
  handle: async ({ app, caller, params, body, idempotency }) =>
    signed(await run(app, caller, changeLifecycle(params.principalId, body, idempotency))),
})

const roles = route({
  method: 'POST',
  path: '/v1/principals/{principalId}/roles',
  summary: 'Assign a role to a person or withdraw it, on an operator’s signed act',
  scope: 'roles:write',
  params: principalParams,
  query: null,
  body: closed({ action: JwsText }),
  status: 201,
  answer: PrincipalView,
  problems: [
    ...PARTY_PROBLEMS,
    'time_out_of_range',
    'principal_not_found',
    'principal_mismatch',
    'operator_action_used',
    'role_not_held',
    'role_change_own',
    'role_not_assignable',
    'role_holder_not_person',
    'role_already_held',
    'role_not_assigned',
    'role_limit',
  ],
  handle: async ({ app, caller, params, body, idempotency }) =>
    signed(await run(app, caller, changeRole(app, caller, { ...params, ...body }, idempotency))),
})

/** A secret of 256 bits, and the keyed hash that is all we keep of it. */
function mintSecret(app: App): { readonly secret: string; readonly secretHash: string } {
  const secret = toBase64url(app.random.bytes(32))
  return { secret, secretHash: app.mac(secret) }
}

/** Adds the one showing of the secret to the answer. */
function shown(caller: Caller, result: Awaited<ReturnType<typeof run>>, secret: string): Reply {
  if (!result.ok) return result
  const { view } = result.value
  const text = apiKeyText(caller.scope.environment, String(view.keyId), secret)
  const once: Signed = { ...result.value, view: { ...view, secret: text } }
  return signed(ok(once))
}

const createKey = route({
  method: 'POST',
  path: '/v1/api-keys',
  summary: 'Create an API key for a principal; its secret is shown once',
  scope: 'keys:write',
  params: null,
  query: null,
  body: closed({
    principalId: idOf('prn'),
    name: Type.String({ minLength: 1, maxLength: 120 }),
    scopes: Type.Array(words(Object.keys(SCOPES) as ApiScope[]), { minItems: 1, maxItems: 16 }),
  }),
  status: 201,
  answer: ApiKeyView,
  problems: ['principal_not_found', 'scope_not_grantable', 'operator_key_not_own'],
  handle: async ({ app, caller, body }) => {
    const minted = mintSecret(app)
    return shown(caller, await run(app, caller, createApiKey(caller, body, minted)), minted.secret)
  },
})

const listKeys = route({
  method: 'GET',
  path: '/v1/api-keys',
  summary: 'List API keys, without their secrets',
  scope: 'read',
  params: null,
  query: closed(pageQuery),
  body: null,
  status: 200,
  answer: pageOf(ApiKeyView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    paged(query, true, (page) => listApiKeys(app, caller, page)),
})

const rotateKey = route({
  method: 'POST',
  path: '/v1/api-keys/{keyId}/rotate',
  summary: 'Give an API key a new secret, shown once; the old one ends at once',
  scope: 'keys:write',
  params: apiKeyParams,
  query: null,
  body: null,
  status: 201,
  answer: ApiKeyView,
  problems: ['api_key_not_found', 'api_key_revoked', 'scope_not_grantable', 'operator_key_not_own'],
  handle: async ({ app, caller, params }) => {
    const minted = mintSecret(app)
    const rotated = await run(app, caller, rotateApiKey(app, caller, params.keyId, minted))
    return shown(caller, rotated, minted.secret)
  },
})

const revokeKey = route({
  method: 'POST',
  path: '/v1/api-keys/{keyId}/revoke',
  summary: 'Revoke an API key; the next request with it is refused',
  scope: 'keys:write',
  params: apiKeyParams,
  query: null,
  body: null,
  status: 201,
  answer: ApiKeyView,
  problems: ['api_key_not_found', 'api_key_revoked', 'scope_not_grantable', 'operator_key_not_own'],
  handle: async ({ app, caller, params, idempotency }) =>
    signed(await run(app, caller, revokeApiKey(app, caller, params.keyId, idempotency))),
})

const deposit = route({
  method: 'POST',
  path: '/v1/deposits',
  summary: 'Record a confirmed movement of money into the house, signed by an operator',
  scope: 'deposits:write',
  params: null,
  query: null,
  body: closed({ action: JwsText }),
  status: 201,
  answer: DepositView,
  problems: [
    ...PARTY_PROBLEMS,
    'amount_invalid',
    'amount_overflow',
    'deposit_already_recorded',
    'asset_unknown',
    'principal_not_found',
    'time_out_of_range',
  ],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, recordDeposit(app, caller, body.action, idempotency))),
})

const accounts = route({
  method: 'GET',
  path: '/v1/accounts',
  summary: 'Read the balances of a principal, or of every account',
  scope: 'read',
  params: null,
  query: closed({ principalId: Type.Optional(idOf('prn')) }),
  body: null,
  status: 200,
  answer: Type.Array(AccountView),
  problems: ['account_not_found'],
  handle: async ({ app, caller, query }) =>
    plain(await readAccounts(app, caller, query.principalId)),
})

export const partyRoutes: readonly Route[] = [
  register,
  listing,
  reading,
  newKey,
  endKey,
  lifecycle,
  roles,
  createKey,
  listKeys,
  rotateKey,
  revokeKey,
  deposit,
  accounts,
]
