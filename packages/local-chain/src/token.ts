/**
 * A dollar of no worth at the address of the real one on Base Sepolia: OpenZeppelin's ERC-20 and
 * ERC-3009, so that buyers and sellers need know nothing of this chain. And what settles `upto`, at
 * the addresses it has everywhere: Permit2, and the proxy of x402 before it.
 *
 * @module
 */
import permit2 from './contract/permit2.json' with { type: 'json' }
import usdc from './contract/test-usdc.json' with { type: 'json' }
import proxy from './contract/upto-proxy.json' with { type: 'json' }
import type { Rpc } from './rpc.ts'

export const TOKEN = '0x036cbd53842c5426634e7929541ec2318f3dcf7e'
const PERMIT2 = '0x000000000022d473030f116ddee9f6b43ac78ba3'
const UPTO_PROXY = '0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002'

/** A node of anvil has this account unlocked and rich. */
const RICH = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'

/** The token, and what settles with it. */
export async function placeContracts(rpc: Rpc): Promise<void> {
  await place(rpc, TOKEN, usdc.bytecode)
  await place(rpc, PERMIT2, permit2.bytecode)
  await place(rpc, UPTO_PROXY, proxy.bytecode)
}

/**
 * A contract may keep its own address in its code, so its code is made at the address where it will
 * be: the constructor runs there once and answers it.
 */
async function place(rpc: Rpc, address: string, bytecode: string): Promise<void> {
  await rpc.call('anvil_setCode', address, bytecode)
  const code = await rpc.call('eth_call', { from: RICH, to: address, data: '0x' }, 'latest')
  await rpc.call('anvil_setCode', address, code)
}

/** What pays for transactions: one coin of the chain itself. */
export async function giveGas(rpc: Rpc, to: string): Promise<void> {
  await rpc.call('anvil_setBalance', to, '0xde0b6b3a7640000')
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
  await giveGas(rpc, from)
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
