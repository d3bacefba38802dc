/**
 * What an EIP-3009 token logs, read from a node's answers. Anything that is not what the standard
 * says is an error of the node.
 *
 * @module
 */
import type { ChainTransfer } from '../../ports/chain.ts'

/** Keccak-256 of the events' signatures. */
export const TOPICS = {
  /** `AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)` */
  used: '0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5',
  /** `AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)` */
  cancelled: '0x1cdd46ff242716cdaa72d159d339a485b3438398348d68f09d7c8c0a59353d81',
  /** `Transfer(address indexed from, address indexed to, uint256 value)` */
  transfer: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
} as const

/** The first four bytes of Keccak-256 of the functions' signatures. */
export const SELECTORS = {
  /** `authorizationState(address,bytes32)` */
  authorizationState: '0xe94a0102',
  /** `balanceOf(address)` */
  balanceOf: '0x70a08231',
} as const

export interface Log {
  readonly address: string
  readonly topics: readonly string[]
  readonly data: string
  readonly txHash: string
  readonly logIndex: number
  readonly blockNumber: bigint
  readonly blockHash: string
}

/** An address as a topic and as an argument: left-padded to 32 bytes. */
export const word = (address: string): string => `0x${address.slice(2).padStart(64, '0')}`
/** An address from a topic. */
const addressIn = (topic: string | undefined): string => `0x${(topic ?? '').slice(26)}`

export function logsOf(answer: unknown): readonly Log[] {
  if (!Array.isArray(answer)) throw new Error('the node answered no logs')
  return answer.map((each: unknown) => logOf(each))
}

function logOf(value: unknown): Log {
  const { topics } = membersOf(value)
  if (!Array.isArray(topics)) throw new Error('a log without topics')
  return {
    address: hexIn(value, 'address'),
    topics: topics.map((topic: unknown) => hex(topic)),
    data: hexIn(value, 'data'),
    txHash: hexIn(value, 'transactionHash'),
    logIndex: Number(hexIn(value, 'logIndex')),
    blockNumber: BigInt(hexIn(value, 'blockNumber')),
    blockHash: hexIn(value, 'blockHash'),
  }
}

/** The transfer that an authorization made: the contract logs one right after the other. */
export function transferOf(used: Log, logs: readonly Log[]): ChainTransfer | undefined {
  const [, payer, nonce = ''] = used.topics
  const next = logs.find(
    ({ txHash, logIndex }) => txHash === used.txHash && logIndex === used.logIndex + 1,
  )
  const isIts =
    next?.address === used.address && next.topics[0] === TOPICS.transfer && next.topics[1] === payer
  return isIts ? { ...plainTransfer(next), nonce: nonce.slice(2) } : undefined
}

export function plainTransfer(log: Log): ChainTransfer {
  const { txHash, logIndex, blockNumber, blockHash, topics, data } = log
  const from = addressIn(topics[1])
  const to = addressIn(topics[2])
  return { txHash, logIndex, blockNumber, blockHash, from, to, value: BigInt(data), nonce: null }
}

/** A word of a log's data, from its place. */
export function numberIn(data: string, index: number): bigint {
  return BigInt(`0x${data.slice(2 + index * 64, 66 + index * 64) || '0'}`)
}

export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error('the node answered no object')
  return value as Readonly<Record<string, unknown>>
}

export const hexIn = (value: unknown, name: string): string => hex(membersOf(value)[name])

function hex(value: unknown): string {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]*$/.test(value)) {
    throw new Error('the node answered no hexadecimal number')
  }
  return value.toLowerCase()
}
