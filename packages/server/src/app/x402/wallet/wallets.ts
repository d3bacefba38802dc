/**
 * Wallets: each pays for one principal. Keys are made and used behind a port; none comes out.
 *
 * @module
 */
import { ledger, policy, wallet } from '@surety/domain'
import {
  CHAIN_ASSETS,
  type ChainAsset,
  err,
  type Id,
  type JsonObject,
  NETWORKS,
  ok,
} from '@surety/protocol'
import type { Chain } from '../../../ports/chain.ts'
import type { Idempotency, Outcome, Scope, Stamp, Stored, UseCase } from '../../../ports.ts'
import { type Answer, type App, type Call, principalKey, walletKey } from '../../runtime.ts'
import { fresh, Writing } from '../../write-set.ts'

type Wallet = wallet.Wallet
type Known = wallet.KnownWallet

export interface NewWallet {
  readonly ownerId: Id<'prn'>
  readonly name: string
}

interface Creating extends NewWallet {
  readonly address: string
  readonly origin: Known['origin']
  readonly since: Known['since']
}
type CreateReads = { readonly owner: ReturnType<typeof principalKey> }

const create: UseCase<Creating, CreateReads, Answer> = {
  reads: ({ ownerId }) => ({ owner: principalKey(ownerId) }),
  decide: ({ owner }, input, stamp) => {
    if (owner.state.status === 'none') return { type: 'refuse', code: 'principal_not_found' }
    const walletId = stamp.mint('wlt')
    const decided = wallet.decide(wallet.initial, { type: 'create', walletId, ...input })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const { ownerId, address } = input
    const refusal = 'wallet_already_exists'
    return write(fresh(wallet.initial), walletId, decided.value, stamp, (writing) =>
      writing
        // INVARIANT(books): what is in a wallet is its owner's; with one each there is no doubt.
        .unique({ family: 'walletOf', key: ownerId, owner: walletId, refusal })
        .unique({ family: 'walletAddress', key: address, owner: walletId, refusal }),
    )
  },
}

function write(
  before: Stored<Wallet>,
  walletId: string,
  events: readonly wallet.WalletEvent[],
  stamp: Stamp,
  more: (writing: Writing) => Writing = (writing) => writing,
): Outcome<Answer> {
  const state = events.reduce(wallet.evolve, before.state)
  if (state.status === 'none') throw new Error('a changed wallet is one')
  const stream = `wallet:${walletId}`
  const writing = new Writing(stamp)
  writing.append({ family: 'wallet', id: walletId, stream, before }, events, state)
  return more(writing).answer(walletView(state), stream)
}

/** A wallet as callers see it. */
export function walletView(state: Known): JsonObject {
  const { walletId, ownerId, address, name, status, origin } = state
  const view = { walletId, ownerId, address, name, status, origin }
  if (state.ordered === undefined) return view
  const ordered = Object.entries(state.ordered).map(([asset, { amount, transaction }]) => {
    return { asset, amount, transaction }
  })
  return { ...view, ordered }
}

/** Makes a key and a wallet of it. A key whose wallet is refused is never used. */
export function createWallet(
  app: App,
  scope: Scope,
  body: NewWallet,
  idempotency: Idempotency | null,
): Call<Creating, CreateReads> {
  return {
    useCase: create,
    idempotency,
    prepare: async () => {
      const held = await app.store.reads.unique(scope, 'walletOf', body.ownerId)
      if (held !== undefined) return err('wallet_already_exists', held)
      const since = await finalBlocks(app, scope)
      return ok({ ...body, address: await app.wallets.create(), origin: 'created', since })
    },
  }
}

/**
 * Takes a key that exists. It goes behind the port and is in no event, log or answer; and only when
 * nothing is known that will refuse its wallet. A key that is kept and pays for no wallet, because
 * the house died in between, is taken again.
 */
export function importWallet(
  app: App,
  scope: Scope,
  body: NewWallet & { readonly privateKey: string },
  idempotency: Idempotency | null,
): Call<Creating, CreateReads> {
  const { privateKey, ...rest } = body
  return {
    useCase: create,
    idempotency,
    prepare: async () => {
      const { state } = await app.store.reads.state(scope, 'principal', rest.ownerId)
      if (state.status === 'none') return err('principal_not_found')
      const held = await app.store.reads.unique(scope, 'walletOf', rest.ownerId)
      if (held !== undefined) return err('wallet_already_exists', held)
      const since = await finalBlocks(app, scope)
      const address = await app.wallets.import(privateKey)
      if (!address.ok) return address
      if (await paysAlready(app, address.value)) return err('wallet_already_exists', address.value)
      return ok({ ...rest, address: address.value, origin: 'imported', since })
    },
  }
}

/** INVARIANT(books): what comes to an address is in the books of one wallet, in whatever scope. */
async function paysAlready(app: App, address: string): Promise<boolean> {
  const scopes = await app.store.reads.scopes()
  const held = scopes.map((scope) => app.store.reads.unique(scope, 'walletAddress', address))
  return (await Promise.all(held)).some((walletId) => walletId !== undefined)
}

/** What lies in a wallet before it is one was never ours to book; from here on everything is. */
async function finalBlocks(app: App, scope: Scope): Promise<Known['since']> {
  const chains = chainsOf(app, scope)
  const views = await Promise.all(chains.map(([, chain]) => chain.view()))
  return Object.fromEntries(
    chains.map(([network], i) => [network, Number(views[i]?.final.number ?? 0n)]),
  )
}

/** The networks of an environment that the house is connected to. */
export function chainsOf(app: App, { environment }: Scope): readonly [string, Chain][] {
  return [...app.blockchains].filter(
    ([network]) => NETWORKS.get(network)?.environment === environment,
  )
}

/** Every asset that the house is connected to. */
export function assetsOf(
  app: App,
  scope: Scope,
): readonly { readonly network: string; readonly chain: Chain; readonly asset: ChainAsset }[] {
  return chainsOf(app, scope).flatMap(([network, chain]) =>
    [...CHAIN_ASSETS.values()]
      .filter((asset) => asset.network === network)
      .map((asset) => ({ network, chain, asset })),
  )
}

interface Changing {
  readonly walletId: string
  readonly command: wallet.WalletCommand
}
type ChangeReads = { readonly wallet: ReturnType<typeof walletKey> }

const change: UseCase<Changing, ChangeReads, Answer> = {
  reads: ({ walletId }) => ({ wallet: walletKey(walletId) }),
  decide: (read, { walletId, command }, stamp) => {
    const decided = wallet.decide(read.wallet.state, command)
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    return write(read.wallet, walletId, decided.value, stamp)
  },
}

/** Freezes a wallet, or lets it pay again. What it signed before stays signed. */
export function changeWallet(
  walletId: string,
  type: 'freeze' | 'unfreeze',
  reason: string,
  idempotency: Idempotency | null,
): Call<Changing, ChangeReads> {
  const command = { type, reason }
  return { useCase: change, idempotency, prepare: async () => ok({ walletId, command }) }
}

/** What the books say of a wallet's money in one asset, and what its chain says. */
export async function walletBalances(
  app: App,
  scope: Scope,
  state: Known,
): Promise<readonly JsonObject[]> {
  const account = ledger.walletAccount(policy.X402_RAIL, state.walletId)
  const balances = assetsOf(app, scope).map(async ({ chain, asset: { id } }) => {
    const balanceOf = async (name: ledger.AccountName) => {
      const rows = await app.store.reads.accounts(scope, name)
      const row = rows.find((each) => each.account === name && each.asset === id)
      return row === undefined ? '0' : String(ledger.balanceOf(name, row.sums))
    }
    return {
      asset: id,
      booked: await balanceOf(account),
      available: await balanceOf(`principal:${state.ownerId}`),
      suspense: await balanceOf(`suspense:${state.walletId}`),
      onChain: String(await chain.balance(id, state.address)),
      permit2: String(await chain.allowance(id, state.address)),
    }
  })
  return Promise.all(balances)
}
