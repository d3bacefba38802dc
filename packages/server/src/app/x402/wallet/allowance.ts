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
  type ProblemCode,
  type Quote,
  type Result,
} from '@surety/protocol'
import type { Chain } from '../../../ports/chain.ts'
import type { Idempotency, Scope, UseCase } from '../../../ports.ts'
import { type Answer, type App, type Caller, run, type Signed, walletKey } from '../../runtime.ts'
import { Writing } from '../../write-set.ts'
import { chainsOf } from './wallets.ts'

interface Asked {
  readonly walletId: string
  readonly asset: string
  readonly amount: string
}
type Ordering = Asked & Omit<wallet.Allowance, 'asset' | 'amount'>
type Reads = { readonly wallet: ReturnType<typeof walletKey> }

const order: UseCase<Ordering, Reads, Answer> = {
  reads: ({ walletId }) => ({ wallet: walletKey(walletId) }),
  decide: (read, { walletId, ...asked }, stamp) => {
    const decided = wallet.decide(read.wallet.state, { type: 'allow', ...asked })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const state = decided.value.reduce(wallet.evolve, read.wallet.state)
    if (state.status === 'none') throw new Error('an ordered allowance is of a wallet')
    const stream = `wallet:${walletId}`
    const place = { family: 'wallet', id: walletId, stream, before: read.wallet } as const
    const { asset, amount, transaction } = asked
    return new Writing(stamp)
      .append(place, decided.value, state)
      .answer({ walletId, asset, amount, transaction }, stream)
  },
}

/**
 * Lets Permit2 spend so much of a wallet's asset, and no more. INVARIANT(once): the transaction is
 * signed and committed before it is sent; asked for again under the same key, the same one is sent.
 */
export async function allow(
  app: App,
  caller: Caller & { readonly principalId: Id<'prn'> },
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
  if (transaction !== null) {
    const events = await app.store.reads.events(scope, `wallet:${asked.walletId}`)
    const made = events.find(({ data }) => data.transaction === transaction)
    await chain.send({ transaction, signed: String(made?.data.signed) })
  }
  return ordered
}

/** What cannot be sent is not ordered. */
async function prepared(
  app: App,
  chain: Chain,
  { scope, principalId: by }: Caller & { readonly principalId: Id<'prn'> },
  asked: Asked,
): Promise<Result<Ordering, ProblemCode>> {
  const { walletId, asset, amount } = asked
  const { state } = await app.store.reads.state(scope, 'wallet', walletId)
  if (state.status === 'none') return err('wallet_not_found')
  if (state.status !== 'active' && amount !== '0') return err('commit_wallet_frozen', walletId)
  const { address: from } = state
  const allowance = BigInt(amount)
  if ((await chain.allowance(asset, from)) === allowance) {
    return ok({ ...asked, by, transaction: null, signed: null })
  }
  const terms = await chain.approvalTerms({ asset, from, allowance })
  const sealed = await app.wallets.signApproval(from, { asset, allowance, ...terms })
  return ok({ ...asked, by, ...sealed })
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
