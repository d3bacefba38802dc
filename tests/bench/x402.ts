/**
 * What a purchase costs: the unmodified `@x402/fetch` on the local chain, and through Surety, in
 * the same run.
 *
 * @module
 */
import type { LocalWorld } from '@surety/local-chain'
import { newIdempotencyKey } from '@surety/sdk'
import { ExactEvmScheme } from '@x402/evm/exact/client'
import { wrapFetchWithPayment, x402Client } from '@x402/fetch'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { host } from '../support/house.ts'
import { openTown, type Town } from '../x402/town.ts'
import { start, stop } from './house.ts'
import { closedLoop, type Measured, measured, round } from './wire.ts'

const RESOURCE = '/weather'
const BUYERS = 16

type Buyer = () => Promise<void>

/** A buyer of the packages themselves, with money of its own. */
async function bareBuyer(world: LocalWorld): Promise<Buyer> {
  const account = privateKeyToAccount(generatePrivateKey())
  await world.mint(account.address.toLowerCase(), 1_000_000_000n)
  const client = new x402Client().register('eip155:*', new ExactEvmScheme(account))
  const pay = wrapFetchWithPayment(fetch, client)
  const url = `${world.urls.express ?? ''}${RESOURCE}`
  return async () => {
    const answer = await pay(url)
    if (answer.status !== 200)
      throw new Error(`a bare purchase ended with ${String(answer.status)}`)
    await answer.arrayBuffer()
  }
}

async function timed(buyer: Buyer): Promise<number> {
  const started = performance.now()
  await buyer()
  return performance.now() - started
}

/** An agent of a house that serves beside the sellers; the house holds the wallet. */
function buyerOf(town: Town, url: string): Buyer {
  const resource = `${town.world.urls.express ?? ''}${RESOURCE}`
  const body = JSON.stringify({ url: resource, grantHash: town.grantHash })
  const headers = {
    authorization: `Bearer ${town.agent.apiKey}`,
    'content-type': 'application/json',
  }
  return async () => {
    const key = newIdempotencyKey(host)
    const request = { method: 'POST', headers: { ...headers, 'idempotency-key': key }, body }
    const answer = await fetch(`${url}/v1/fetch`, request)
    const { gate } = (await answer.json()) as { gate?: { settlement?: { status?: string } } }
    if (gate?.settlement?.status !== 'captured') {
      throw new Error(`a purchase ended with ${String(answer.status)}`)
    }
  }
}

const SINGLE = 100

/** One after another, in turns: a purchase of either kind costs more on a longer chain. */
async function inTurns(bare: Buyer, ours: Buyer): Promise<readonly [Measured, Measured]> {
  const times: [number[], number[]] = [[], []]
  const started = performance.now()
  for (let i = 0; i < SINGLE; i += 1) {
    times[0].push(await timed(bare))
    times[1].push(await timed(ours))
  }
  const seconds = (performance.now() - started) / 1_000
  return [measured(times[0], seconds), measured(times[1], seconds)]
}

/** The bare purchase, the one through Surety of the same resource, and the difference. */
export async function comparePurchases(): Promise<readonly object[]> {
  const town = await openTown({ world: { sellers: ['express'] }, fund: 1_000_000_000n })
  const { world, house } = town
  try {
    const bare = await Promise.all(Array.from({ length: BUYERS }, () => bareBuyer(world)))
    await house.running.stop()
    const rpc = `${world.network}=${world.rpcUrl}`
    const served = await start(house.directory, { SURETY_CHAIN_RPC: rpc })
    const buyer = buyerOf(town, served.url)
    const ours = Array.from({ length: BUYERS }, () => buyer)
    try {
      // What the first purchases compile and connect does not count.
      for (const buyers of [bare, ours]) await closedLoop(buyers, 4 * BUYERS, timed)
      const [one, through] = await inTurns(bare[0] as Buyer, buyer)
      return [
        { name: 'bare x402 purchase, 1 buyer', p50ms: one.p50ms, p99ms: one.p99ms },
        { name: 'purchase through Surety, 1 buyer', p50ms: through.p50ms, p99ms: through.p99ms },
        { name: 'overhead of Surety, p50, 1 buyer', ms: round(through.p50ms - one.p50ms) },
        { name: 'bare x402 purchase, 16 buyers', ...(await closedLoop(bare, 400, timed)) },
        { name: 'purchase through Surety, 16 buyers', ...(await closedLoop(ours, 400, timed)) },
      ]
    } finally {
      await stop(served)
    }
  } finally {
    await town.close()
  }
}
