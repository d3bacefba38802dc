/**
 * The one transaction the house sends: a wallet lets Permit2 spend, up to an amount, and pays.
 *
 * @module
 */
import { PERMIT2 } from '@surety/protocol'
import type { PermitApproval, SignedTransaction } from '../../ports/wallets.ts'
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

/** What the transaction needs, if the address can pay for it. */
export async function approvalTermsOf(
  peer: Peer,
  contract: string,
  asked: { readonly from: string; readonly allowance: bigint },
): Promise<Omit<PermitApproval, 'asset' | 'allowance'>> {
  const { from, allowance } = asked
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
  const feePerGas = BigInt(String(price)) * 2n
  if (BigInt(String(balance)) < gas * feePerGas) {
    throw new Failure('wallet_gas_missing', `${from} needs ${String(gas * feePerGas)} wei`)
  }
  const asks = BigInt(String(tip))
  const tipPerGas = asks < feePerGas ? asks : feePerGas
  return { count: Number(BigInt(String(count))), gas, feePerGas, tipPerGas }
}

/** Sends, and waits for the block. What the node knows already it refuses, and has. */
export async function sendAndWait(peer: Peer, made: SignedTransaction): Promise<void> {
  const { signed, transaction } = made
  const sent = await peer.ask('eth_sendRawTransaction', [signed]).catch(() => undefined)
  const known = sent ?? (await peer.ask('eth_getTransactionByHash', [transaction]))
  if (known === null) throw new Error('the node takes no such transaction')
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const receipt = await peer.ask('eth_getTransactionReceipt', [transaction])
    if (receipt !== null) {
      if (BigInt(hexIn(membersOf(receipt), 'status')) === 1n) return
      throw new Error('the chain undid the transaction')
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error('the transaction is in no block yet')
}
