/** Emergency controls: stop, look, drain, resume. */
import { Type } from '@sinclair/typebox'
import { closed, idOf, JwsText, words } from '@surety/protocol'
import { drainControl } from '../../app/control/drain.ts'
import { orderControl } from '../../app/control/order-control.ts'
import { inFlight, listControls, readControl } from '../../app/control/read.ts'
import { run } from '../../app/runtime.ts'
import { paged, pageQuery } from '../paging.ts'
import { PARTY_PROBLEMS, plain, type Route, route, signed } from '../route.ts'
import { ControlView, DrainView, HoldInFlight, pageOf } from '../views.ts'

const controlParams = closed({ controlId: idOf('ctl') })
const ORDER_PROBLEMS = [...PARTY_PROBLEMS, 'time_out_of_range', 'role_not_held'] as const

const order = route({
  method: 'POST',
  path: '/v1/controls',
  summary: 'Impose or lift an emergency control, on the signed orders of one or two operators',
  description:
    'Effective on the next decision after the commit. The same acts again are answered again.',
  scope: 'controls:write',
  params: null,
  query: null,
  body: closed({
    actions: Type.Array(JwsText, {
      minItems: 1,
      maxItems: 2,
      description: 'OperatorAction.v1 with action control; two where it takes two people',
    }),
  }),
  status: 201,
  answer: ControlView,
  problems: [
    ...ORDER_PROBLEMS,
    'control_orders_differ',
    'control_not_found',
    'control_already_exists',
    'control_already_lifted',
    'control_revocation_final',
    'control_selector_invalid',
    'control_until_invalid',
    'control_target_operator',
    'control_limit',
    'dual_control_required',
    'dual_control_same_person',
    'dual_control_same_key',
    'operator_role_insufficient',
    'principal_not_found',
    'grant_not_found',
    'api_key_not_found',
    'profile_not_found',
  ],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, orderControl(app, caller, body.actions, idempotency))),
})

const listing = route({
  method: 'GET',
  path: '/v1/controls',
  summary: 'List emergency controls, the newest first',
  scope: 'read:all',
  params: null,
  query: closed({ ...pageQuery, state: Type.Optional(words(['active', 'lifted'])) }),
  body: null,
  status: 200,
  answer: pageOf(ControlView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    paged(query, true, (page) => listControls(app, caller, page, query.state)),
})

const reading = route({
  method: 'GET',
  path: '/v1/controls/{controlId}',
  summary: 'Read an emergency control, with its signed statements',
  scope: 'read:all',
  params: controlParams,
  query: null,
  body: null,
  status: 200,
  answer: ControlView,
  problems: ['control_not_found'],
  handle: async ({ app, caller, params }) =>
    plain(await readControl(app, caller, params.controlId)),
})

const flying = route({
  method: 'GET',
  path: '/v1/controls/{controlId}/in-flight',
  summary: 'List the holds that were under way when the control was imposed, and still are',
  scope: 'read:all',
  params: controlParams,
  query: closed(pageQuery),
  body: null,
  status: 200,
  answer: pageOf(HoldInFlight),
  problems: ['control_not_found', 'cursor_invalid'],
  handle: async ({ app, caller, params, query }) => {
    const page = await paged(query, false, (of) => inFlight(app, caller, params.controlId, of))
    if (!page.ok) return page
    const known = await readControl(app, caller, params.controlId)
    return known.ok ? page : known
  },
})

const draining = route({
  method: 'POST',
  path: '/v1/controls/{controlId}/drain',
  summary: 'Give back what the control caught before it began, on an operator’s signed order',
  description: 'Up to 64 gates under way are looked at; `next` says where to go on.',
  scope: 'controls:write',
  params: controlParams,
  query: null,
  body: closed({ action: JwsText, after: Type.Optional(idOf('gat')) }),
  status: 201,
  answer: DrainView,
  problems: [
    ...ORDER_PROBLEMS,
    'control_not_found',
    'control_already_lifted',
    'control_drained_already',
    'control_selector_invalid',
    'operator_role_insufficient',
  ],
  handle: async ({ app, caller, params, body, idempotency }) => {
    const { action, after } = body
    const call = { ...params, action, after }
    return signed(await run(app, caller, drainControl(app, caller, call, idempotency)))
  },
})

export const controlRoutes: readonly Route[] = [order, listing, reading, flying, draining]
