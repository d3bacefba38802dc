/** Grants. */
import { Type } from '@sinclair/typebox'
import { closed, HashText, JwsText } from '@surety/protocol'
import { issueGrant, revokeGrant } from '../../app/grant/grants.ts'
import { listGrants, readGrant } from '../../app/read.ts'
import { run } from '../../app/runtime.ts'
import { paged, pageQuery } from '../paging.ts'
import { PARTY_PROBLEMS, plain, type Route, route, signed } from '../route.ts'
import { GrantView, pageOf } from '../views.ts'

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

export const authorityRoutes: readonly Route[] = [issue, listing, reading, revoke]
