/** Policy: the profiles, which of them rule or watch, and what was decided under them. */

import { Type } from '@sinclair/typebox'
import {
  closed,
  DecisionRecord,
  err,
  HashText,
  InstantText,
  instantOf,
  JwsText,
  ok,
  Profile,
} from '@surety/protocol'
import { listDecisions } from '../../app/decision/list-decisions.ts'
import { applyProfile } from '../../app/profile/apply-profile.ts'
import { endShadow } from '../../app/profile/end-shadow.ts'
import { listProfiles, readActiveProfile, readProfile } from '../../app/profile/read-profiles.ts'
import { seesPolicy } from '../../app/read.ts'
import { run } from '../../app/runtime.ts'
import { paged, pageQuery } from '../paging.ts'
import { ACTION_PROBLEMS, plain, type Route, route, signed } from '../route.ts'
import { ProfileView, pageOf } from '../views.ts'

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

/** A profile tells what may be asked at most. */
const NOT_FOR_PAYEES = err(
  'scope_missing',
  'a scope of who pays: read:all, grants:write, gates:write',
)

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
  handle: async ({ app, caller }) =>
    seesPolicy(caller) ? plain(ok(await readActiveProfile(app, caller))) : NOT_FOR_PAYEES,
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
    seesPolicy(caller) ? plain(await readProfile(app, caller, params.policyHash)) : NOT_FOR_PAYEES,
})

const profiles = route({
  method: 'GET',
  path: '/v1/profiles',
  summary: 'List every profile that was ever applied, in the order of their hashes',
  scope: 'read',
  params: null,
  query: closed(pageQuery),
  body: null,
  status: 200,
  answer: pageOf(ProfileView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    seesPolicy(caller)
      ? paged(query, false, (page) => listProfiles(app, caller, page))
      : NOT_FOR_PAYEES,
})

const decisions = route({
  method: 'GET',
  path: '/v1/decisions',
  summary: 'List decisions with the facts they were made from, the oldest gate first',
  description:
    'For replay: `since` and `until` say when gates were declared, both inclusive; the limit counts gates.',
  scope: 'read:all',
  params: null,
  query: closed({
    ...pageQuery,
    since: Type.Optional(InstantText),
    until: Type.Optional(InstantText),
  }),
  body: null,
  status: 200,
  answer: pageOf(DecisionRecord),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) => {
    const span = { since: momentOf(query.since), until: momentOf(query.until) }
    return paged(query, false, (page) => listDecisions(app, caller, page, span))
  },
})

function momentOf(text: string | undefined) {
  return text === undefined ? undefined : instantOf(text)
}

export const policyRoutes: readonly Route[] = [
  apply,
  endingShadow,
  active,
  profiles,
  profile,
  decisions,
]
