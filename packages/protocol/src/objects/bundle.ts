/**
 * A bundle: the directory that proves one gate without a network, and the report on it.
 *
 * Rules: spec/bundle.md. Vectors: spec/vectors/bundle/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  document,
  HashText,
  InstantText,
  idOf,
  KidText,
  PublicJwkObject,
  words,
} from '../schema.ts'
import { Authorization, PolicyDecision } from './decision.ts'
import { ExecutionIntent } from './intent.ts'
import {
  ClaimRecord,
  PaymentStatus,
  Quote,
  ResponseObservation,
  TransactionText,
} from './payment.ts'
import { ProviderResponse, SettlementDecisionRecord, SettlementReceipt } from './settlement.ts'

export const BUNDLE_LIMITS = {
  filesMax: 1_024,
  fileBytesMax: 8_388_608,
  totalBytesMax: 67_108_864,
  pathLengthMax: 160,
} as const

export const BundlePath = Type.String({
  pattern: '^(?:[a-z]+/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}$',
  maxLength: BUNDLE_LIMITS.pathLengthMax,
})

export const ReceiptBundle = document(
  'ReceiptBundle.v1',
  {
    gateId: idOf('gat'),
    files: Type.Array(
      closed({
        path: BundlePath,
        sha256: HashText,
        size: Type.Integer({ minimum: 0, maximum: BUNDLE_LIMITS.fileBytesMax }),
      }),
      { maxItems: BUNDLE_LIMITS.filesMax },
    ),
  },
  'The manifest of a bundle: every file but itself and its signature, sorted by path.',
)
export type ReceiptBundle = Static<typeof ReceiptBundle>

const CounterKey = closed({
  subject: Type.String({ maxLength: 80 }),
  asset: Type.Union([AssetText, Type.Literal('*')]),
  period: words(['day', 'month', 'total', 'count']),
  start: Type.Union([InstantText, Type.Null()]),
})

const TransferRecord = closed({
  transferId: idOf('trf'),
  debit: Type.String({ maxLength: 160 }),
  credit: Type.String({ maxLength: 160 }),
  amount: AmountText,
  asset: AssetText,
})

/** Attacker-controlled: the words of whoever contests, for the people who will decide. */
export const ContestText = Type.String({ minLength: 1, maxLength: 2_000 })

const Concluded = closed({
  receipt: SettlementReceipt,
  receiptHash: HashText,
  kid: KidText,
  transfer: Type.Union([TransferRecord, Type.Null()]),
})

/** The `data` of each event of a gate's stream, by the event's `type`. */
export const GATE_EVENTS = {
  gateDeclared: closed({
    gateId: idOf('gat'),
    intent: ExecutionIntent,
    intentHash: HashText,
    kid: Type.Union([KidText, Type.Null()]),
    quote: Type.Optional(Quote),
    walletId: Type.Optional(idOf('wlt')),
  }),
  decisionRecorded: closed({ decision: PolicyDecision, decisionHash: HashText, kid: KidText }),
  gateAuthorized: closed({
    authorization: Authorization,
    authorizationHash: HashText,
    kid: KidText,
    claims: Type.Array(CounterKey, { maxItems: 96 }),
    transfer: TransferRecord,
  }),
  executionStarted: closed({ executorId: idOf('prn'), evidenceBy: InstantText }),
  evidenceAccepted: closed({
    evidenceHash: HashText,
    statement: ProviderResponse,
    submittedBy: idOf('prn'),
  }),
  evidenceTimedOut: closed({ evidenceBy: InstantText }),
  paymentMoved: closed({ payment: PaymentStatus }),
  paymentReported: closed({ payment: PaymentStatus, kid: KidText }),
  responseObserved: closed({
    evidenceHash: HashText,
    observation: ResponseObservation,
    signed: Type.Optional(closed({ statementHash: HashText, statement: ProviderResponse })),
  }),
  claimOpened: closed({ claim: ClaimRecord }),
  refundReceived: closed({
    paymentId: idOf('pay'),
    transaction: TransactionText,
    transfer: TransferRecord,
  }),
  settlementDecided: closed({ record: SettlementDecisionRecord, kid: KidText }),
  gateHeldForReview: Concluded,
  gateSettled: closed({ ...Concluded.properties, remainder: Type.Optional(TransferRecord) }),
  gateResolved: closed({
    approvalId: idOf('apr'),
    recordHash: HashText,
    receipt: SettlementReceipt,
    receiptHash: HashText,
    kid: KidText,
    transfers: Type.Array(TransferRecord, { minItems: 1, maxItems: 2 }),
  }),
  holdbackContested: closed({ contestedBy: idOf('prn'), text: ContestText }),
  holdbackReleased: Concluded,
  gateVoided: Concluded,
  gateExpired: Concluded,
} as const

/** What Surety's own keys are for. One key, one purpose. */
export const SystemPurpose = words([
  'decision',
  'authorization',
  'settlement',
  'passport',
  'bundle',
  'control',
])
export type SystemPurpose = Static<typeof SystemPurpose>

export const SystemJwk = closed({
  ...PublicJwkObject.properties,
  kid: KidText,
  alg: Type.Literal('EdDSA'),
  purpose: SystemPurpose,
  notBefore: InstantText,
  notAfter: Type.Union([InstantText, Type.Null()]),
})
export type SystemJwk = Static<typeof SystemJwk>

export const Jwks = closed(
  { keys: Type.Array(SystemJwk, { maxItems: 256 }) },
  { $id: 'Jwks', description: "Surety's public keys; retired ones stay." },
)
export type Jwks = Static<typeof Jwks>

export const VerificationReport = document(
  'VerificationReport.v1',
  {
    gateId: Type.Union([idOf('gat'), Type.Null()]),
    ok: Type.Boolean(),
    checks: Type.Array(
      closed({
        check: Type.String(),
        result: words(['passed', 'failed', 'not_established']),
        required: Type.Boolean(),
        file: Type.Optional(Type.String()),
        reason: Type.Optional(Type.String()),
      }),
    ),
    summary: closed({
      passed: Type.Integer({ minimum: 0 }),
      failed: Type.Integer({ minimum: 0 }),
      notEstablished: Type.Integer({ minimum: 0 }),
    }),
  },
  'What an offline verification found. `ok` only if every required check passed.',
)
export type VerificationReport = Static<typeof VerificationReport>
