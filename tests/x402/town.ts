/**
 * A town for purchases: a house on a real chain, a payer with a funded wallet, an agent with a
 * grant, and sellers that are not ours.
 *
 * @module
 */
import { type LocalWorld, PAYEES, startWorld, type WorldOptions } from '@surety/local-chain'
import { fromBase64url, type GrantBounds, type Id, type Jwks, type Profile } from '@surety/protocol'
import type { Config } from '@surety/server'
import {
  applyProfile,
  grantTo,
  type Member,
  openHouse,
  profileFor,
  type TestHouse,
} from '../support/house.ts'

export interface Town {
  house: TestHouse
  readonly world: LocalWorld
  readonly payer: Member
  readonly agent: Member
  /** Who the profile says the sellers are. */
  readonly sellers: Readonly<Record<keyof typeof PAYEES, Id<'prn'>>>
  /** The sellers as parties of the house, should they sign. */
  readonly shops: Readonly<Record<keyof typeof PAYEES, Member>>
  readonly walletId: string
  readonly address: string
  readonly grantHash: string
  close(): Promise<void>
}

export interface TownOptions {
  readonly world?: WorldOptions
  readonly settings?: Partial<Config>
  readonly profile?: Partial<Profile>
  readonly bounds?: Partial<GrantBounds>
  /** What stands between the house and its node. */
  readonly node?: (rpcUrl: string) => Promise<string>
  /** In minor units. */
  readonly fund?: bigint
  /** Whether the agent must sign its intents; it need not if nothing is said. */
  readonly signs?: boolean
}

const AGENT_SCOPES = ['gates:write', 'read'] as const

let profiles = 0

/** A profile that lets an agent buy from the sellers of the town. */
export function buyingProfile(
  town: Pick<Town, 'sellers' | 'world'> & { readonly agent: Pick<Member, 'principalId'> },
  changes: Partial<Profile> = {},
  signs = false,
): Profile {
  profiles += 1
  const { world, sellers, agent } = town
  const { asset, network } = world
  const payees = Object.values(sellers)
  return profileFor(payees, {
    profileId: `buying-${String(profiles)}`,
    allowlists: { assets: [asset], rails: ['x402-evm'], networks: [network], payees },
    limits: { perRequest: [{ asset, max: '50000' }], perDay: [{ asset, max: '100000000' }] },
    approvalTiers: [],
    irrevocable: { payees, max: [{ asset, max: '50000' }] },
    x402: {
      origins: Object.entries(world.urls).map(([alias, origin]) => ({
        origin,
        methods: ['GET', 'POST'],
        privateAddresses: true,
        alias,
      })),
      payees: (Object.keys(sellers) as (keyof typeof PAYEES)[]).map((name) => ({
        payee: sellers[name],
        network,
        payTo: PAYEES[name],
      })),
      schemes: ['exact'],
      validSecondsMax: 300,
      ...(signs ? {} : { unsignedBy: [agent.principalId] }),
    },
    ...changes,
  })
}

export async function openTown(options: TownOptions = {}): Promise<Town> {
  const world = await startWorld(options.world)
  const node = (await options.node?.(world.rpcUrl)) ?? world.rpcUrl
  const house = await openHouse({
    chainNodes: { [world.network]: node },
    ...options.settings,
  })
  const payer = await house.member('organisation', ['grant'], ['grants:write', 'read'])
  const agent = await house.member('agent', ['intent'], AGENT_SCOPES)
  const sell = () => house.member('service', ['response'], ['read'])
  const shops = { express: await sell(), hono: await sell(), hostile: await sell() }
  const { express, hono, hostile } = shops
  const sellers = {
    express: express.principalId,
    hono: hono.principalId,
    hostile: hostile.principalId,
  }
  const { client } = house.operator
  const made = await client.call('postWallets', {
    body: { ownerId: payer.principalId, name: 'till' },
  })
  const { grantHash } = await grantTo(payer, agent, { assets: [world.asset], ...options.bounds })
  const town: Town = {
    house,
    world,
    payer,
    agent,
    sellers,
    shops,
    walletId: made.walletId,
    address: made.address,
    grantHash,
    close: async () => {
      await town.house.close()
      await world.stop()
    },
  }
  await applyProfile(house, buyingProfile(town, options.profile, options.signs))
  await fund(town, options.fund ?? 10_000_000n)
  return town
}

const BANK = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'

/** Puts money into the wallet, on the chain, and says that it is the owner's. */
async function fund(town: Town, value: bigint): Promise<string> {
  const { world, house, walletId, address } = town
  await world.mint(BANK, value)
  const transaction = await world.transfer(BANK, address, value)
  await house.operator.client.call('postWalletsFund', {
    params: { walletId },
    body: { transaction },
  })
  return transaction
}

/** Buys a path of a seller, as the agent. */
export function buy(
  town: Town,
  path = '/weather',
  more: Readonly<Record<string, unknown>> & {
    readonly seller?: keyof typeof PAYEES
    readonly idempotencyKey?: string
  } = {},
) {
  const { seller = 'express', idempotencyKey, ...body } = more
  const url = `${town.world.urls[seller] ?? ''}${path}`
  const { grantHash } = town
  return town.agent.client.call('postFetch', {
    body: { url, grantHash, ...body },
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  })
}

/** What the books say, and what the chain says. */
export async function moneyOf(town: Town) {
  const { walletId } = town
  const found = await town.house.operator.client.call('getWalletsOne', { params: { walletId } })
  const balance = found.balances?.find(({ asset }) => asset === town.world.asset)
  if (balance === undefined) throw new Error('no balance')
  return balance
}

/** The bundle of a gate, as anybody gets it who may read it. */
export async function bundleOf(
  town: Town,
  gateId: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { client } = town.house.operator
  const { files } = await client.call('getGatesBundle', { params: { gateId } })
  return new Map(
    files.map(({ path, content }) => [path, fromBase64url(content) ?? new Uint8Array(0)]),
  )
}

/** Surety's public keys, from its own well-known place. */
export async function jwksOf(town: Town): Promise<Jwks> {
  return (await town.house.operator.client.call('getWellKnownJwksJson')) as Jwks
}
