/**
 * A node of a chain over JSON-RPC: requests that are collected into batches, bounded in time, and
 * whose failures say nothing of the node's address, which may hold a secret.
 *
 * @module
 */
import type { Network } from '@surety/protocol'
import { Failure } from '../../ports.ts'

const REQUEST_TIME_MS = 5_000
const CALL_TIME_MS = 30_000
const BATCH_MAX = 100

/** One JSON-RPC request; the answer is whatever the node says. */
type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

/** The node as a read sees it. */
export interface Peer {
  readonly ask: Ask
  /** How many blocks one request for logs may span. */
  readonly spanMax: bigint
}

/** Runs a read against the node. Throws `chain_unavailable` or `chain_mismatch`. */
export type Node = <Value>(read: (peer: Peer) => Promise<Value>) => Promise<Value>

/** Loads the client on the first read, and asks then which chain the node serves. */
export function nodeAt(url: string, network: Network, spanMax: bigint): Node {
  let opened: Promise<Ask> | undefined
  const open = async (): Promise<Ask> => {
    const ask = await askAt(url)
    const chainId = await ask('eth_chainId', [])
    if (Number(chainId) !== network.chainId) {
      throw new Failure('chain_mismatch', `it serves ${String(Number(chainId))}`)
    }
    return ask
  }
  return async (read) => {
    try {
      return await inTime(async () => {
        opened ??= open()
        return read({ ask: await opened, spanMax })
      })
    } catch (error) {
      // A node that was away may come back as another.
      opened = undefined
      if (error instanceof Failure) throw error
      throw new Failure('chain_unavailable', error instanceof Error ? error.name : 'no answer')
    }
  }
}

async function askAt(url: string): Promise<Ask> {
  const { http } = await import('viem')
  const transport = http(url, {
    batch: { batchSize: BATCH_MAX },
    timeout: REQUEST_TIME_MS,
    retryCount: 1,
  })
  const { request } = transport({})
  return (method, params) => request({ method, params } as never)
}

function inTime<Value>(work: () => Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('late')), CALL_TIME_MS)
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
