/**
 * What a wallet lets Permit2 spend: ordered by an operator, written down, then sent to the chain,
 * which alone says what holds. Rules: spec/wallet.md. Reasons: docs/adr/0039-upto-over-permit2.md.
 *
 * @module
 */
import { wallet } from '@surety/domain'
import {
  CHAIN_ASSETS,
  err,
  type Id,
  type JsonObject,
  ok,
  type ProblemCode,
  type Result,
} from '@surety/protocol'
import type { Chain } from '../../../ports/chain.ts'
import type { Idempotency, Scope, UseCase } from '../../../ports.ts'
import { type Answer, type App, type Call, type Caller, run, walletKey } from '../../runtime.ts'
import { Writing } from '../../write-set.ts'
import { chainsOf, walletView } from './wallets.ts'

interface Asked {
  readonly walletId: string
  readonly asset: string
  readonly amount: string
}
interface Ordering extends Asked {
  readonly by: Id<'prn'>
}
type Reads = { readonly wallet: ReturnType<typeof walletKey> }

const order: UseCase<Ordering, Reads, Answer> = {
  reads: ({ walletId }) => ({ wallet: walletKey(walletId) }),
  decide: (read, { walletId, ...asked }, stamp) => {
    const decided = wallet.decide(read.wallet.state, { type: 'allow', ...asked })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const state = decided.value.reduce(wallet.evolve, read.wallet.state)
    if (state.status === 'none') throw new Error('an ordered allowance is of a wallet')
    const stream = `wallet:${walletId}`
    const writing = new Writing(stamp)
    writing.append(
      { family: 'wallet', id: walletId, stream, before: read.wallet },
      decided.value,
      state,
    )
    return writing.answer(walletView(state), stream)
  },
}

/**
 * Lets Permit2 spend so much of a wallet's asset, no more. The order is committed before anything is
 * sent; repeated under the same key it is answered, and sent no second time.
 */
export async function allow(
  app: App,
  caller: Caller & { readonly principalId: Id<'prn'> },
  asked: Asked,
  idempotency: Idempotency | null,
): Promise<Result<JsonObject, ProblemCode>> {
  const { scope, principalId: by } = caller
  const { walletId, asset, amount } = asked
  const chain = chainFor(app, scope, asset)
  if (chain === undefined) return err('network_not_configured', asset)
  const { state } = await app.store.reads.state(scope, 'wallet', walletId)
  if (state.status === 'none') return err('wallet_not_found')
  const wanted = { asset, from: state.address, allowance: BigInt(amount) }
  const held = await chain.allowance(asset, state.address)
  const isSet = held === wanted.allowance
  // What cannot be sent is not ordered.
  const terms = isSet ? undefined : await chain.approvalTerms(wanted)
  const call: Call<Ordering, Reads> = {
    useCase: order,
    idempotency,
    prepare: async () => ok({ ...asked, by }),
  }
  const ordered = await run(app, caller, call)
  if (!ordered.ok) return ordered
  if (terms === undefined || ordered.value.replayed) {
    return ok({ walletId, asset, allowance: String(held), transaction: null })
  }
  const approval = { asset, allowance: wanted.allowance, ...terms }
  const transaction = await chain.send(await app.wallets.signApproval(state.address, approval))
  const allowance = String(await chain.allowance(asset, state.address))
  return ok({ walletId, asset, allowance, transaction })
}

function chainFor(app: App, scope: Scope, asset: string): Chain | undefined {
  const network = CHAIN_ASSETS.get(asset)?.network
  return chainsOf(app, scope).find(([name]) => name === network)?.[1]
}

/**
 * Whether what is to be signed could be taken. Asked of the chain before money is held: without the
 * allowance nobody could settle, and the money would lie still for nothing.
 */
export async function allowanceRefusal(
  app: App,
  scope: Scope,
  asked: { readonly asset: string; readonly amount: string; readonly walletId: string },
): Promise<Result<null, ProblemCode>> {
  const chain = chainFor(app, scope, asked.asset)
  const { state } = await app.store.reads.state(scope, 'wallet', asked.walletId)
  // That there is no wallet, or no such network, the decision says.
  if (chain === undefined || state.status === 'none') return ok(null)
  const held = await chain.allowance(asked.asset, state.address)
  if (held >= BigInt(asked.amount)) return ok(null)
  const detail = `${asked.walletId} lets Permit2 spend ${String(held)}, ${asked.amount} is asked for`
  return err('permit2_allowance_required', detail)
}
