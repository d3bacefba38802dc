/**
 * A dollar of no worth at the address of the real one on Base Sepolia: OpenZeppelin's ERC-20 and
 * ERC-3009, so that buyers and sellers need know nothing of this chain.
 *
 * @module
 */
import artefact from './contract/test-usdc.json' with { type: 'json' }
import type { Rpc } from './rpc.ts'

export const TOKEN = '0x036cbd53842c5426634e7929541ec2318f3dcf7e'

/** A node of anvil has this account unlocked and rich. */
const RICH = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'

/**
 * The contract keeps its own address in its code, so its code is made at the address where it will
 * be: the constructor runs there once and answers it.
 */
export async function placeToken(rpc: Rpc): Promise<void> {
  await rpc.call('anvil_setCode', TOKEN, artefact.bytecode)
  const code = await rpc.call('eth_call', { from: RICH, to: TOKEN, data: '0x' }, 'latest')
  await rpc.call('anvil_setCode', TOKEN, code)
}

const word = (value: string | bigint): string =>
  (typeof value === 'bigint' ? value.toString(16) : value.slice(2)).padStart(64, '0')

/** Makes tokens from nothing. Minor units: six decimals. */
export async function mint(rpc: Rpc, to: string, value: bigint): Promise<void> {
  // mint(address,uint256)
  const data = `0x40c10f19${word(to)}${word(value)}`
  await mined(rpc, await rpc.call('eth_sendTransaction', { from: RICH, to: TOKEN, data }))
}

/** Sends tokens from an address without its key: anvil lends it. */
export async function transferFrom(
  rpc: Rpc,
  from: string,
  to: string,
  value: bigint,
): Promise<string> {
  await rpc.call('anvil_setBalance', from, '0xde0b6b3a7640000')
  await rpc.call('anvil_impersonateAccount', from)
  // transfer(address,uint256)
  const data = `0xa9059cbb${word(to)}${word(value)}`
  const hash = await rpc.call('eth_sendTransaction', { from, to: TOKEN, data })
  await rpc.call('anvil_stopImpersonatingAccount', from)
  return String(await mined(rpc, hash))
}

export async function balanceOf(rpc: Rpc, address: string): Promise<bigint> {
  // balanceOf(address)
  const data = `0x70a08231${word(address)}`
  return BigInt(String(await rpc.call('eth_call', { to: TOKEN, data }, 'latest')))
}

const LOOK_EVERY_MS = 5
const LOOKS_MAX = 2_000

async function mined(rpc: Rpc, hash: unknown): Promise<unknown> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const receipt = await rpc.call('eth_getTransactionReceipt', hash)
    if (receipt !== null) return hash
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error('the transaction is in no block')
}
