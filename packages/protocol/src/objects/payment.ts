/**
 * A payment: one movement of money on one rail, what names it, and what was observed of it.
 *
 * Rules: spec/payment.md. Vectors: spec/vectors/payment/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import { canonicalize } from '../canonical-json.ts'
import type { Crypto } from '../crypto.ts'
import type { Hash } from '../digest.ts'
import {
  AmountText,
  AssetText,
  closed,
  document,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  NameText,
  words,
} from '../schema.ts'

/** An address of an EVM chain. Case is a checksum, not identity: ours are lower case. */
export const AddressText = Type.String({
  pattern: '^0x[0-9a-f]{40}$',
  description: 'an address, lower case',
})
export const TransactionText = Type.String({
  pattern: '^0x[0-9a-f]{64}$',
  description: 'the hash of a transaction, lower case',
})
const BlockNumber = Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 })

export const PaymentState = words([
  'requires_payment',
  'queued',
  'broadcasting',
  'mempool',
  'confirmed',
  'failed',
  'replaced',
  'not_found',
])
export type PaymentState = Static<typeof PaymentState>

export const PaymentCategory = words([
  'pre-payment',
  'in-flight',
  'terminal-success',
  'terminal-failure',
])
export type PaymentCategory = Static<typeof PaymentCategory>

/** What a seller asks for, as it was chosen among what it offered. */
export const Quote = closed({
  offerHash: HashText,
  scheme: NameText,
  network: NameText,
  asset: AssetText,
  amount: AmountText,
  payTo: AddressText,
  validSeconds: Type.Integer({ minimum: 1, maximum: 31_536_000 }),
  facilitator: Type.Optional(AddressText),
})
export type Quote = Static<typeof Quote>

export const WalletStatus = words(['active', 'frozen'])
export type WalletStatus = Static<typeof WalletStatus>

export const WalletFacts = closed({
  walletId: idOf('wlt'),
  ownerId: idOf('prn', 'whose money it holds'),
  address: AddressText,
  status: WalletStatus,
})
export type WalletFacts = Static<typeof WalletFacts>

/** Everything that makes a payment this payment. Its hash is the nonce of the credential. */
export const PaymentIdentity = closed({
  schemaVersion: Type.Literal('PaymentIdentity.v1'),
  paymentId: idOf('pay'),
  tenantId: idOf('ten'),
  environment: EnvironmentWord,
  gateId: idOf('gat'),
  authorizationHash: HashText,
  requestFingerprintHash: HashText,
  offerHash: HashText,
  rail: NameText,
  scheme: NameText,
  network: NameText,
  asset: AssetText,
  amount: AmountText,
  payer: AddressText,
  payTo: AddressText,
  validAfter: InstantText,
  validBefore: InstantText,
})
export type PaymentIdentity = Static<typeof PaymentIdentity>

/**
 * The nonce of a payment's credential. INVARIANT(unknown): it follows from the payment alone, so
 * that whoever signs again signs the same credential. `schemaVersion` separates the domain.
 */
export function paymentNonce(identity: PaymentIdentity, crypto: Pick<Crypto, 'sha256'>): Hash {
  return crypto.sha256(canonicalize(identity))
}

export const PaymentStatus = document(
  'PaymentStatus.v1',
  {
    paymentId: idOf('pay'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    walletId: idOf('wlt'),
    payee: idOf('prn'),
    offerHash: HashText,
    rail: NameText,
    scheme: NameText,
    network: NameText,
    asset: AssetText,
    amount: AmountText,
    payer: AddressText,
    payTo: AddressText,
    nonce: HashText,
    validAfter: InstantText,
    validBefore: InstantText,
    sinceBlock: BlockNumber,
    state: PaymentState,
    category: PaymentCategory,
    certainty: words(['known', 'unknown']),
    reason: Type.Union([NameText, Type.Null()]),
    transaction: Type.Union([TransactionText, Type.Null()]),
    blockNumber: Type.Union([BlockNumber, Type.Null()]),
    settled: Type.Optional(
      Type.String({
        ...AmountText,
        description: 'of `upto`: what the transaction took of the amount',
      }),
    ),
    at: InstantText,
  },
  'Where one payment is. The one truth of its settlement; every door shows this.',
)
export type PaymentStatus = Static<typeof PaymentStatus>

/** How a receipt names the payment that moved its money. */
export const PaymentRef = closed({
  paymentId: idOf('pay'),
  network: NameText,
  nonce: HashText,
  transaction: Type.Union([TransactionText, Type.Null()]),
})
export type PaymentRef = Static<typeof PaymentRef>

export const ResponseObservation = document(
  'ResponseObservation.v1',
  {
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    paymentId: idOf('pay'),
    requestFingerprintHash: HashText,
    status: Type.Integer({ minimum: 100, maximum: 599 }),
    responseHash: HashText,
    responseBytes: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 }),
    answerHash: Type.Union([HashText, Type.Null()], {
      description: 'of what is kept of the answer; null: it was too large to keep',
    }),
    paymentResponse: Type.Union([
      closed({
        success: Type.Boolean(),
        errorReason: Type.Union([NameText, Type.Null()]),
        transaction: Type.Union([TransactionText, Type.Null()]),
        amount: Type.Optional(AmountText),
      }),
      Type.Null(),
    ]),
    startedAt: InstantText,
    completedAt: InstantText,
  },
  'What Surety itself saw come back for a presented credential. Nobody else states it.',
)
export type ResponseObservation = Static<typeof ResponseObservation>

/** Paid and not served: what the payer may ask back, and on which evidence. */
export const ClaimRecord = closed({
  claimId: idOf('clm'),
  paymentId: idOf('pay'),
  reason: words(['response_missing', 'response_red']),
  amount: AmountText,
  asset: AssetText,
  evidenceHash: Type.Union([HashText, Type.Null()]),
})
export type ClaimRecord = Static<typeof ClaimRecord>

export const ProbeDecision = document(
  'ProbeDecision.v1',
  {
    probeId: idOf('prb'),
    decisionId: idOf('dec'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    agentId: idOf('prn'),
    origin: Type.String({ maxLength: 255 }),
    method: Type.String({ pattern: '^[A-Z]{1,16}$' }),
    requestFingerprintHash: HashText,
    decision: words(['allow', 'deny']),
    reasonCode: NameText,
    reasonCodes: Type.Array(NameText, { minItems: 1, maxItems: 64 }),
    policyId: NameText,
    policyVersion: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    policyHash: HashText,
    decidedAt: InstantText,
  },
  'Whether an agent may send an unpaid request: by where it goes and how.',
)
export type ProbeDecision = Static<typeof ProbeDecision>
