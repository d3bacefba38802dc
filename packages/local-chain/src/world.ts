/**
 * Everything an agent meets when it buys, on one machine and none of it ours: a chain, a token on
 * it, the reference facilitator, and sellers made of unmodified packages.
 *
 * @module
 */
import { type AnvilOptions, NETWORK, startAnvil } from './anvil.ts'
import { type Child, type Program, startChild } from './child.ts'
import type { FacilitatorFault, SellerFault } from './faults.ts'
import { balanceOf, giveGas, mint, placeContracts, TOKEN, transferFrom } from './token.ts'

/** Who is paid: addresses that nobody has a key for. */
export const PAYEES = {
  express: '0x209693bc6afc0c5328ba36faf03c514ef312287c',
  hono: '0x71c7656ec7ab88b098defb751b7401b5f6d8976f',
  hostile: '0x00000000219ab540356cbb839cbe05303d7705fa',
} as const

export type Seller = keyof typeof PAYEES

export interface WorldOptions extends AnvilOptions {
  /** Which sellers are opened; all of them if nothing is said. */
  readonly sellers?: readonly Seller[]
}

export interface LocalWorld {
  readonly rpcUrl: string
  /** CAIP-2. */
  readonly network: string
  /** CAIP-19. */
  readonly asset: string
  readonly facilitatorUrl: string
  /** Of each seller that was opened; no trailing slash. */
  readonly urls: Readonly<Partial<Record<Seller, string>>>
  /** Makes tokens from nothing; minor units, six decimals. */
  mint(to: string, value: bigint): Promise<void>
  /** Sends tokens from any address, with no key: a refund, or money nobody asked for. */
  transfer(from: string, to: string, value: bigint): Promise<string>
  balance(address: string): Promise<bigint>
  /** One coin of the chain itself, for an address that is to send a transaction. */
  giveGas(to: string): Promise<void>
  /** Mines blocks that hold nothing. */
  mine(blocks: number): Promise<void>
  /** Moves the clock of the chain forward, and mines a block that says so. */
  warp(seconds: number): Promise<void>
  /** While false, transactions wait in the pool. */
  setAutomine(automine: boolean): Promise<void>
  /** Undoes the newest blocks and what was in them. */
  reorganize(depth: number): Promise<void>
  breakFacilitator(fault: FacilitatorFault): Promise<void>
  breakSeller(seller: 'express' | 'hono', fault: SellerFault): Promise<void>
  stop(): Promise<void>
}

const PROGRAMS: Readonly<Record<Seller, Program>> = {
  express: 'express-seller',
  hono: 'hono-seller',
  hostile: 'hostile-seller',
}

/** One after another: of two transactions of an account at once one would replace the other. */
function oneAfterAnother(): <Value>(send: () => Promise<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve()
  return (send) => {
    const sent = last.then(send)
    last = sent.catch(() => undefined)
    return sent
  }
}

export async function startWorld(options: WorldOptions = {}): Promise<LocalWorld> {
  const { sellers = ['express', 'hono', 'hostile'] } = options
  const started: { stop(): Promise<void> }[] = []
  const inTurn = oneAfterAnother()
  const stop = async () => void (await Promise.all(started.map((each) => each.stop())))
  const keep = <Part extends { stop(): Promise<void> }>(part: Part): Part => {
    started.push(part)
    return part
  }
  try {
    const anvil = keep(await startAnvil(options))
    const { rpc, rpcUrl } = anvil
    await placeContracts(rpc)
    const facilitator = keep(await startChild<FacilitatorFault>('facilitator', { rpcUrl }))
    const shops = new Map<Seller, Child<SellerFault>>()
    await Promise.all(
      sellers.map(async (seller) => {
        const config = { facilitatorUrl: facilitator.url, payTo: PAYEES[seller] }
        shops.set(seller, keep(await startChild<SellerFault>(PROGRAMS[seller], config)))
      }),
    )
    return {
      rpcUrl,
      network: NETWORK,
      asset: `${NETWORK}/erc20:${TOKEN}`,
      facilitatorUrl: facilitator.url,
      urls: Object.fromEntries([...shops].map(([seller, { url }]) => [seller, url])),
      mint: (to, value) => inTurn(() => mint(rpc, to, value)),
      transfer: (from, to, value) => inTurn(() => transferFrom(rpc, from, to, value)),
      balance: (address) => balanceOf(rpc, address),
      giveGas: (to) => giveGas(rpc, to),
      mine: async (blocks) => void (await rpc.call('anvil_mine', `0x${blocks.toString(16)}`)),
      warp: async (seconds) => {
        await rpc.call('evm_increaseTime', seconds)
        await rpc.call('evm_mine')
      },
      setAutomine: async (automine) => void (await rpc.call('evm_setAutomine', automine)),
      reorganize: async (depth) => void (await rpc.call('anvil_reorg', depth, [])),
      breakFacilitator: (fault) => facilitator.setFault(fault),
      breakSeller: async (seller, fault) => {
        const shop = shops.get(seller)
        if (shop === undefined) throw new Error(`${seller} was not opened`)
        await shop.setFault(fault)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
