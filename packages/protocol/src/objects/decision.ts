/**
 * A decision: the facts it was made from, the decision itself, and the authorization it yields.
 *
 * Rules: spec/decision.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  DecisionOutcome,
  document,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  KidText,
  NameText,
  NonceText,
  words,
} from '../schema.ts'
import { GRANT_DEPTH_MAX, GrantBounds } from './grant.ts'
import { ExecutionIntent } from './intent.ts'
import { Quote, WalletFacts } from './payment.ts'
import { ApprovalRecord } from './people/approval.ts'
import { ControlFacts } from './people/control.ts'

export const Lifecycle = words([
  'provisioned',
  'active',
  'throttled',
  'suspended',
  'quarantined',
  'frozen',
  'decommissioned',
  'archived',
])
export type Lifecycle = Static<typeof Lifecycle>

export const PrincipalKind = words(['person', 'organisation', 'agent', 'service', 'app'])
export type PrincipalKind = Static<typeof PrincipalKind>

const PartyFacts = closed({
  principalId: idOf('prn'),
  kind: PrincipalKind,
  lifecycle: Lifecycle,
})

const GrantFacts = closed({
  grantHash: HashText,
  grantId: idOf('grt'),
  parentGrantHash: Type.Union([HashText, Type.Null()]),
  grantorId: idOf('prn'),
  granteeId: idOf('prn'),
  payerId: idOf('prn'),
  environment: EnvironmentWord,
  depth: Type.Integer({ minimum: 0, maximum: GRANT_DEPTH_MAX }),
  bounds: GrantBounds,
  notBefore: InstantText,
  expiresAt: InstantText,
  revoked: Type.Boolean(),
  grantorLifecycle: Lifecycle,
})
export type GrantFacts = Static<typeof GrantFacts>

/** `subject`: `grant:<hash>`, `principal:<id>` or `tenant`. Amounts before this decision. */
const CounterFacts = closed({
  subject: Type.String({ maxLength: 80 }),
  asset: Type.Union([AssetText, Type.Literal('*')], {
    description: 'an asset; * counts uses of any',
  }),
  period: words(['day', 'month', 'total', 'count']),
  start: Type.Union([InstantText, Type.Null()]),
  reserved: AmountText,
  spent: AmountText,
})
export type CounterFacts = Static<typeof CounterFacts>

/** What is known of the tool that is called. */
const ToolFacts = closed({
  name: NameText,
  version: Type.Union([NameText, Type.Null()]),
  versionKnown: Type.Boolean(),
  manifestHash: Type.Union([HashText, Type.Null()]),
})

/** What is known of the conversation the request comes from. */
export const SessionFacts = closed({
  sessionId: NameText,
  tainted: Type.Boolean(),
  signals: Type.Array(words(['prompt_contagion', 'bad_actor']), { maxItems: 2, uniqueItems: true }),
})

/** How often it happened, at least, within the window that ends at this decision. */
const RateFacts = closed({
  subject: Type.String({
    maxLength: 80,
    description: 'rate:<rule>:<whose>, sequence:<rule>:<whose>',
  }),
  windowMs: Type.Integer({ minimum: 10_000, maximum: 2_678_400_000 }),
  count: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 }),
})
export type RateFacts = Static<typeof RateFacts>

export const DecisionFacts = document(
  'DecisionFacts.v1',
  {
    at: InstantText,
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    intent: ExecutionIntent,
    intentKid: Type.Union([KidText, Type.Null()], {
      description: 'null: unsigned, which only a profile that names the agent allows',
    }),
    grantChain: Type.Array(GrantFacts, { maxItems: GRANT_DEPTH_MAX + 1 }),
    grantMeet: Type.Union([GrantBounds, Type.Null()]),
    agent: PartyFacts,
    payer: Type.Union([PartyFacts, Type.Null()]),
    payee: Type.Union([PartyFacts, Type.Null()]),
    counters: Type.Array(CounterFacts, { maxItems: 160 }),
    funds: closed({ available: AmountText }),
    rail: Type.Union([
      closed({ rail: NameText, irrevocable: words(['on_verdict', 'on_presentation']) }),
      Type.Null(),
    ]),
    tool: Type.Union([ToolFacts, Type.Null()]),
    wallet: Type.Union([WalletFacts, Type.Null()]),
    quote: Type.Union([Quote, Type.Null()]),
    controls: Type.Array(ControlFacts, { maxItems: 256 }),
    controlEpoch: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 }),
    approvals: Type.Array(ApprovalRecord, {
      maxItems: 1,
      description: 'the answer to the decision before this one, if it was answered',
    }),
    session: Type.Union([SessionFacts, Type.Null()]),
    rates: Type.Array(RateFacts, { maxItems: 128 }),
  },
  'Everything a decision was made from; its hash is the `inputHash` of the decision.',
)
export type DecisionFacts = Static<typeof DecisionFacts>

export const Obligation = closed({
  type: words([
    'approvals_required',
    'evidence_required',
    'reduce_autonomy',
    'propagate_revocation',
    'hold_settlement',
    'open_dispute',
    'redact',
  ]),
  approvers: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
  role: Type.Optional(NameText),
  verifier: Type.Optional(NameText),
})
export type Obligation = Static<typeof Obligation>

const reasonText = Type.String({ pattern: '^[a-z][a-z0-9_]{2,63}$' })

/** What a rule or a profile that only watches would have decided. */
const ShadowDecision = closed({
  policyId: NameText,
  policyVersion: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  policyHash: HashText,
  decision: DecisionOutcome,
  reasonCodes: Type.Array(reasonText, { minItems: 1, maxItems: 96 }),
})

export const PolicyDecision = document(
  'PolicyDecision.v1',
  {
    decisionId: idOf('dec'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    intentHash: HashText,
    seq: Type.Integer({ minimum: 1, maximum: 1_000 }),
    previousDecisionHash: Type.Union([HashText, Type.Null()]),
    decision: DecisionOutcome,
    reasonCode: reasonText,
    reasonCodes: Type.Array(reasonText, { minItems: 1, maxItems: 96 }),
    obligations: Type.Array(Obligation, { maxItems: 64 }),
    shadow: Type.Optional(Type.Array(ShadowDecision, { minItems: 1, maxItems: 2 })),
    policyId: NameText,
    policyVersion: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    policyHash: HashText,
    inputHash: HashText,
    decidedAt: InstantText,
    validUntil: InstantText,
  },
  'What was decided on one intent, why, and under which policy.',
)
export type PolicyDecision = Static<typeof PolicyDecision>

export const Authorization = document(
  'Authorization.v1',
  {
    authorizationId: idOf('aut'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    decisionHash: HashText,
    policyHash: HashText,
    requestFingerprintHash: HashText,
    agentId: idOf('prn'),
    payerId: idOf('prn'),
    amountMax: AmountText,
    asset: AssetText,
    payee: idOf('prn'),
    rail: NameText,
    walletRef: Type.Union([idOf('wlt'), Type.Null()]),
    grantHash: HashText,
    holdId: idOf('hld'),
    nonce: NonceText,
    issuedAt: InstantText,
    notAfter: InstantText,
  },
  'A single-use permission for one exact request, with the money held behind it.',
)
export type Authorization = Static<typeof Authorization>
