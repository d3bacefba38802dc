/**
 * The scene of the purchases from others: a real chain, sellers that are not ours, and a wallet.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { type LocalWorld, PAYEES } from '@surety/local-chain'
import { ensureInstant, formatInstant, type Id, type Profile } from '@surety/protocol'
import { applyProfile, httpFingerprint, ProblemError } from '@surety/sdk'
import { demoProfile } from '../moves.ts'
import type { Stage } from '../stage.ts'

export const PRICE = '10000'
const FUNDS = 1_000_000n
const BANK = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'
const DAY_MS = 86_400_000

export interface Scene {
  readonly world: LocalWorld
  readonly walletId: string
  readonly address: string
  readonly grantHash: string
  readonly sellers: Readonly<Record<keyof typeof PAYEES, Id<'prn'>>>
  /** The purchase whose answer was lost, and its key. */
  lost?: { readonly gateId: string; readonly key: string; readonly earned: bigint }
}

/** Gives the payer a wallet with money in it, Runner a grant on it, and the policy its say. */
export async function openScene(stage: Stage): Promise<Scene> {
  if (stage.made.scene !== undefined) return stage.made.scene
  const { world, operator, payer, buyer } = stage
  const register = async (name: string): Promise<Id<'prn'>> => {
    const body = { kind: 'service', name, keys: [] } as const
    return (await operator.client.call('postPrincipals', { body })).principalId as Id<'prn'>
  }
  const sellers = {
    express: await register('Weather on Express'),
    hono: await register('Weather on Hono'),
    hostile: await register('A hostile server'),
  }
  const owned = { ownerId: payer.principalId, name: 'till' }
  const { walletId, address } = await operator.client.call('postWallets', { body: owned })
  await world.mint(BANK, FUNDS)
  const transaction = await world.transfer(BANK, address, FUNDS)
  const params = { walletId }
  await operator.client.call('postWalletsFund', { params, body: { transaction } })
  const now = Date.now()
  const { jws, grantHash } = payer.party.rootGrant({
    granteeId: buyer.principalId,
    bounds: { assets: [world.asset], actions: ['purchase'], maxDepth: 0 },
    notBefore: formatInstant(ensureInstant(now)),
    expiresAt: formatInstant(ensureInstant(now + DAY_MS)),
  })
  await payer.client.call('postGrants', { body: { grant: jws } })
  const scene: Scene = { world, walletId, address, grantHash, sellers }
  const { client, party } = operator
  await applyProfile(client, party, { profile: buying(stage, scene), justificationCode: 'demo' })
  stage.made.scene = scene
  return scene
}

/** The policy of the demo, and what it says of buying from others. */
function buying(stage: Stage, { world, sellers }: Scene): Profile {
  const { asset, network } = world
  const base = demoProfile(stage.provider)
  const payees = Object.values(sellers)
  const names = Object.keys(sellers) as (keyof typeof PAYEES)[]
  return {
    ...base,
    profileId: 'demo-buying',
    allowlists: {
      ...base.allowlists,
      assets: [...base.allowlists.assets, asset],
      rails: [...base.allowlists.rails, 'x402-evm'],
      networks: [...base.allowlists.networks, network],
      payees: [...(base.allowlists.payees ?? []), ...payees],
    },
    limits: {
      perRequest: [...base.limits.perRequest, { asset, max: '50000' }],
      perDay: [...(base.limits.perDay ?? []), { asset, max: '500000' }],
    },
    irrevocable: { payees, max: [{ asset, max: '50000' }] },
    x402: {
      origins: Object.values(world.urls).map((origin) => ({
        origin,
        methods: ['GET'],
        privateAddresses: true,
      })),
      payees: names.map((name) => ({ payee: sellers[name], network, payTo: PAYEES[name] })),
      schemes: ['exact'],
      validSecondsMax: 300,
    },
  }
}

/** Fetches a URL as Runner: asks, signs what the seller wants, and asks again. */
export async function fetchAs(
  stage: Stage,
  scene: Scene,
  url: string,
  given: { readonly amount?: string; readonly seller: keyof typeof PAYEES; readonly key?: string },
) {
  const { buyer, crypto } = stage
  const { grantHash, world, sellers } = scene
  const { amount = PRICE, seller, key } = given
  const { jws: intent } = buyer.party.intent({
    requestFingerprint: httpFingerprint({ method: 'GET', url }, crypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: false,
    amount,
    asset: world.asset,
    payee: sellers[seller],
    rail: 'x402-evm',
    network: world.network,
    grantHash,
  })
  const idempotencyKey = key ?? randomUUID()
  return buyer.client.call('postFetch', { body: { url, grantHash, intent }, idempotencyKey })
}

/** The problem a call is refused with; `undefined` if it is not. */
export async function problemOf(call: Promise<unknown>) {
  try {
    await call
    return undefined
  } catch (fault) {
    if (fault instanceof ProblemError) return fault.problem
    throw fault
  }
}

/** What books and chain say of the wallet. */
export async function walletOf(stage: Stage, { walletId, world }: Scene) {
  const params = { walletId }
  const { balances } = await stage.operator.client.call('getWalletsOne', { params })
  const found = balances?.find(({ asset }) => asset === world.asset)
  if (found === undefined) throw new Error('the wallet has no balance')
  return found
}
