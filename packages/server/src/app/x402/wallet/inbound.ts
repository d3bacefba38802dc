/**
 * Money that came into a wallet: seen on its chain when it is final, booked once, and given to its
 * owner when somebody who may says so. Rules: domain/wallet, spec/wallet.md.
 *
 * @module
 */
import { gate, ledger, policy, wallet } from '@surety/domain'
import { err, type Id, ok } from '@surety/protocol'
import type { ChainTransfer } from '../../../ports/chain.ts'
import {
  Failure,
  type Idempotency,
  type Outcome,
  type Scope,
  type Stamp,
  type Stored,
  type UseCase,
} from '../../../ports.ts'
import { eventTransfer } from '../../gate/money.ts'
import { evolveAll } from '../../gate/view.ts'
import {
  type Answer,
  type App,
  type Call,
  type Caller,
  gateKey,
  gateStream,
  run,
} from '../../runtime.ts'
import { Writing } from '../../write-set.ts'
import { assetsOf, chainsOf } from './wallets.ts'

type Known = wallet.KnownWallet

/** A transfer on a chain, by network, transaction and place in it. */
function inboundId(network: string, transaction: string, logIndex: number): string {
  return `${network}/${transaction}/${String(logIndex)}`
}

const inboundKey = (id: string) => ({ of: 'state', family: 'inbound', id }) as const

interface Receiving {
  readonly id: string
  readonly owner: Known
  readonly received: wallet.Transferred
  /** The gate whose payment it names, if it names one. */
  readonly gateId: string
}
type Reads = ReturnType<typeof reads>

function reads({ id, gateId }: Pick<Receiving, 'id' | 'gateId'>) {
  return { inbound: inboundKey(id), gate: gateKey(gateId) }
}

const receive: UseCase<Receiving, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const { received, owner } = input
    const refund = refundOf(read.gate.state, received)
    const to: ledger.AccountName =
      refund === undefined ? `suspense:${owner.walletId}` : `principal:${owner.ownerId}`
    const account = ledger.walletAccount(policy.X402_RAIL, owner.walletId)
    const { asset } = received
    const amount = BigInt(received.amount)
    const posting = ledger.inboundPosting({ wallet: account, amount, asset }, to, stamp.mint('trf'))
    const transfer = eventTransfer(posting)
    const decided = wallet.decideInbound(read.inbound.state, {
      type: 'receive',
      ...received,
      transfer,
      refundOf: refund?.gateId ?? null,
    })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const writing = new Writing(stamp).transfer(posting)
    if (refund !== undefined) linkRefund(writing, { ...input, read, transfer, refund }, stamp)
    return append(writing, input.id, read.inbound, decided.value)
  },
}

type Settled = Extract<gate.Gate, { status: 'settled' }>

/** INVARIANT(once): a refund names its payment, comes from who was paid, and is not more. */
function refundOf(state: gate.Gate, received: wallet.Transferred): Settled | undefined {
  if (state.status !== 'settled' || state.payment === undefined) return undefined
  const { payment, refunds = [] } = state
  const before = refunds.reduce((sum, refund) => sum + BigInt(refund.transfer.amount), 0n)
  const isOne =
    received.from === payment.payTo &&
    received.asset === payment.asset &&
    received.walletId === payment.walletId &&
    before + BigInt(received.amount) <= BigInt(payment.settled ?? payment.amount)
  return isOne ? state : undefined
}

interface Linking {
  readonly received: wallet.Transferred
  readonly read: { readonly gate: Stored<gate.Gate> }
  readonly transfer: gate.TransferRecord
  readonly refund: Settled
}

function linkRefund(writing: Writing, linking: Linking, stamp: Stamp): void {
  const { refund, received, transfer } = linking
  const { gateId, payment } = refund
  if (payment === undefined) throw new Error('a refund of no payment')
  const { transaction } = received
  const command = { type: 'reverse', paymentId: payment.paymentId, transaction, transfer } as const
  const reversed = gate.decide(refund, command)
  if (!reversed.ok) throw new Error(`a settled gate refuses its refund: ${reversed.refusal}`)
  const state = evolveAll(refund, reversed.value, stamp.at)
  const before = linking.read.gate
  writing.append(
    { family: 'gate', id: gateId, stream: gateStream(gateId), before },
    reversed.value,
    state,
  )
}

function append(
  writing: Writing,
  id: string,
  before: Stored<wallet.Inbound>,
  events: readonly wallet.InboundEvent[],
): Outcome<Answer> {
  const state = events.reduce(wallet.evolveInbound, before.state)
  const stream = `inbound:${id}`
  writing.append({ family: 'inbound', id, stream, before }, events, state)
  return writing.answer(inboundView(state), stream)
}

function inboundView(state: wallet.Inbound): Answer['view'] {
  if (state.status === 'none') throw new Error('a booked transfer is one')
  const { walletId, network, asset, transaction, from, amount, status, refundOf: of } = state
  return { walletId, network, asset, transaction, from, amount, status, refundOf: of }
}

interface Funding {
  readonly id: string
  readonly owner: Known
  readonly by: Id<'prn'>
  readonly gateId: string
}

/** What lay in suspense becomes the owner's; as a refund, if it is said to be one. */
const fund: UseCase<Funding, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const { state } = read.inbound
    const { owner, by } = input
    if (state.status === 'none') return { type: 'refuse', code: 'inbound_not_found' }
    if (state.status !== 'suspense') return { type: 'refuse', code: 'inbound_already_booked' }
    const refund = input.gateId === '' ? undefined : refundOf(read.gate.state, state)
    if (input.gateId !== '' && refund === undefined) {
      return {
        type: 'refuse',
        code: 'inbound_not_found',
        detail: 'it is no refund of that payment',
      }
    }
    const { walletId, ownerId } = owner
    const money = { walletId, ownerId, amount: BigInt(state.amount), asset: state.asset }
    const posting = ledger.fundingPosting(money, stamp.mint('trf'))
    const transfer = eventTransfer(posting)
    const decided = wallet.decideInbound(state, {
      type: 'fund',
      transfer,
      by,
      refundOf: refund?.gateId ?? null,
    })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const writing = new Writing(stamp).transfer(posting)
    if (refund !== undefined) {
      linkRefund(writing, { received: state, read, transfer, refund }, stamp)
    }
    return append(writing, input.id, read.inbound, decided.value)
  },
}

/** Says that a final transfer into a wallet is its owner's money, or gives back a payment. */
export function fundWallet(
  app: App,
  caller: Caller & { readonly principalId: Id<'prn'> },
  named: {
    readonly walletId: string
    readonly transaction: string
    /** The gate of the payment it gives back. */
    readonly gateId?: string | undefined
  },
  idempotency: Idempotency | null,
): Call<Funding, Reads> {
  return {
    useCase: fund,
    idempotency,
    prepare: async () => {
      const { scope, principalId: by } = caller
      const { state } = await app.store.reads.state(scope, 'wallet', named.walletId)
      if (state.status === 'none') return err('wallet_not_found')
      const failed = await receiveIn(app, scope, state, named.transaction)
      const id = await bookedAs(app, scope, named.transaction, state)
      if (id === undefined && failed !== undefined) throw failed
      if (id === undefined) return err('inbound_not_found')
      return ok({ id, owner: state, by, gateId: named.gateId ?? '' })
    },
  }
}

/** The first transfer of a transaction into a wallet that is booked. */
async function bookedAs(
  app: App,
  scope: Scope,
  transaction: string,
  { walletId }: Known,
): Promise<string | undefined> {
  for (const [network] of chainsOf(app, scope)) {
    const after = `${network}/${transaction}/`
    const page = { after, limit: ROWS_MAX, descending: false }
    const rows = await app.store.reads.states(scope, 'inbound', page)
    const own = rows.filter(
      ({ id, stored }) =>
        id.startsWith(after) &&
        stored.state.status !== 'none' &&
        stored.state.walletId === walletId,
    )
    const open = own.find(({ stored }) => stored.state.status === 'suspense') ?? own[0]
    if (open !== undefined) return open.id
  }
  return undefined
}

/**
 * Books what one transaction brought into a wallet. Costs one receipt a network, whatever else was
 * sent to the wallet. A network that does not answer is heard of if no other knows the transaction.
 */
async function receiveIn(
  app: App,
  scope: Scope,
  owner: Known,
  transaction: string,
): Promise<Failure | undefined> {
  let failed: Failure | undefined
  for (const { network, chain, asset } of assetsOf(app, scope)) {
    try {
      const named = { asset: asset.id, to: owner.address, txHash: transaction }
      const since = BigInt(owner.since[network] ?? 0)
      for (const transfer of await chain.transfersIn(named)) {
        if (transfer.blockNumber <= since) continue
        await receiveOne(app, scope, { owner, network, asset: asset.id, transfer })
      }
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure
      failed = failure
    }
  }
  return failed
}

const ROWS_MAX = 64

/** Books one transfer, unless it is booked, or moved nothing. */
export async function receiveOne(
  app: App,
  scope: Scope,
  found: {
    readonly owner: Known
    readonly network: string
    readonly asset: string
    readonly transfer: ChainTransfer
  },
): Promise<void> {
  const { owner, network, asset, transfer } = found
  const { txHash: transaction, logIndex, blockNumber, from, value, nonce } = transfer
  const id = inboundId(network, transaction, logIndex)
  const { state } = await app.store.reads.state(scope, 'inbound', id)
  if (state.status !== 'none' || value === 0n) return
  const { walletId, address } = owner
  // A seller that gives back under the nonce it was paid with says which payment it gives back.
  const named =
    nonce === null
      ? undefined
      : await app.store.reads.unique(scope, 'credential', `${network}:${address}:${nonce}`)
  const place = { transaction, logIndex, blockNumber: Number(blockNumber) }
  const received = { walletId, network, asset, from, amount: String(value), ...place }
  const input: Receiving = { id, owner, received, gateId: named ?? '' }
  const traceId = Buffer.from(app.random.bytes(16)).toString('hex')
  const caller: Caller = { principalId: 'system', scope, scopes: new Set(), traceId }
  const call = { useCase: receive, idempotency: null, prepare: async () => ok(input) }
  const booked = await run(app, caller, call)
  if (!booked.ok) app.log.warn({ transaction, code: booked.refusal }, 'a transfer was not booked')
}
