/**
 * A town whose agents may buy what is charged by its use: `upto` allowed by the profile, and by the
 * wallet.
 *
 * @module
 */
import type { Profile } from '@surety/protocol'
import { applyProfile } from '../support/house.ts'
import { type UnwillingNode, unwillingNode } from './node.ts'
import { buy, buyingProfile, openTown, type Town, type TownOptions } from './town.ts'

/** What the metered ware may cost, in minor units. */
export const MOST = 50_000n
const ALLOWED = '100000000'

/** The profile of the town, with both schemes. */
export function meteredProfile(town: Town, changes: Partial<Profile> = {}): Profile {
  const profile = buyingProfile(town, changes)
  const { x402 } = profile
  if (x402 === undefined) throw new Error('a profile to buy under')
  return { ...profile, x402: { ...x402, schemes: ['exact', 'upto'] } }
}

export async function openMeteredTown(options: TownOptions = {}): Promise<Town> {
  const town = await openTown(options)
  await applyProfile(town.house, meteredProfile(town, options.profile))
  await town.world.giveGas(town.address)
  await allow(town)
  return town
}

/** A town of one seller whose node answers as it is told. */
export async function openUnwillingTown(): Promise<{
  readonly town: Town
  readonly node: UnwillingNode
  close(): Promise<void>
}> {
  let node: UnwillingNode | undefined
  const between = async (rpcUrl: string) => {
    node = await unwillingNode(rpcUrl)
    return node.url
  }
  const town = await openMeteredTown({ world: { sellers: ['express'] }, node: between })
  if (node === undefined) throw new Error('a town asks its node')
  return {
    town,
    node,
    async close() {
      node?.close()
      await town.close()
    },
  }
}

/** Lets Permit2 spend of the town's wallet. */
export function allow(town: Town, amount = ALLOWED) {
  const { house, walletId, world } = town
  const params = { walletId }
  const body = { asset: world.asset, amount }
  return house.operator.client.call('postWalletsAllowance', { params, body })
}

/** Buys the metered ware; the seller takes so much, or all if nothing is said. */
export function buyMetered(
  town: Town,
  take?: string,
  more: Parameters<typeof buy>[2] = {},
): ReturnType<typeof buy> {
  return buy(
    town,
    take === undefined ? '/metered' : `/metered?take=${encodeURIComponent(take)}`,
    more,
  )
}
