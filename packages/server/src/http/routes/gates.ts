/** Gates: declare, authorize, execute, prove, void, read. */
import { Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  ContestText,
  closed,
  HashText,
  InstantText,
  idOf,
  JwsText,
  NameText,
  NonceText,
  PROBLEMS,
  type ProblemCode,
  RequestFingerprint,
} from '@surety/protocol'
import { exportBundle } from '../../app/bundle/export-bundle.ts'
import { authorizeGate } from '../../app/gate/authorize-gate.ts'
import { contestHoldback } from '../../app/gate/contest-holdback.ts'
import { declareGate } from '../../app/gate/declare-gate.ts'
import { voidGate } from '../../app/gate/end-gate.ts'
import { type ExecutionRequest, executeGate } from '../../app/gate/execute-gate.ts'
import { type EvidenceRequest, submitEvidence } from '../../app/gate/submit-evidence.ts'
import { listGates, readGate, readGateEvents } from '../../app/read.ts'
import { run } from '../../app/runtime.ts'
import { paged, pageQuery } from '../paging.ts'
import { PARTY_PROBLEMS, plain, type Route, route, SIGNATURE_PROBLEMS, signed } from '../route.ts'
import { EventView, GateView, pageOf } from '../views.ts'

const params = closed({ gateId: idOf('gat') })
const ExecutionBody = closed({
  authorization: JwsText,
  request: RequestFingerprint,
  amount: Type.Optional(AmountText),
  asset: Type.Optional(AssetText),
  payee: Type.Optional(idOf('prn')),
  rail: Type.Optional(NameText),
  grantHash: Type.Optional(HashText),
  policyHash: Type.Optional(HashText),
  nonce: Type.Optional(NonceText),
  notAfter: Type.Optional(InstantText),
})
const EvidenceBody = closed({
  response: JwsText,
  body: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: 1_048_576 })),
})

const BINDING_PROBLEMS = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) =>
  code.startsWith('binding_'),
)

const declare = route({
  method: 'POST',
  path: '/v1/gates',
  summary: 'Declare a gate for a signed intent',
  scope: 'gates:write',
  params: null,
  query: null,
  body: closed({ intent: JwsText }),
  status: 201,
  answer: GateView,
  problems: [
    ...PARTY_PROBLEMS,
    'intent_already_declared',
    'nonce_already_used',
    'intent_expired',
    'intent_lifetime_invalid',
    'amount_invalid',
    'fingerprint_not_canonical',
  ],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, declareGate(app, caller, body.intent, idempotency))),
})

const authorize = route({
  method: 'POST',
  path: '/v1/gates/{gateId}/authorize',
  summary: 'Decide on a declared gate',
  description:
    'Answers 201 with the decision whatever it is. An allowing decision holds the money and yields the authorization, signed, among the receipts.',
  scope: 'gates:write',
  params,
  query: null,
  body: null,
  status: 201,
  answer: GateView,
  problems: [
    'gate_not_found',
    'gate_not_declared',
    'approval_pending',
    'approval_not_pending',
    'approval_expired',
    'amount_overflow',
    'signing_key_not_valid',
  ],
  handle: async ({ app, caller, params: { gateId }, idempotency }) =>
    signed(await run(app, caller, authorizeGate(app, caller, gateId, idempotency))),
})

const execute = route({
  method: 'POST',
  path: '/v1/gates/{gateId}/execute',
  summary: 'Consume the authorization, before doing the work',
  description:
    'The agent or the payee presents the authorization and what is about to be done. It is consumed once; any difference is refused.',
  scope: 'gates:execute',
  params,
  query: null,
  body: ExecutionBody,
  status: 201,
  answer: GateView,
  problems: [
    ...SIGNATURE_PROBLEMS,
    ...BINDING_PROBLEMS,
    'gate_not_found',
    'gate_not_authorized',
    'gate_paid_by_rail',
    'authorization_consumed',
    'authorization_expired',
    'authorization_mismatch',
    'commit_policy_changed',
    'commit_grant_not_usable',
    'commit_control_active',
  ],
  handle: async ({ app, caller, params: { gateId }, body, idempotency }) => {
    const call = { gateId, body: body as ExecutionRequest }
    return signed(await run(app, caller, executeGate(app, caller, call, idempotency)))
  },
})

const prove = route({
  method: 'POST',
  path: '/v1/gates/{gateId}/evidence',
  summary: 'Submit the signed response of the provider; it is judged and settled',
  scope: 'evidence:write',
  params,
  query: null,
  body: EvidenceBody,
  status: 201,
  answer: GateView,
  problems: [
    'gate_not_found',
    'gate_not_executing',
    'gate_settled',
    'commit_control_active',
    'evidence_not_authentic',
    'evidence_body_mismatch',
    'evidence_from_the_future',
  ],
  handle: async ({ app, caller, params: { gateId }, body, idempotency }) => {
    const call = { gateId, body: body as EvidenceRequest }
    return signed(await run(app, caller, submitEvidence(app, caller, call, idempotency)))
  },
})

const giveBack = route({
  method: 'POST',
  path: '/v1/gates/{gateId}/void',
  summary: 'Give an authorization back unused',
  scope: 'gates:write',
  params,
  query: null,
  body: null,
  status: 201,
  answer: GateView,
  problems: ['gate_not_found', 'gate_not_authorized'],
  handle: async ({ app, caller, params: { gateId }, idempotency }) =>
    signed(await run(app, caller, voidGate(app, caller, gateId, idempotency))),
})

const contest = route({
  method: 'POST',
  path: '/v1/gates/{gateId}/contest',
  summary: 'Say that what is held back should not go to the payee yet',
  description:
    'The agent and the payer may until the window ends; an operator as long as it is held. It stays held, and people are asked: their answer divides it.',
  scope: 'gates:write',
  params,
  query: null,
  body: closed({ text: ContestText }),
  status: 201,
  answer: GateView,
  problems: ['gate_not_found', 'holdback_not_held', 'holdback_contested', 'holdback_window_ended'],
  handle: async ({ app, caller, params: { gateId }, body: { text }, idempotency }) =>
    signed(await run(app, caller, contestHoldback(app, caller, { gateId, text }, idempotency))),
})

const listing = route({
  method: 'GET',
  path: '/v1/gates',
  summary: 'List gates, newest first',
  scope: 'read',
  params: null,
  query: closed({ ...pageQuery, state: Type.Optional(GateView.properties.state) }),
  body: null,
  status: 200,
  answer: pageOf(GateView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    paged(query, true, (page) => listGates(app, caller, page, query.state)),
})

const reading = route({
  method: 'GET',
  path: '/v1/gates/{gateId}',
  summary: 'Read a gate with its signed receipts',
  scope: 'read',
  params,
  query: null,
  body: null,
  status: 200,
  answer: GateView,
  problems: ['gate_not_found'],
  handle: async ({ app, caller, params: { gateId } }) => plain(await readGate(app, caller, gateId)),
})

const journal = route({
  method: 'GET',
  path: '/v1/gates/{gateId}/events',
  summary: 'Read the journal of a gate',
  scope: 'read',
  params,
  query: null,
  body: null,
  status: 200,
  answer: Type.Array(EventView),
  problems: ['gate_not_found'],
  handle: async ({ app, caller, params: { gateId } }) =>
    plain(await readGateEvents(app, caller, gateId)),
})

const bundle = route({
  method: 'GET',
  path: '/v1/gates/{gateId}/bundle',
  summary: 'Export the bundle that proves a gate offline',
  description:
    'For the agent, the payer and whoever reads all: it holds what the payer had and would have paid. A payee has its signed receipts with the gate.',
  scope: 'read',
  params,
  query: null,
  body: null,
  status: 200,
  answer: closed({
    gateId: idOf('gat'),
    files: Type.Array(
      closed({ path: Type.String(), content: Type.String({ description: 'base64url' }) }),
    ),
  }),
  problems: ['gate_not_found', 'bundle_not_ready', 'bundle_not_for_payee'],
  handle: async ({ app, caller, params: { gateId } }) =>
    plain(await exportBundle(app, caller, gateId)),
})

export const gateRoutes: readonly Route[] = [
  declare,
  listing,
  reading,
  authorize,
  execute,
  prove,
  giveBack,
  contest,
  journal,
  bundle,
]
