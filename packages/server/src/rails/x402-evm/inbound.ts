/**
 * Transfers into an address: block after block, or those of one transaction.
 *
 * Attacker-controlled: anybody may send nothing to any address, as often as gas allows.
 *
 * @module
 */
import type { ChainTransfer } from '../../ports/chain.ts'
import { type Log, logsOf, membersOf, plainTransfer, TOPICS, transferOf, word } from './logs.ts'
import { ANSWER_LENGTH_MAX, type Bounds, type Peer } from './node.ts'
import {
  type BlockRange,
  chunksOf,
  logsIn,
  logsOfReceipt,
  quantity,
  TOPICS_MAX,
  viewOf,
  wider,
} from './questions.ts'

const REQUEST_TIME_MS = 5_000
/** How many receipts of one block are on their way at once: each may be long. */
const RECEIPTS_MAX = 4

/** A token, and who receives it. */
interface Place {
  readonly contract: string
  readonly to: string
}

interface Inbound {
  readonly transfers: readonly ChainTransfer[]
  /** The last block that was looked at. */
  readonly through: bigint
}

/**
 * Looks from a block on, as far as one answer reaches. What fails is asked of half as many blocks;
 * how many went well is remembered for the next look, of whatever address.
 */
export function inboundScan(
  spanMax: bigint,
): (peer: Peer, place: Place, fromBlock: bigint, depth: bigint) => Promise<Inbound> {
  let span = spanMax
  return async (peer, place, fromBlock, depth) => {
    const { final } = await viewOf(peer, depth)
    for (;;) {
      const end = fromBlock + span - 1n
      const through = end < final.number ? end : final.number
      if (through < fromBlock) return { transfers: [], through: fromBlock - 1n }
      try {
        const transfers = await transfersWithin(peer, place, { fromBlock, through })
        span = wider(span, spanMax)
        return { transfers, through }
      } catch {
        if (through === fromBlock) {
          return { transfers: await transfersOfBlock(peer, place, through), through }
        }
        span = (through - fromBlock + 1n) / 2n
      }
    }
  }
}

async function transfersWithin(
  peer: Peer,
  { contract, to }: Place,
  range: BlockRange,
): Promise<readonly ChainTransfer[]> {
  const topics = [TOPICS.transfer, null, word(to)]
  const blocks = { fromBlock: quantity(range.fromBlock), toBlock: quantity(range.through) }
  const filter = { address: contract, topics, ...blocks }
  const logs = logsOf(await peer.askAlone('eth_getLogs', [filter], soon())).filter(movesSomething)
  const payers = [...new Set(logs.map((log) => log.topics[1] ?? ''))]
  const used: Log[] = []
  for (const chunk of chunksOf(payers, TOPICS_MAX)) {
    used.push(...(await logsIn(peer, contract, [TOPICS.used, chunk], range)))
  }
  return transfersOf(logs, used)
}

/** The same from the receipts of a block, one by one, where its logs are too many at once. */
async function transfersOfBlock(
  peer: Peer,
  place: Place,
  block: bigint,
): Promise<readonly ChainTransfer[]> {
  const { transactions } = membersOf(
    await peer.ask('eth_getBlockByNumber', [quantity(block), false]),
  )
  if (!Array.isArray(transactions)) throw new Error('a block without transactions')
  const found: ChainTransfer[] = []
  for (const some of chunksOf<unknown>(transactions, RECEIPTS_MAX)) {
    const each = await Promise.all(some.map((txHash) => transfersTo(peer, place, String(txHash))))
    found.push(...each.flat())
  }
  return found
}

/** The transfers of one transaction, once it is final. */
export async function finalIn(
  peer: Peer,
  place: Place,
  txHash: string,
  depth: bigint,
): Promise<readonly ChainTransfer[]> {
  const { final } = await viewOf(peer, depth)
  const transfers = await transfersTo(peer, place, txHash)
  return transfers.filter(({ blockNumber }) => blockNumber <= final.number)
}

async function transfersTo(
  peer: Peer,
  { contract, to }: Place,
  txHash: string,
): Promise<readonly ChainTransfer[]> {
  const all = await logsOfReceipt(peer, txHash, soon())
  const logs = all.filter(({ address }) => address === contract)
  const incoming = logs.filter(
    (log) => log.topics[0] === TOPICS.transfer && log.topics[2] === word(to) && movesSomething(log),
  )
  const used = logs.filter(({ topics }) => topics[0] === TOPICS.used)
  return transfersOf(incoming, used)
}

/** With the authorization that moved each, if one did. */
function transfersOf(incoming: readonly Log[], used: readonly Log[]): readonly ChainTransfer[] {
  const authorized = new Map(
    used.flatMap((each) => {
      const transfer = transferOf(each, incoming)
      return transfer === undefined ? [] : [[placeOf(transfer), transfer] as const]
    }),
  )
  return incoming.map(plainTransfer).map((each) => authorized.get(placeOf(each)) ?? each)
}

const soon = (): Bounds => ({
  signal: AbortSignal.timeout(REQUEST_TIME_MS),
  lengthMax: ANSWER_LENGTH_MAX,
})
const movesSomething = ({ data }: Log): boolean => /[1-9a-f]/.test(data.slice(2))
const placeOf = ({ txHash, logIndex }: ChainTransfer): string => `${txHash} ${String(logIndex)}`
