/**
 * What a chain says of single-use authorizations and transfers, over any Ethereum node.
 *
 * Many questions are few requests: states are asked in batches, and only what is spent is traced.
 * Reasons: docs/adr/0027-what-the-chain-proves.md.
 *
 * @module
 */
import { type AssetId, CHAIN_ASSETS, type ChainAsset, NETWORKS } from '@surety/protocol'
import type { AuthorizationFact, AuthorizationQuery, Chain, ChainView } from '../../ports/chain.ts'
import { allowanceOf, approvalTermsOf, fateOf, sendAndWait } from './approval.ts'
import { finalIn, inboundScan } from './inbound.ts'
import { type Log, logsOf, SELECTORS, TOPICS, transferOf, word } from './logs.ts'
import { ANSWER_LENGTH_MAX, nodeAt, type Peer } from './node.ts'
import { permitReader } from './permits.ts'
import {
  chunksOf,
  logsIn,
  logsOfReceipt,
  logsOfReceipts,
  quantity,
  TOPICS_MAX,
  viewOf,
} from './questions.ts'

/** Nodes refuse to look through more blocks at once. */
const SPAN_MAX = 2_000n
/** How many receipts are on their way at once. */
const RECEIPTS_MAX = 32
/** All hints together; one of an honest transaction takes milliseconds. */
const HINTS_TIME_MS = 3_000
/** All receipts of what is spent. */
const TRACES_TIME_MS = 15_000
const RECEIPT_TIME_MS = 1_500
/** In bytes: a hundred settlements in one transaction, and room. */
const RECEIPT_LENGTH_MAX = 262_144

/** A chain for each network that has the address of a node. Connects when it is first asked. */
export function openChains(
  nodes: Readonly<Record<string, string>>,
  spanMax: bigint = SPAN_MAX,
): ReadonlyMap<string, Chain> {
  return new Map(Object.entries(nodes).map(([name, url]) => [name, chainAt(name, url, spanMax)]))
}

function chainAt(name: string, url: string, spanMax: bigint): Chain {
  const network = NETWORKS.get(name)
  if (network === undefined) throw new Error(`not a listed network: ${name}`)
  const read = nodeAt(url, network, spanMax)
  const depth = BigInt(network.confirmations)
  const scan = inboundScan(spanMax)
  const permits = permitReader()
  const assetOn = (id: AssetId): ChainAsset => {
    const asset = CHAIN_ASSETS.get(id)
    if (asset?.network !== name) throw new Error(`not an asset of ${name}: ${id}`)
    return asset
  }
  return {
    network,
    view: () => read((peer) => viewOf(peer, depth)),
    balance: async (id, address) => {
      const { address: to } = assetOn(id)
      const data = `${SELECTORS.balanceOf}${word(address).slice(2)}`
      return read(async (peer) =>
        BigInt(text(await peer.ask('eth_call', [{ to, data }, 'latest']))),
      )
    },
    authorizations: async (queries) => {
      const named = queries.map((query) => ({ ...query, contract: assetOn(query.asset).address }))
      const exact = named.filter(({ scheme }) => scheme === 'exact')
      const upto = named.filter(({ scheme }) => scheme === 'upto')
      return read(async (peer) => {
        // One round trip where every hint is right.
        const [view, hints] = await Promise.all([viewOf(peer, depth), hintsOf(peer, exact)])
        const [first, second] = await Promise.all([
          factsOf(peer, exact, view, hints),
          permits(peer, upto, view),
        ])
        const facts = new Map<AuthorizationQuery, AuthorizationFact>()
        for (const [i, query] of exact.entries()) facts.set(query, first[i] ?? UNTRACED)
        for (const [i, query] of upto.entries()) facts.set(query, second[i] ?? UNTRACED)
        return { view, facts: named.map((query) => facts.get(query) ?? UNTRACED) }
      })
    },
    allowance: (id, address) => {
      const { address: contract } = assetOn(id)
      return read((peer) => allowanceOf(peer, contract, address))
    },
    isContract: (address) =>
      read(async (peer) => (await peer.ask('eth_getCode', [address, 'latest'])) !== '0x'),
    approvalTerms: ({ asset, ...asked }) => {
      const { address: contract } = assetOn(asset)
      return read((peer) => approvalTermsOf(peer, contract, asked))
    },
    fate: (made) => read((peer) => fateOf(peer, made)),
    send: (made) => read((peer) => sendAndWait(peer, made)),
    inbound: (query) => {
      const place = { contract: assetOn(query.asset).address, to: query.to }
      return read((peer) => scan(peer, place, query.fromBlock, depth))
    },
    transfersIn: ({ asset, to, txHash }) => {
      const place = { contract: assetOn(asset).address, to }
      return read((peer) => finalIn(peer, place, txHash, depth))
    },
  }
}

const UNTRACED: AuthorizationFact = { status: 'untraced' }

type Query = AuthorizationQuery & { readonly contract: string }

/**
 * What the transactions that are named logged. Attacker-controlled: sellers name them, and one may
 * be as long as a block is. Each is asked alone and briefly; one that fails was not named.
 */
async function hintsOf(peer: Peer, queries: readonly Query[]): Promise<Receipts> {
  const named = new Set(queries.flatMap(({ hint }) => hint ?? []))
  return receiptsOf(peer, [...named], AbortSignal.timeout(HINTS_TIME_MS))
}

/** Logs by transaction. */
type Receipts = ReadonlyMap<string, readonly Log[]>

/** Of each transaction whose receipt comes soon and is not long. */
async function receiptsOf(
  peer: Peer,
  transactions: readonly string[],
  signal: AbortSignal,
): Promise<Receipts> {
  const receipts = new Map<string, readonly Log[]>()
  const bounds = () => ({
    signal: AbortSignal.any([signal, AbortSignal.timeout(RECEIPT_TIME_MS)]),
    lengthMax: RECEIPT_LENGTH_MAX,
  })
  for (const some of chunksOf(transactions, RECEIPTS_MAX)) {
    const together = await logsOfReceipts(peer, some, bounds()).catch(() => undefined)
    // One among them is long, or slow: each by itself, then.
    const soon = bounds()
    const found =
      together ??
      (await Promise.all(
        some.map((txHash) => logsOfReceipt(peer, txHash, soon).catch(() => undefined)),
      ))
    for (const [i, txHash] of some.entries()) {
      const logs = found[i]
      if (logs !== undefined) receipts.set(txHash, logs)
    }
  }
  return receipts
}

/** Hints first, then states, then the traces of what is spent; all as of the head of the view. */
async function factsOf(
  peer: Peer,
  queries: readonly Query[],
  view: ChainView,
  hints: Receipts,
): Promise<readonly AuthorizationFact[]> {
  const facts = await Promise.all(
    queries.map((query) => hinted(query, hints, view) ?? stateOf(peer, query, view)),
  )
  const spent = queries.filter((_, i) => facts[i] === 'spent')
  const traces = await tracesOf(peer, spent, view)
  return queries.map((query, i) => {
    const fact = facts[i]
    if (fact !== undefined && fact !== 'spent') return fact
    return traces.get(keyOf(query)) ?? { status: 'untraced' }
  })
}

function hinted(query: Query, hints: Receipts, view: ChainView): AuthorizationFact | undefined {
  const logs = hints.get(query.hint ?? '') ?? []
  const used = logs.find((log) => log.topics[0] === TOPICS.used && keyOfLog(log) === keyOf(query))
  return used === undefined ? undefined : usedFact(used, logs, view)
}

async function stateOf(
  peer: Peer,
  query: Query,
  view: ChainView,
): Promise<AuthorizationFact | 'spent'> {
  const arguments_ = `${word(query.payer).slice(2)}${query.nonce}`
  const call = { to: query.contract, data: `${SELECTORS.authorizationState}${arguments_}` }
  const answer = text(await peer.ask('eth_call', [call, quantity(view.head.number)]))
  return BigInt(answer) === 0n ? { status: 'unused' } : 'spent'
}

/** The facts of spent authorizations, by key. What the node has no log of is not among them. */
async function tracesOf(
  peer: Peer,
  spent: readonly Query[],
  view: ChainView,
): Promise<ReadonlyMap<string, AuthorizationFact>> {
  const oldestFirst = [...spent].sort((a, b) => Number(a.sinceBlock - b.sinceBlock))
  const groups = Map.groupBy(oldestFirst, ({ contract }) => contract)
  const chunks = [...groups.values()].flatMap((group) => chunksOf(group, TOPICS_MAX))
  const wanted = new Set(spent.map(keyOf))
  const found: Log[] = []
  for (const chunk of chunks) found.push(...(await spendingsOf(peer, chunk, view)))
  const traced = found.filter((log) => wanted.has(keyOfLog(log)))
  const moved = traced.filter(({ topics }) => topics[0] === TOPICS.used)
  const signal = AbortSignal.timeout(TRACES_TIME_MS)
  const receipts = await receiptsOf(peer, [...new Set(moved.map(({ txHash }) => txHash))], signal)
  const facts = new Map<string, AuthorizationFact>()
  // Those last that are long: they hold up nobody but each other.
  const longLast = [...traced].sort(
    (a, b) => Number(!receipts.has(a.txHash)) - Number(!receipts.has(b.txHash)),
  )
  for (const log of longLast) {
    const fact = await traceOf(peer, log, { view, receipts, signal })
    if (fact !== undefined) facts.set(keyOfLog(log), fact)
  }
  return facts
}

async function spendingsOf(
  peer: Peer,
  chunk: readonly Query[],
  view: ChainView,
): Promise<readonly Log[]> {
  const [first] = chunk
  if (first === undefined) return []
  const payers = [...new Set(chunk.map(({ payer }) => word(payer)))]
  const nonces = chunk.map(({ nonce }) => `0x${nonce}`)
  const topics = [[TOPICS.used, TOPICS.cancelled], payers, nonces]
  const range = { fromBlock: first.sinceBlock, through: view.head.number }
  return logsIn(peer, first.contract, topics, range)
}

interface Tracing {
  readonly view: ChainView
  readonly receipts: Receipts
  readonly signal: AbortSignal
}

async function traceOf(
  peer: Peer,
  log: Log,
  { view, receipts, signal }: Tracing,
): Promise<AuthorizationFact | undefined> {
  const { txHash, blockNumber } = log
  const isFinal = blockNumber <= view.final.number
  if (log.topics[0] === TOPICS.cancelled) {
    return { status: 'cancelled', txHash, blockNumber, isFinal }
  }
  return usedFact(log, receipts.get(txHash) ?? (await logsBeside(peer, log, signal)), view)
}

/**
 * What the token logged of the payer in the block of a transaction that is too long to be read.
 * Attacker-controlled: whoever spends an authorization chooses what else is logged beside it.
 */
async function logsBeside(peer: Peer, used: Log, signal: AbortSignal): Promise<readonly Log[]> {
  const { address, topics, blockNumber, txHash } = used
  const bounds = { signal, lengthMax: ANSWER_LENGTH_MAX }
  const block = quantity(blockNumber)
  const wanted = [TOPICS.transfer, topics[1]]
  const filter = { address, topics: wanted, fromBlock: block, toBlock: block }
  try {
    return logsOf(await peer.askAlone('eth_getLogs', [filter], bounds))
  } catch {
    return logsOfReceipt(peer, txHash, bounds).catch(() => [])
  }
}

function usedFact(used: Log, logs: readonly Log[], view: ChainView): AuthorizationFact | undefined {
  const transfer = transferOf(used, logs)
  if (transfer === undefined || transfer.blockNumber > view.head.number) return undefined
  return { status: 'used', transfer, isFinal: transfer.blockNumber <= view.final.number }
}

const keyOf = ({ contract, payer, nonce }: Query): string =>
  [contract, word(payer), `0x${nonce}`].join(' ')
const keyOfLog = ({ address, topics }: Log): string => [address, topics[1], topics[2]].join(' ')

/** The text of an answer that must be a number; a contract that is not there answers nothing. */
function text(answer: unknown): string {
  if (typeof answer !== 'string' || !/^0x[0-9a-f]{64}$/i.test(answer)) {
    throw new Error('there is no such token on this chain')
  }
  return answer
}
