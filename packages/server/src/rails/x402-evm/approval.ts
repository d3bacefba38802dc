/**
 * The one transaction the house sends: a wallet lets Permit2 spend, up to an amount, and pays.
 *
 * @module
 */
import { PERMIT2 } from '@surety/protocol'
import type { Sent, TransactionFate } from '../../ports/chain.ts'
import type { PermitApproval } from '../../ports/wallets.ts'
import { Failure } from '../../ports.ts'
import { hexIn, membersOf, word } from './logs.ts'
import type { Peer } from './node.ts'

/** `allowance(address,address)` and `approve(address,uint256)` */
const ALLOWANCE = '0xdd62ed3e'
const APPROVE = '0x095ea7b3'
/** Where data is paid for as gas, it may be some hundred thousand; what is not used is not paid. */
const GAS_MAX = 3_000_000n
const LOOK_EVERY_MS = 100
const LOOKS_MAX = 200

/** What Permit2 may spend of an address's tokens. */
export async function allowanceOf(peer: Peer, contract: string, owner: string): Promise<bigint> {
  const data = `${ALLOWANCE}${word(owner).slice(2)}${word(PERMIT2).slice(2)}`
  const answer = await peer.ask('eth_call', [{ to: contract, data }, 'latest'])
  if (typeof answer !== 'string' || !/^0x[0-9a-f]{64}$/i.test(answer)) {
    throw new Error('there is no such token on this chain')
  }
  return BigInt(answer)
}

/**
 * What the transaction needs, if the address can pay for it and there is something to change. What
 * was signed before and is in no block gives up its place: both can never come about.
 */
export async function approvalTermsOf(
  peer: Peer,
  contract: string,
  asked: { readonly from: string; readonly allowance: bigint; readonly last: string | null },
): Promise<Omit<PermitApproval, 'asset' | 'allowance'> | null> {
  const { from, allowance } = asked
  const open = asked.last === null ? undefined : await openOf(peer, from, asked.last)
  // Asked after it was known that nothing is open: what came into a block meanwhile is in it.
  if (open === undefined && (await allowanceOf(peer, contract, from)) === allowance) return null
  const amount = `0x${allowance.toString(16)}`
  const data = `${APPROVE}${word(PERMIT2).slice(2)}${word(amount).slice(2)}`
  const [count, price, tip, balance, estimate] = await Promise.all([
    peer.ask('eth_getTransactionCount', [from, 'pending']),
    peer.ask('eth_gasPrice', []),
    peer.ask('eth_maxPriorityFeePerGas', []),
    peer.ask('eth_getBalance', [from, 'latest']),
    peer.ask('eth_estimateGas', [{ from, to: contract, data }]),
  ])
  const gas = (BigInt(String(estimate)) * 3n) / 2n
  if (gas > GAS_MAX) throw new Error('the node asks for more gas than an allowance can need')
  // Twice the price of now: a fee may rise while it waits, and what is too much is not taken.
  const feePerGas = larger(BigInt(String(price)) * 2n, outbid(open?.maxFeePerGas))
  if (BigInt(String(balance)) < gas * feePerGas) {
    throw new Failure('wallet_gas_missing', `${from} needs ${String(gas * feePerGas)} wei`)
  }
  const asks = BigInt(String(tip))
  const fitting = asks < feePerGas ? asks : feePerGas
  const tipPerGas = larger(fitting, outbid(open?.maxPriorityFeePerGas))
  return { count: open?.nonce ?? Number(BigInt(String(count))), gas, feePerGas, tipPerGas }
}

interface Open {
  readonly nonce: number
  readonly maxFeePerGas?: bigint | undefined
  readonly maxPriorityFeePerGas?: bigint | undefined
}

/** What a signed transaction holds, if it may still come into a block. */
async function openOf(peer: Peer, from: string, signed: string): Promise<Open | undefined> {
  const made = await readSigned(signed)
  return made.nonce >= (await countOf(peer, from)) ? made : undefined
}

async function readSigned(signed: string): Promise<Open> {
  const { parseTransaction } = await import('viem')
  const { nonce, maxFeePerGas, maxPriorityFeePerGas } = parseTransaction(signed as `0x${string}`)
  // Zero is written as nothing.
  return { nonce: nonce ?? 0, maxFeePerGas, maxPriorityFeePerGas }
}

/** How many transactions of an address are in blocks. */
async function countOf(peer: Peer, from: string): Promise<number> {
  return Number(BigInt(String(await peer.ask('eth_getTransactionCount', [from, 'latest']))))
}

/** Nodes let a transaction take the place of another for a tenth more. */
function outbid(fee: bigint | undefined): bigint {
  return fee === undefined ? 0n : fee + fee / 8n + 1n
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}

/** What became of a transaction. What is undone has changed nothing, and has used up its place. */
export async function fateOf(peer: Peer, made: Sent): Promise<TransactionFate> {
  const { nonce } = await readSigned(made.signed)
  // Counted first: what has its place then is in a block now, or never will be.
  const count = await countOf(peer, made.from)
  const receipt = await peer.ask('eth_getTransactionReceipt', [made.transaction])
  if (receipt === null) return nonce < count ? 'gone' : 'open'
  return BigInt(hexIn(membersOf(receipt), 'status')) === 1n ? 'done' : 'gone'
}

/** Sends, and waits for the block. What the node knows already it refuses, and has. */
export async function sendAndWait(
  peer: Peer,
  made: Sent,
): Promise<Exclude<TransactionFate, 'open'>> {
  const { signed, transaction } = made
  const sent = await peer.ask('eth_sendRawTransaction', [signed]).catch(() => undefined)
  const known = sent ?? (await peer.ask('eth_getTransactionByHash', [transaction]))
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const fate = await fateOf(peer, made)
    if (fate !== 'open') return fate
    if (known === null) throw new Error('the node takes no such transaction')
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error('the transaction is in no block yet')
}
