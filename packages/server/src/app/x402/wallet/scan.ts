/**
 * Looks for money that came into wallets, block after block, and books it.
 *
 * Attacker-controlled: what is sent to a wallet is anybody's choice. No wallet's inbound keeps
 * another's from being looked at.
 *
 * @module
 */
import type { wallet } from '@surety/domain'
import { Failure, type Scope } from '../../../ports.ts'
import type { App } from '../../runtime.ts'
import { isThere } from '../rail.ts'
import { receiveOne } from './inbound.ts'
import { assetsOf } from './wallets.ts'

type Known = wallet.KnownWallet
type Asset = ReturnType<typeof assetsOf>[number]

const ROWS_MAX = 64

/** Looks at every wallet of a scope; what is final and new is booked. */
export async function receiveInScope(app: App, scope: Scope): Promise<void> {
  const away = new Set<string>()
  const assets = assetsOf(app, scope)
  if (assets.length === 0) return
  let after: string | undefined
  for (;;) {
    const page = { after, limit: ROWS_MAX, descending: false }
    const rows = await app.store.reads.states(scope, 'wallet', page)
    for (const { stored } of rows) {
      if (stored.state.status === 'none') continue
      for (const asset of assets) await receiveUnless(app, scope, stored.state, { asset, away })
    }
    after = rows.at(-1)?.id
    if (after === undefined || rows.length < ROWS_MAX) return
  }
}

/** A network that does not answer is left for the next time; any other failure is the wallet's. */
async function receiveUnless(
  app: App,
  scope: Scope,
  owner: Known,
  { asset, away }: { readonly asset: Asset; readonly away: Set<string> },
): Promise<void> {
  const { network } = asset
  if (away.has(network)) return
  try {
    await receiveSome(app, scope, owner, asset)
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    const { walletId } = owner
    app.log.warn({ err: failure, network, walletId }, 'what came into a wallet was not looked at')
    if (!(await isThere(app, network))) away.add(network)
  }
}

/** Books what came into one wallet since it was last looked at, as far as one look reaches. */
async function receiveSome(
  app: App,
  scope: Scope,
  owner: Known,
  { network, chain, asset }: Asset,
): Promise<void> {
  const place = `${owner.walletId}/${asset.id}`
  const cursor = cursorName(asset.id)
  const fromBlock =
    app.scanned.get(place) ?? (await firstBlock(app, scope, owner, { network, cursor }))
  const found = await chain.inbound({ asset: asset.id, to: owner.address, fromBlock })
  for (const transfer of found.transfers) {
    await receiveOne(app, scope, { owner, network, asset: asset.id, transfer })
  }
  app.scanned.set(place, found.through + 1n)
  const steps = (block: bigint) => block / CURSOR_STEP
  const isFar = steps(found.through) > steps(fromBlock)
  if (isFar || found.transfers.length > 0) {
    const { walletId } = owner
    await app.store.keepDocument(scope, walletId, cursor, String(found.through))
  }
}

/** How often, in blocks, it is written down how far was looked. */
const CURSOR_STEP = 256n
/** A chain may go back a little; what is looked at twice is booked once. */
const LOOK_BACK = 256n

const cursorName = (asset: string): string => `scanned-${asset.replaceAll(/[^\w]/g, '-')}`

/** Where to look on after a restart: never behind the wallet's own first block. */
async function firstBlock(
  app: App,
  scope: Scope,
  { walletId, since }: Known,
  { network, cursor }: { readonly network: string; readonly cursor: string },
): Promise<bigint> {
  const first = BigInt(since[network] ?? 0) + 1n
  const kept = (await app.store.reads.documents(scope, walletId)).get(cursor)
  const again = kept === undefined ? first : BigInt(kept) - LOOK_BACK
  return again > first ? again : first
}
