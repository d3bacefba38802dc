/**
 * The shapes of what the API answers. Published in OpenAPI; the tests hold every answer to them.
 *
 * @module
 */
import { type TSchema, Type } from '@sinclair/typebox'
import {
  AddressText,
  AmountText,
  AssetText,
  Authorization,
  CheckResult,
  ClaimRecord,
  Colour,
  ContestText,
  ControlKind,
  ControlSelector,
  ControlSigner,
  closed,
  EnvironmentWord,
  Event,
  ExecutionIntent,
  HashText,
  InstantText,
  idOf,
  JwsText,
  Lifecycle,
  NameText,
  PartyKey,
  PaymentStatus,
  PolicyDecision,
  PrincipalKind,
  ProbeDecision,
  Profile,
  RoleHeld,
  TransactionText,
  WalletStatus,
  words,
} from '@surety/protocol'

const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()])

export const ReceiptList = Type.Array(
  closed({ seq: Type.Integer({ minimum: 1 }), type: Type.String(), jws: JwsText }),
  { description: 'the statements Surety signed, by the number of their event' },
)

const GateState = words([
  'declared',
  'waiting',
  'denied',
  'authorized',
  'executing',
  'executed',
  'review',
  'settled',
  'voided',
  'expired',
])

const DecisionView = closed({ ...PolicyDecision.properties, decisionHash: HashText })

export const ContestView = closed(
  { contestedBy: idOf('prn'), text: ContestText, contestedAt: InstantText },
  { description: 'who said that what is held back should not go on, and why' },
)

const GateContestView = closed(
  {
    contestedBy: orNull(idOf('prn')),
    text: orNull(ContestText),
    contestedAt: InstantText,
  },
  { description: 'who said that what is held back should not go on, and why: null for its payee' },
)

const SettlementView = closed({
  status: words([
    'none',
    'held',
    'released',
    'refunded',
    'split',
    'captured',
    'voided',
    'expired',
    'review',
    'unknown',
  ]),
  verdict: orNull(words(['release', 'refund', 'review', 'capture'])),
  colour: Colour,
  basis: words(['signed', 'observed', 'none']),
  checks: Type.Array(CheckResult),
  principal: AmountText,
  released: AmountText,
  refunded: AmountText,
  captured: AmountText,
  held: AmountText,
  asset: AssetText,
  holdback: orNull(
    closed(
      {
        until: InstantText,
        contest: orNull(GateContestView),
      },
      { description: 'what is held goes to the payee then, unless it is contested' },
    ),
  ),
})

export const GateView = closed(
  {
    gateId: idOf('gat'),
    state: GateState,
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    declaredAt: InstantText,
    intentHash: HashText,
    intent: closed(ExecutionIntent.properties),
    decision: orNull(DecisionView),
    authorization: orNull(closed(Authorization.properties)),
    execution: orNull(
      closed({
        executorId: idOf('prn'),
        startedAt: InstantText,
        evidenceBy: InstantText,
        evidenceHash: orNull(HashText),
      }),
    ),
    settlement: orNull(SettlementView),
    payment: orNull(closed(PaymentStatus.properties)),
    claim: orNull(ClaimRecord),
    refunds: Type.Array(
      closed({
        transaction: TransactionText,
        transfer: closed({
          transferId: idOf('trf'),
          debit: Type.String(),
          credit: Type.String(),
          amount: AmountText,
          asset: AssetText,
        }),
      }),
    ),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Gate', description: 'one paid action, from intent to settlement' },
)

export const FetchView = closed(
  {
    gate: orNull(GateView),
    probe: orNull(closed(ProbeDecision.properties)),
    response: orNull(
      closed({
        status: Type.Integer({ minimum: 100, maximum: 599 }),
        headers: Type.Array(Type.Tuple([Type.String(), Type.String()])),
        body: Type.String({ description: 'base64url' }),
      }),
    ),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Fetched', description: 'what came back, and what was paid for it' },
)

export const WalletView = closed(
  {
    walletId: idOf('wlt'),
    ownerId: idOf('prn'),
    address: AddressText,
    name: Type.String(),
    status: WalletStatus,
    origin: words(['created', 'imported']),
    ordered: Type.Optional(
      Type.Array(
        closed({
          asset: AssetText,
          amount: AmountText,
          transaction: orNull(TransactionText),
        }),
        {
          description: 'the last allowance for Permit2 that was ordered; the chain says what holds',
        },
      ),
    ),
    balances: Type.Optional(
      Type.Array(
        closed({
          asset: AssetText,
          booked: AmountText,
          available: AmountText,
          suspense: AmountText,
          onChain: Type.String({ pattern: '^[0-9]{1,78}$' }),
          permit2: Type.String({
            pattern: '^[0-9]{1,78}$',
            description: 'what the wallet lets Permit2 spend by credentials for `upto`',
          }),
        }),
      ),
    ),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Wallet', description: 'what pays on a chain, for one principal; never its key' },
)

export const AllowanceView = closed(
  {
    walletId: idOf('wlt'),
    asset: AssetText,
    amount: AmountText,
    transaction: orNull(TransactionText),
    receipts: Type.Optional(ReceiptList),
  },
  {
    $id: 'Allowance',
    description: 'what a wallet was told to let Permit2 spend; null: it did already',
  },
)

export const InboundView = closed(
  {
    walletId: idOf('wlt'),
    network: NameText,
    asset: AssetText,
    transaction: TransactionText,
    from: AddressText,
    amount: AmountText,
    status: words(['suspense', 'owned', 'refund']),
    refundOf: orNull(idOf('gat')),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Inbound', description: 'a transfer into a wallet, booked' },
)

export const PrincipalView = closed(
  {
    principalId: idOf('prn'),
    kind: PrincipalKind,
    name: Type.String(),
    lifecycle: Lifecycle,
    keys: Type.Array(PartyKey),
    roles: Type.Array(RoleHeld, { description: 'as an operator, past ones included' }),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Principal', description: 'who acts, with which keys, and in which roles' },
)

export const GrantView = closed(
  {
    grantHash: HashText,
    state: words(['active', 'revoked']),
    grant: Type.Object({}, { description: 'AuthorityGrant.v1 or DelegationGrant.v1' }),
    signed: Type.Optional(orNull(JwsText)),
    used: Type.Optional(
      Type.Array(
        closed({
          asset: Type.String(),
          period: words(['day', 'month', 'total', 'count']),
          start: orNull(InstantText),
          reserved: AmountText,
          spent: AmountText,
        }),
      ),
    ),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Grant', description: 'bounded authority to spend somebody’s money' },
)

export const ProfileView = closed(
  {
    policyHash: HashText,
    active: Type.Boolean(),
    profile: closed(Profile.properties),
    shadowPolicyHash: Type.Optional(orNull(HashText)),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'AppliedProfile', description: 'a policy document, named by its hash' },
)

export const DepositView = closed(
  {
    depositId: idOf('dep'),
    actionHash: HashText,
    principalId: idOf('prn'),
    amount: AmountText,
    asset: AssetText,
    source: NameText,
    reference: NameText,
    recordedAt: InstantText,
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Deposit', description: 'a confirmed movement of money into the house' },
)

export const ApiKeyView = closed(
  {
    keyId: idOf('key'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    principalId: idOf('prn'),
    name: Type.String(),
    scopes: Type.Array(Type.String()),
    createdAt: InstantText,
    revokedAt: orNull(InstantText),
    secret: Type.Optional(Type.String({ description: 'the whole API key; shown this once' })),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'ApiKey', description: 'a credential bound to one principal' },
)

const ControlActView = closed({
  epoch: Type.Integer({ minimum: 1 }),
  at: InstantText,
  cause: words(['operators', 'adapter', 'clock']),
  signers: Type.Array(ControlSigner),
  justificationCode: NameText,
})

export const ControlView = closed(
  {
    controlId: idOf('ctl'),
    state: words(['active', 'lifted']),
    kind: ControlKind,
    selector: ControlSelector,
    until: orNull(InstantText),
    imposed: ControlActView,
    lifted: orNull(ControlActView),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Control', description: 'a pause, quarantine, revocation or kill switch' },
)

export const HoldInFlight = closed(
  {
    gateId: idOf('gat'),
    state: words(['authorized', 'executing', 'settled'], 'settled: a part is held back'),
    holdId: idOf('hld'),
    agentId: idOf('prn'),
    payerId: idOf('prn'),
    payee: idOf('prn'),
    amount: AmountText,
    asset: AssetText,
    endsBy: InstantText,
    drainable: Type.Boolean({ description: 'nothing was presented yet, so it can be given back' }),
  },
  { $id: 'HoldInFlight', description: 'money held for what was under way' },
)

export const DrainView = closed(
  {
    controlId: idOf('ctl'),
    voided: Type.Array(idOf('gat'), { description: 'given back to their payers' }),
    executing: Type.Array(idOf('gat'), { description: 'left to end' }),
    next: orNull(idOf('gat')),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Drain', description: 'what one drain gave back' },
)

/** What went through an account, ever: it may pass eighteen digits, which a balance never does. */
const SumText = Type.String({ pattern: '^(?:0|[1-9][0-9]{0,63})$' })

export const AccountView = closed(
  {
    account: Type.String(),
    asset: AssetText,
    debits: SumText,
    credits: SumText,
    balance: AmountText,
  },
  { $id: 'Account', description: 'two sums, and their difference' },
)

export const EventView = closed(Event.properties, { $id: 'JournalEvent' })

/** A page of something: what is in it, and where the next one starts. */
export function pageOf(item: TSchema): TSchema {
  return closed({
    items: Type.Array(item),
    next: Type.Union([Type.String(), Type.Null()], { description: 'the cursor of the next page' }),
  })
}
