/** Questions about wallets. INVARIANT(tenancy): what a caller may not see is simply not there. */
import type { wallet } from '@surety/domain'
import { err, type JsonObject, ok, type ProblemCode, type Result } from '@surety/protocol'
import type { Page } from '../../../ports.ts'
import type { Listing } from '../../read.ts'
import type { App, Caller } from '../../runtime.ts'
import { walletBalances, walletView } from './wallets.ts'

function sees(caller: Caller, state: wallet.Wallet): state is wallet.KnownWallet {
  if (state.status === 'none') return false
  return caller.scopes.has('read:all') || state.ownerId === caller.principalId
}

/** A wallet, with what the books and the chains say it holds. */
export async function readWallet(
  app: App,
  caller: Caller,
  walletId: string,
): Promise<Result<JsonObject, ProblemCode>> {
  const { state } = await app.store.reads.state(caller.scope, 'wallet', walletId)
  if (!sees(caller, state)) return err('wallet_not_found')
  const balances = await walletBalances(app, caller.scope, state)
  return ok({ ...walletView(state), balances } as JsonObject)
}

/** One page of wallets. */
export async function listWallets(app: App, caller: Caller, page: Page): Promise<Listing> {
  const rows = await app.store.reads.states(caller.scope, 'wallet', page)
  const items = rows.flatMap(({ stored: { state } }) =>
    sees(caller, state) ? [walletView(state)] : [],
  )
  const last = rows.at(-1)
  return { items, next: rows.length < page.limit || last === undefined ? null : last.id }
}
