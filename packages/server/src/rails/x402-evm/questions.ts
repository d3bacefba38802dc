/**
 * What is asked of a node for more than one reason: blocks, logs, receipts.
 *
 * @module
 */
import type { Block, ChainView } from '../../ports/chain.ts'
import { hexIn, type Log, logsOf, membersOf } from './logs.ts'
import type { Bounds, Peer } from './node.ts'

/** Nodes refuse to compare a log with more values. */
export const TOPICS_MAX = 100

/** The newest block and the newest that counts as final. */
export async function viewOf(peer: Peer, depth: bigint): Promise<ChainView> {
  const head = await blockAt(peer, 'latest')
  if (depth === 0n) return { head, final: head }
  const number = head.number > depth ? head.number - depth : 0n
  return { head, final: await blockAt(peer, quantity(number)) }
}

async function blockAt(peer: Peer, tag: string): Promise<Block> {
  const block = await peer.ask('eth_getBlockByNumber', [tag, false])
  return {
    number: BigInt(hexIn(block, 'number')),
    hash: hexIn(block, 'hash'),
    at: Number(hexIn(block, 'timestamp')),
  }
}

export interface BlockRange {
  readonly fromBlock: bigint
  readonly through: bigint
}

/**
 * The logs of a range, the oldest first. A node gives up on too many blocks or logs at a time, and
 * says so in its own words: what it will not answer is asked in halves, down to one block.
 */
export async function logsIn(
  peer: Peer,
  address: string,
  topics: readonly unknown[],
  { fromBlock, through }: BlockRange,
): Promise<readonly Log[]> {
  const logs: Log[] = []
  let span = peer.spanMax
  let from = fromBlock
  while (from <= through) {
    const end = from + span - 1n
    const last = end < through ? end : through
    const filter = { address, topics, fromBlock: quantity(from), toBlock: quantity(last) }
    try {
      logs.push(...logsOf(await peer.ask('eth_getLogs', [filter])))
      from = last + 1n
      span = wider(span, peer.spanMax)
    } catch (error) {
      if (last === from) throw error
      span = (last - from + 1n) / 2n
    }
  }
  return logs.sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex)
}

/** Twice as many blocks, within what may be asked. */
export const wider = (span: bigint, spanMax: bigint): bigint =>
  span * 2n < spanMax ? span * 2n : spanMax

/** Of a transaction that is in a block; none if it is not, or was undone. */
export async function logsOfReceipt(
  peer: Peer,
  txHash: string,
  bounds: Bounds,
): Promise<readonly Log[]> {
  const [logs = []] = await logsOfReceipts(peer, [txHash], bounds)
  return logs
}

/** The same of several in one request, which fails for all of them. */
export async function logsOfReceipts(
  peer: Peer,
  transactions: readonly string[],
  bounds: Bounds,
): Promise<readonly (readonly Log[])[]> {
  const each = transactions.map((txHash) => [txHash])
  const receipts = await peer.askTogether('eth_getTransactionReceipt', each, bounds)
  return receipts.map((receipt) => (receipt === null ? [] : logsOf(membersOf(receipt).logs)))
}

/** A number as nodes write it. */
export const quantity = (number: bigint): string => `0x${number.toString(16)}`

export function chunksOf<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size))
}
