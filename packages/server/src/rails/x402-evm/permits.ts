/**
 * What a chain says of permits of Permit2 that `upto` takes from.
 *
 * Permit2 keeps a bit for each nonce and logs nothing when it is used. What used one is found among
 * the transfers from payer to payee: the input of its transaction names the nonce and the amount.
 * Reasons: docs/adr/0039-upto-over-permit2.md.
 *
 * @module
 */
import { PERMIT2, UPTO_PROXY } from '@surety/protocol'
import type {
  AuthorizationFact,
  AuthorizationQuery,
  ChainTransfer,
  ChainView,
} from '../../ports/chain.ts'
import {
  hexIn,
  type Log,
  logsOf,
  membersOf,
  numberIn,
  plainTransfer,
  TOPICS,
  word,
} from './logs.ts'
import { ANSWER_LENGTH_MAX, type Bounds, type Peer } from './node.ts'
import { chunksOf, logsIn, quantity, TOPICS_MAX } from './questions.ts'

export type PermitQuery = AuthorizationQuery & { readonly contract: string }

/** `nonceBitmap(address,uint256)` of Permit2. */
const NONCE_BITMAP = '0x4fe02b44'
/** `UnorderedNonceInvalidation(address indexed owner, uint256 word, uint256 mask)` of Permit2. */
const INVALIDATED = '0x3704902f963766a4e561bbaab6e6cdc1b1dd12f6e9e99648da8843b3f46b918d'
/** How many words come before the permit in the calls of the proxy that take from one. */
const WORDS_BEFORE: Readonly<Record<string, number>> = {
  /** `settle(permit, amount, owner, witness, signature)` */
  '0xff11e7b4': 0,
  /** `settleWithPermit(permit2612, permit, amount, owner, witness, signature)` */
  '0x016c1748': 5,
}
const WORD_DIGITS = 64
const SELECTOR_LENGTH = 10
/** How many transactions are asked for at once. */
const TRANSACTIONS_MAX = 64
/** In bytes, of one or of those asked for at once: what takes from a permit is a kilobyte. */
const TRANSACTION_LENGTH_MAX = 262_144
const TRANSACTION_TIME_MS = 2_000
/** All transactions of a question. */
const TIME_MS = 10_000
/** How many transactions are remembered: what one took never changes. */
const REMEMBERED_MAX = 10_000

type Ask = (
  peer: Peer,
  queries: readonly PermitQuery[],
  view: ChainView,
) => Promise<readonly AuthorizationFact[]>

/**
 * One fact for each, in their order, as of the head of the view. Remembers transactions it has
 * read, so that a search which takes longer than a question may goes on with the next.
 */
export function permitReader(): Ask {
  const read: Read = new Map()
  return async (peer, queries, view) =>
    queries.length === 0 ? [] : factsOf(peer, queries, { view, read })
}

/** By transaction, what it took from a permit; `null`: from none. */
type Read = Map<string, Taking | null>

async function factsOf(
  peer: Peer,
  queries: readonly PermitQuery[],
  { view, read }: { readonly view: ChainView; readonly read: Read },
): Promise<readonly AuthorizationFact[]> {
  const isUsed = await Promise.all(queries.map((query) => isNonceUsed(peer, query, view)))
  const used = queries.filter((_, i) => isUsed[i])
  const signal = AbortSignal.timeout(TIME_MS)
  const found = new Map<string, AuthorizationFact>()
  const tracing = { view, read, signal, found }
  await traceNamed(peer, used, tracing)
  const unnamed = used.filter((query) => !found.has(keyOf(query)))
  for (const some of chunksOf(oldestFirst(unnamed), TOPICS_MAX)) {
    await traceUnnamed(peer, some, tracing)
  }
  const left = unnamed.filter((query) => !found.has(keyOf(query)))
  for (const some of chunksOf(oldestFirst(left), TOPICS_MAX)) {
    await traceInvalidated(peer, some, tracing)
  }
  return queries.map((query, i) => {
    if (!isUsed[i]) return { status: 'unused' }
    return found.get(keyOf(query)) ?? { status: 'untraced' }
  })
}

async function isNonceUsed(peer: Peer, query: PermitQuery, view: ChainView): Promise<boolean> {
  const { position, bit } = placeOf(query)
  const data = `${NONCE_BITMAP}${word(query.payer).slice(2)}${digitsOf(position)}`
  const call = { to: PERMIT2, data }
  const bitmap = await peer.ask('eth_call', [call, quantity(view.head.number)])
  if (typeof bitmap !== 'string' || !/^0x[0-9a-f]{64}$/i.test(bitmap)) {
    throw new Error('there is no Permit2 on this chain')
  }
  return ((BigInt(bitmap) >> bit) & 1n) === 1n
}

interface Tracing {
  readonly view: ChainView
  readonly read: Read
  readonly signal: AbortSignal
  readonly found: Map<string, AuthorizationFact>
}

/**
 * Those whose transaction somebody names. Attacker-controlled: it counts if it took from the permit
 * and its receipt has the transfer, and is nothing otherwise.
 */
async function traceNamed(
  peer: Peer,
  queries: readonly PermitQuery[],
  tracing: Tracing,
): Promise<void> {
  const named = [...new Set(queries.flatMap(({ hint }) => hint ?? []))]
  const bounds = { signal: tracing.signal, lengthMax: TRANSACTION_LENGTH_MAX }
  const takings = await takingsOf(peer, named, tracing.read, bounds)
  const transactions = takings.map(({ txHash }) => txHash)
  const logs = await asked(peer, 'eth_getTransactionReceipt', transactions, bounds)
  const all = [...logs.values()].flatMap((receipt) => logsOf(membersOf(receipt).logs))
  match(queries, takings, all, tracing)
}

/** Those that nobody names: every transfer from these payers to these payees since. */
async function traceUnnamed(
  peer: Peer,
  queries: readonly PermitQuery[],
  tracing: Tracing,
): Promise<void> {
  const [first] = queries
  if (first === undefined) return
  const range = { fromBlock: first.sinceBlock, through: tracing.view.head.number }
  const payers = [...new Set(queries.map(({ payer }) => word(payer)))]
  const payees = [...new Set(queries.map(({ payTo }) => word(payTo)))]
  for (const contract of new Set(queries.map((query) => query.contract))) {
    const all = await logsIn(peer, contract, [TOPICS.transfer, payers, payees], range)
    // Attacker-controlled: anybody may move nothing from anybody.
    const logs = all.filter(({ data }) => BigInt(data) > 0n)
    const transactions = [...new Set(logs.map(({ txHash }) => txHash))]
    // Each moved money of these payers, so each is read, however long whoever sent it made it.
    const bounds = { signal: tracing.signal, lengthMax: ANSWER_LENGTH_MAX }
    match(queries, await takingsOf(peer, transactions, tracing.read, bounds), logs, tracing)
  }
}

/** What a transaction took from a permit, by its own input. */
interface Taking {
  readonly txHash: string
  readonly contract: string
  readonly nonce: string
  readonly amount: bigint
  readonly payer: string
  readonly payTo: string
}

/** INVARIANT(books): a permit was used by what took from it, and only as much as then moved. */
function match(
  queries: readonly PermitQuery[],
  takings: readonly Taking[],
  logs: readonly Log[],
  { view, found }: Tracing,
): void {
  for (const query of queries) {
    for (const taking of takings.filter((each) => isOf(query, each))) {
      const log = logs.find((each) => isMoveOf(taking, each))
      if (log === undefined || log.blockNumber > view.head.number) continue
      const transfer: ChainTransfer = { ...plainTransfer(log), nonce: query.nonce }
      const isFinal = log.blockNumber <= view.final.number
      found.set(keyOf(query), { status: 'used', transfer, isFinal })
    }
  }
}

function isOf(query: PermitQuery, taking: Taking): boolean {
  const { nonce, contract, payer, payTo } = taking
  const isIts = query.nonce === nonce && query.contract === contract
  return isIts && query.payer === payer && query.payTo === payTo
}

function isMoveOf(taking: Taking, { txHash, address, topics, data }: Log): boolean {
  return (
    txHash === taking.txHash &&
    address === taking.contract &&
    topics[0] === TOPICS.transfer &&
    topics[1] === word(taking.payer) &&
    topics[2] === word(taking.payTo) &&
    BigInt(data) === taking.amount
  )
}

/** The transactions among these that took from a permit. */
async function takingsOf(
  peer: Peer,
  transactions: readonly string[],
  read: Read,
  bounds: Bounds,
): Promise<readonly Taking[]> {
  const unread = transactions.filter((txHash) => !read.has(txHash))
  const answers = await asked(peer, 'eth_getTransactionByHash', unread, bounds)
  const fresh = new Map([...answers].map(([txHash, answer]) => [txHash, takingIn(txHash, answer)]))
  for (const [txHash, taking] of fresh) remember(read, txHash, taking ?? null)
  return transactions.flatMap((txHash) => fresh.get(txHash) ?? read.get(txHash) ?? [])
}

function remember(read: Read, txHash: string, taking: Taking | null): void {
  const [oldest] = read.keys()
  if (read.size >= REMEMBERED_MAX && oldest !== undefined) read.delete(oldest)
  read.set(txHash, taking)
}

/**
 * Reads a call of the proxy. One that comes in a call of another contract is not read: nobody could
 * say without a trace what of its input is meant.
 */
function takingIn(txHash: string, transaction: unknown): Taking | undefined {
  const { to } = membersOf(transaction)
  if (typeof to !== 'string' || to.toLowerCase() !== UPTO_PROXY) return undefined
  const input = hexIn(transaction, 'input')
  const before = WORDS_BEFORE[input.slice(0, SELECTOR_LENGTH)]
  if (before === undefined) return undefined
  const at = (index: number): string => {
    const start = SELECTOR_LENGTH + (before + index) * WORD_DIGITS
    return input.slice(start, start + WORD_DIGITS)
  }
  const address = (index: number): string => `0x${at(index).slice(-40)}`
  // permit {token, amount, nonce, deadline}, amount, owner, witness {to, facilitator, validAfter}
  if (at(8).length < WORD_DIGITS) return undefined
  const [contract, payer, payTo] = [address(0), address(5), address(6)]
  return { txHash, contract, nonce: at(2), amount: BigInt(`0x${at(4)}`), payer, payTo }
}

/**
 * Asks about transactions, each again by itself where some are long together; one that is too long
 * or late is as if unknown. Attacker-controlled: each may be as long as a block.
 */
async function asked(
  peer: Peer,
  method: string,
  transactions: readonly string[],
  { signal, lengthMax }: Bounds,
): Promise<ReadonlyMap<string, unknown>> {
  const answers = new Map<string, unknown>()
  const soon = (length: number): Bounds => ({
    signal: AbortSignal.any([signal, AbortSignal.timeout(TRANSACTION_TIME_MS)]),
    lengthMax: length,
  })
  const keep = (txHash: string, answer: unknown) => {
    if (typeof answer === 'object' && answer !== null) answers.set(txHash, answer)
  }
  for (const some of chunksOf(transactions, TRANSACTIONS_MAX)) {
    const params = some.map((txHash) => [txHash])
    const together = await peer
      .askTogether(method, params, soon(TRANSACTION_LENGTH_MAX))
      .catch(() => undefined)
    for (const [i, txHash] of some.entries()) {
      const alone = () => peer.askAlone(method, [txHash], soon(lengthMax)).catch(() => null)
      keep(txHash, together === undefined ? await alone() : together[i])
    }
  }
  return answers
}

/** Those that their owner used up without moving anything. */
async function traceInvalidated(
  peer: Peer,
  queries: readonly PermitQuery[],
  { view, found }: Tracing,
): Promise<void> {
  const [first] = queries
  if (first === undefined) return
  const range = { fromBlock: first.sinceBlock, through: view.head.number }
  const payers = [...new Set(queries.map(({ payer }) => word(payer)))]
  for (const log of await logsIn(peer, PERMIT2, [INVALIDATED, payers], range)) {
    const { txHash, blockNumber } = log
    const isFinal = blockNumber <= view.final.number
    for (const query of queries) {
      const { position, bit } = placeOf(query)
      const isIts =
        log.topics[1] === word(query.payer) &&
        numberIn(log.data, 0) === position &&
        ((numberIn(log.data, 1) >> bit) & 1n) === 1n
      if (isIts) found.set(keyOf(query), { status: 'cancelled', txHash, blockNumber, isFinal })
    }
  }
}

/** Permit2 keeps 256 nonces in a word. */
function placeOf({ nonce }: PermitQuery): { readonly position: bigint; readonly bit: bigint } {
  const number = BigInt(`0x${nonce}`)
  return { position: number >> 8n, bit: number & 0xffn }
}

const digitsOf = (number: bigint): string => number.toString(16).padStart(WORD_DIGITS, '0')

const keyOf = ({ payer, nonce }: PermitQuery): string => `${payer} ${nonce}`

function oldestFirst(queries: readonly PermitQuery[]): readonly PermitQuery[] {
  return [...queries].sort((a, b) => Number(a.sinceBlock - b.sinceBlock))
}
