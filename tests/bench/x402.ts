/**
 * What a purchase costs without Surety: the unmodified `@x402/fetch` on the local chain. The same
 * resource bought through Surety in the same run is compared with it.
 *
 * @module
 */
import type { LocalWorld } from '@surety/local-chain'
import { ExactEvmScheme } from '@x402/evm/exact/client'
import { wrapFetchWithPayment, x402Client } from '@x402/fetch'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { closedLoop, type Measured } from './wire.ts'

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

/** One after another, and sixteen buyers at once. */
export async function barePurchases(
  world: LocalWorld,
): Promise<readonly (Measured & { readonly name: string })[]> {
  const buyers = await Promise.all(Array.from({ length: BUYERS }, () => bareBuyer(world)))
  // What the first purchases compile and connect does not count.
  await closedLoop(buyers, 4 * BUYERS, timed)
  return [
    { name: 'bare x402 purchase, 1 buyer', ...(await closedLoop(buyers.slice(0, 1), 100, timed)) },
    { name: 'bare x402 purchases, 16 buyers', ...(await closedLoop(buyers, 400, timed)) },
  ]
}
