/**
 * The end of a gate: the provider's statement, the verdict on it, and the receipt of the money.
 *
 * Rules: spec/settlement.md. Vectors: spec/vectors/settlement/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
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
import { PaymentRef } from './payment.ts'

export const ProviderResponse = document(
  'ProviderResponse.v1',
  {
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    authorizationId: idOf('aut'),
    payee: idOf('prn'),
    requestFingerprintHash: HashText,
    responseHash: HashText,
    status: Type.Integer({ minimum: 100, maximum: 599 }),
    amount: AmountText,
    asset: AssetText,
    startedAt: InstantText,
    completedAt: InstantText,
  },
  'What a provider says it did for one authorization. Signed by the provider.',
)
export type ProviderResponse = Static<typeof ProviderResponse>

export const Colour = words(['green', 'amber', 'red', 'none'])
export type Colour = Static<typeof Colour>
export const Basis = words(['signed', 'observed', 'none'])

export const CheckResult = closed({ check: NameText, colour: words(['green', 'amber', 'red']) })
export type CheckResult = Static<typeof CheckResult>

export const SettlementDecisionRecord = document(
  'SettlementDecisionRecord.v2',
  {
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    colour: Colour,
    basis: Basis,
    verifier: NameText,
    checks: Type.Array(CheckResult, { maxItems: 16 }),
    evidenceHashes: Type.Array(HashText, { maxItems: 16 }),
    verdict: words(['release', 'refund', 'review', 'capture']),
    policyHash: HashText,
    requestFingerprintHash: HashText,
    decisionHash: HashText,
    decidedAt: InstantText,
  },
  'The verdict on the evidence of one gate.',
)
export type SettlementDecisionRecord = Static<typeof SettlementDecisionRecord>

export const SettlementReceipt = document(
  'SettlementReceipt.v1',
  {
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    gateId: idOf('gat'),
    authorizationHash: Type.Union([HashText, Type.Null()]),
    settlementDecisionHash: Type.Union([HashText, Type.Null()]),
    outcome: words(['released', 'refunded', 'split', 'captured', 'voided', 'expired', 'held']),
    principal: AmountText,
    released: AmountText,
    refunded: AmountText,
    captured: AmountText,
    held: AmountText,
    asset: AssetText,
    payerId: Type.Union([idOf('prn'), Type.Null()]),
    payee: idOf('prn'),
    transferIds: Type.Array(idOf('trf'), { maxItems: 16 }),
    paymentRef: Type.Union([PaymentRef, Type.Null()]),
    heldUntil: Type.Optional(InstantText),
    previousReceiptHash: Type.Union([HashText, Type.Null()]),
    at: InstantText,
  },
  'Where the money of one gate is after a terminal fact. Released + refunded + captured + held = principal.',
)
export type SettlementReceipt = Static<typeof SettlementReceipt>

/** The name and version of the way evidence is judged: spec/settlement.md. */
export const VERIFIER_NAME = 'response.v1'
