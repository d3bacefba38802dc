/**
 * What a wallet lets Permit2 spend: ordered by an operator, written down, then sent to the chain,
 * which alone says what holds. Rules: spec/wallet.md. Reasons: docs/adr/0039-upto-over-permit2.md.
 *
 * @module
 */
import { principal, wallet } from '@surety/domain'
import {
  CHAIN_ASSETS,
  err,
  type Id,
  ok,
  type PaymentStatus,
  type ProblemCode,
  type Quote,
  type Result,
} from '@surety/protocol'
import type { Chain } from '../../../ports/chain.ts'
import type { Idempotency, Scope, UseCase } from '../../../ports.ts'
import { payerControls, stoppedBy } from '../../control/standing.ts'
import { type Answer, type App, type Caller, run, type Signed, walletKey } from '../../runtime.ts'
import { Writing } from '../../write-set.ts'
import { chainsOf } from './wallets.ts'

interface Asked {
  readonly walletId: string
  readonly asset: string
  readonly amount: string
}
interface Ordering extends Asked, Omit<wallet.Allowance, 'asset' | 'amount'> {
  readonly ownerId: Id<'prn'>
  readonly tenantId: Id<'ten'>
  /** The order that this one was prepared after. */
  readonly last: string | null
}
type Reads = {
  readonly wallet: ReturnType<typeof walletKey>
  readonly controls: ReturnType<typeof payerControls>
}

const order: UseCase<Ordering, Reads, Answer> = {
  reads: (asked) => ({ wallet: walletKey(asked.walletId), controls: payerControls(asked) }),
  decide: (read, { walletId, ownerId: _, tenantId: __, last, ...asked }, stamp) => {
    const { asset, amount, transaction } = asked
    const stopped = amount === '0' ? undefined : stoppedBy(read.controls)
    if (stopped !== undefined) return { type: 'refuse', code: 'control_active', detail: stopped }
    if (lastOf(read.wallet.state, asset) !== last) return { type: 'stale' }
    const decided = wallet.decide(read.wallet.state, { type: 'allow', ...asked })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const state = decided.value.reduce(wallet.evolve, read.wallet.state)
    if (state.status === 'none') throw new Error('an ordered allowance is of a wallet')
    const stream = `wallet:${walletId}`
    const place = { family: 'wallet', id: walletId, stream, before: read.wallet } as const
    return new Writing(stamp)
      .append(place, decided.value, state)
      .answer({ walletId, asset, amount, transaction }, stream)
  },
}

/** The last order for an asset, as it was signed. */
function lastOf(state: wallet.Wallet, asset: string): string | null {
  return state.status === 'none' ? null : (state.ordered?.[asset]?.signed ?? null)
}

/**
 * Lets Permit2 spend so much of a wallet's asset, and no more. INVARIANT(once): the transaction is
 * signed and committed before it is sent; asked for again under the same key, the same one is sent,
 * as long as it is the last that was ordered.
 */
export async function allow(
  app: App,
  caller: Operator,
  asked: Asked,
  idempotency: Idempotency | null,
): Promise<Result<Signed, ProblemCode>> {
  const { scope, principalId } = caller
  const who = await app.store.reads.state(scope, 'principal', principalId)
  if (!principal.mayAct(who.state)) return err('principal_not_active', principalId)
  const { state } = await app.store.reads.state(scope, 'wallet', asked.walletId)
  if (state.status === 'none') return err('wallet_not_found')
  const chain = chainFor(app, scope, asked.asset)
  if (chain === undefined) return err('network_not_configured', asked.asset)
  const ordered = await run(app, caller, {
    useCase: order,
    idempotency,
    prepare: () => prepared(app, chain, caller, asked),
  })
  if (!ordered.ok) return ordered
  const { transaction } = ordered.value.view as { readonly transaction: string | null }
  if (transaction === null) return ordered
  const done = await carryOut(app, chain, caller, { ...asked, transaction })
  return done.ok ? ordered : done
}

type Operator = Caller & { readonly principalId: Id<'prn'> }

/** What cannot be sent is not ordered. */
async function prepared(
  app: App,
  chain: Chain,
  { scope, principalId: by }: Operator,
  asked: Asked,
): Promise<Result<Ordering, ProblemCode>> {
  const { walletId, asset, amount } = asked
  const { state } = await app.store.reads.state(scope, 'wallet', walletId)
  if (state.status === 'none') return err('wallet_not_found')
  if (state.status !== 'active' && amount !== '0') return err('commit_wallet_frozen', walletId)
  const { address: from, ownerId } = state
  const allowance = BigInt(amount)
  const last = lastOf(state, asset)
  const ordering = { ...asked, by, ownerId, tenantId: scope.tenantId, last }
  const terms = await chain.approvalTerms({ asset, from, allowance, last })
  if (terms === null) return ok({ ...ordering, transaction: null, signed: null })
  const sealed = await app.wallets.signApproval(from, { asset, allowance, ...terms })
  return ok({ ...ordering, ...sealed })
}

/**
 * Sends what was ordered. INVARIANT(control): it is looked at in the present, however long ago it
 * was ordered: only the last order of a wallet is sent, and none that opens what is closed by now.
 */
async function carryOut(
  app: App,
  chain: Chain,
  { scope }: Caller,
  { walletId, asset, amount, transaction }: Asked & { readonly transaction: string },
): Promise<Result<null, ProblemCode>> {
  const { reads } = app.store
  const signed = await signedOf(app, scope, walletId, transaction)
  const { state: known } = await reads.state(scope, 'wallet', walletId)
  if (known.status === 'none') throw new Error('an ordered allowance is of a wallet')
  const { address: from, ownerId } = known
  const made = { from, transaction, signed }
  const fate = await chain.fate(made)
  if (fate === 'done') return ok(null)
  const keys = payerControls({ ownerId, tenantId: scope.tenantId })
  const rows = await Promise.all(keys.map(({ family, id }) => reads.state(scope, family, id)))
  const { state } = await reads.state(scope, 'wallet', walletId)
  if (fate === 'open' && lastOf(state, asset) === signed) {
    if (amount !== '0' && state.status !== 'active') return err('commit_wallet_frozen', walletId)
    const stopped = amount === '0' ? undefined : stoppedBy(rows)
    if (stopped !== undefined) return err('control_active', stopped)
    if ((await chain.send(made)) === 'done') return ok(null)
  }
  const held = String(await chain.allowance(asset, from))
  const { state: now } = await reads.state(scope, 'wallet', walletId)
  const last = now.status === 'none' ? undefined : now.ordered?.[asset]?.amount
  const detail = `${String(last)} was ordered last; the chain lets Permit2 spend ${held}`
  return err('wallet_allowance_superseded', detail)
}

async function signedOf(
  app: App,
  scope: Scope,
  walletId: string,
  transaction: string,
): Promise<string> {
  const events = await app.store.reads.events(scope, `wallet:${walletId}`)
  const made = events.find(({ data }) => data.transaction === transaction)
  return String(made?.data.signed)
}

function chainFor(app: App, scope: Scope, asset: string): Chain | undefined {
  const network = CHAIN_ASSETS.get(asset)?.network
  return chainsOf(app, scope).find(([name]) => name === network)?.[1]
}

/**
 * Whether what is to be signed could be taken, and what was taken could be found. Asked of the
 * chain before money is held: it would lie still for nothing.
 */
export async function permitRefusal(
  app: App,
  scope: Scope,
  quote: Quote,
  walletId: string,
): Promise<Result<null, ProblemCode>> {
  const { asset, amount, facilitator } = quote
  const chain = chainFor(app, scope, asset)
  const { state } = await app.store.reads.state(scope, 'wallet', walletId)
  // That there is no wallet, or no such network, the decision says.
  if (chain === undefined || state.status === 'none' || facilitator === undefined) return ok(null)
  const [held, isContract] = await Promise.all([
    chain.allowance(asset, state.address),
    chain.isContract(facilitator),
  ])
  if (isContract) return err('facilitator_is_contract', facilitator)
  if (held >= BigInt(amount)) return ok(null)
  const detail = `${walletId} lets Permit2 spend ${String(held)}, ${amount} is asked for`
  return err('permit_allowance_required', detail)
}

/**
 * Whether a payee can have failed to take what was signed because the wallet did not let Permit2
 * spend it. An allowance falls by what is taken and rises by orders alone: one that is enough now,
 * and was not ordered since, was enough all along.
 */
export async function wasShort(
  app: App,
  scope: Scope,
  walletId: string,
  { asset, amount, at }: Pick<PaymentStatus, 'asset' | 'amount' | 'at'>,
): Promise<boolean> {
  const chain = chainFor(app, scope, asset)
  const { state } = await app.store.reads.state(scope, 'wallet', walletId)
  if (chain === undefined || state.status === 'none') return false
  if ((await chain.allowance(asset, state.address)) < BigInt(amount)) return true
  const events = await app.store.reads.events(scope, `wallet:${walletId}`)
  return events.some((event) => event.type === 'walletAllowanceOrdered' && event.at >= at)
}
