/** Grants and profiles. */
import { Type } from '@sinclair/typebox'
import { closed, HashText, JwsText, ok, Profile } from '@surety/protocol'
import { issueGrant, revokeGrant } from '../../app/grant/grants.ts'
import { applyProfile } from '../../app/profile/apply-profile.ts'
import { endShadow } from '../../app/profile/end-shadow.ts'
import { listGrants, readActiveProfile, readGrant, readProfile } from '../../app/read.ts'
import { run } from '../../app/runtime.ts'
import { paged, pageQuery } from '../paging.ts'
import { ACTION_PROBLEMS, PARTY_PROBLEMS, plain, type Route, route, signed } from '../route.ts'
import { GrantView, ProfileView, pageOf } from '../views.ts'

const grantParams = closed({ grantHash: HashText })

const issue = route({
  method: 'POST',
  path: '/v1/grants',
  summary: 'Issue a grant that its grantor signed',
  scope: 'grants:write',
  params: null,
  query: null,
  body: closed({ grant: JwsText }),
  status: 201,
  answer: GrantView,
  problems: [
    ...PARTY_PROBLEMS,
    'grant_not_found',
    'grant_already_exists',
    'grant_self',
    'grant_window_invalid',
    'grant_root_not_allowed',
    'grant_parent_not_usable',
    'grant_chain_mismatch',
    'grant_depth_exceeded',
    'grant_escalates',
    'grant_not_narrower',
    'principal_not_found',
  ],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, issueGrant(app, caller, body.grant, idempotency))),
})

const revoke = route({
  method: 'POST',
  path: '/v1/grants/{grantHash}/revoke',
  summary: 'Revoke a grant and all below it, for good',
  scope: 'grants:write',
  params: grantParams,
  query: null,
  body: closed({ reason: Type.String({ minLength: 1, maxLength: 280 }) }),
  status: 201,
  answer: GrantView,
  problems: ['grant_not_found', 'grant_already_revoked'],
  handle: async ({ app, caller, params, body, idempotency }) => {
    const revoking = { grantHash: params.grantHash, reason: body.reason }
    return signed(await run(app, caller, revokeGrant(app, caller, revoking, idempotency)))
  },
})

const listing = route({
  method: 'GET',
  path: '/v1/grants',
  summary: 'List grants',
  scope: 'read',
  params: null,
  query: closed(pageQuery),
  body: null,
  status: 200,
  answer: pageOf(GrantView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    paged(query, false, (page) => listGrants(app, caller, page)),
})

const reading = route({
  method: 'GET',
  path: '/v1/grants/{grantHash}',
  summary: 'Read a grant, the signed object, and how much of it is used',
  scope: 'read',
  params: grantParams,
  query: null,
  body: null,
  status: 200,
  answer: GrantView,
  problems: ['grant_not_found'],
  handle: async ({ app, caller, params }) => plain(await readGrant(app, caller, params.grantHash)),
})

const apply = route({
  method: 'POST',
  path: '/v1/profiles',
  summary: 'Apply a profile that an operator signed for; from the next decision on it rules',
  description:
    'A profile whose mode is `shadow` decides nothing: it is asked beside the one that rules.',
  scope: 'profiles:write',
  params: null,
  query: null,
  body: closed({ profile: closed(Profile.properties), action: JwsText }),
  status: 201,
  answer: ProfileView,
  problems: [
    ...ACTION_PROBLEMS,
    'profile_invalid',
    'profile_not_found',
    'profile_ruling_changed',
    'profile_version_exists',
    'profile_version_stale',
  ],
  handle: async ({ app, caller, body, idempotency }) => {
    const { profile, action } = body
    const change = { profile: profile as Profile, action }
    return signed(await run(app, caller, applyProfile(app, caller, change, idempotency)))
  },
})

const endingShadow = route({
  method: 'POST',
  path: '/v1/profiles/shadow/end',
  summary: 'End the profile that runs in shadow',
  scope: 'profiles:write',
  params: null,
  query: null,
  body: closed({ action: JwsText }),
  status: 201,
  answer: ProfileView,
  problems: [...ACTION_PROBLEMS, 'profile_shadow_not_found'],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, endShadow(app, caller, body.action, idempotency))),
})

const active = route({
  method: 'GET',
  path: '/v1/profiles/active',
  summary: 'Read the profile that rules; the built-in deny-all where none was applied',
  scope: 'read',
  params: null,
  query: null,
  body: null,
  status: 200,
  answer: ProfileView,
  problems: [],
  handle: async ({ app, caller }) => plain(ok(await readActiveProfile(app, caller))),
})

const profile = route({
  method: 'GET',
  path: '/v1/profiles/{policyHash}',
  summary: 'Read a profile by its hash',
  scope: 'read',
  params: closed({ policyHash: HashText }),
  query: null,
  body: null,
  status: 200,
  answer: ProfileView,
  problems: ['profile_not_found'],
  handle: async ({ app, caller, params }) =>
    plain(await readProfile(app, caller, params.policyHash)),
})

export const authorityRoutes: readonly Route[] = [
  issue,
  listing,
  reading,
  revoke,
  apply,
  endingShadow,
  active,
  profile,
]
