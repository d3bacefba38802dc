/**
 * A node of a chain over JSON-RPC: requests that are collected into batches, bounded in time, and
 * whose failures say nothing of the node's address, which may hold a secret.
 *
 * @module
 */
import { type Network, parseJson } from '@surety/protocol'
import { Failure } from '../../ports.ts'
import { membersOf } from './logs.ts'

const REQUEST_TIME_MS = 5_000
const CALL_TIME_MS = 30_000
const BATCH_MAX = 100
const DEPTH_MAX = 32
/** In bytes. */
export const ANSWER_LENGTH_MAX = 33_554_432

/** One JSON-RPC request; the answer is whatever the node says. */
type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>

/** How long an answer may take and be, in bytes. */
export interface Bounds {
  readonly signal: AbortSignal
  readonly lengthMax: number
}

/** The node as a read sees it. */
export interface Peer {
  readonly ask: Ask
  /** Asks in a request of its own, whose failure is no other question's. */
  readonly askAlone: (
    method: string,
    params: readonly unknown[],
    bounds: Bounds,
  ) => Promise<unknown>
  /** Several in a request of their own: all are answered, or none. */
  readonly askTogether: (
    method: string,
    each: readonly (readonly unknown[])[],
    bounds: Bounds,
  ) => Promise<readonly unknown[]>
  /** How many blocks one request for logs may span. */
  readonly spanMax: bigint
}

/** Runs a read against the node. Throws `chain_unavailable` or `chain_mismatch`. */
export type Node = <Value>(read: (peer: Peer) => Promise<Value>) => Promise<Value>

/** Connects on the first read, and asks then which chain the node serves. */
export function nodeAt(url: string, network: Network, spanMax: bigint): Node {
  let opened: Promise<Ask> | undefined
  const open = async (): Promise<Ask> => {
    const ask = askAt(url)
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
        const askTogether = togetherAt(url)
        return read({
          ask: await opened,
          askAlone: async (method, params, bounds) =>
            (await askTogether(method, [params], bounds))[0],
          askTogether,
          spanMax,
        })
      })
    } catch (error) {
      // A node that was away may come back as another.
      opened = undefined
      if (error instanceof Failure) throw error
      throw new Failure('chain_unavailable', error instanceof Error ? error.name : 'no answer')
    }
  }
}

interface Call {
  readonly method: string
  readonly params: readonly unknown[]
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** What is asked in one turn of the event loop travels together. */
function askAt(url: string): Ask {
  let waiting: Call[] = []
  const flush = () => {
    const calls = waiting
    waiting = []
    for (let i = 0; i < calls.length; i += BATCH_MAX) void send(url, calls.slice(i, i + BATCH_MAX))
  }
  return (method, params) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(flush)
      waiting.push({ method, params, resolve, reject })
    })
}

function togetherAt(url: string): Peer['askTogether'] {
  return (method, each, bounds) => {
    const calls: Call[] = []
    const answers = each.map(
      (params) =>
        new Promise((resolve, reject) => {
          calls.push({ method, params, resolve, reject })
        }),
    )
    void send(url, calls, bounds)
    return Promise.all(answers)
  }
}

async function send(
  url: string,
  calls: readonly Call[],
  bounds: Bounds = {
    signal: AbortSignal.timeout(REQUEST_TIME_MS),
    lengthMax: ANSWER_LENGTH_MAX,
  },
): Promise<void> {
  try {
    const bodies = calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
    // A single question is not a batch: some nodes know none.
    const body = JSON.stringify(bodies.length === 1 ? bodies[0] : bodies)
    const answer = await exchange(url, body, bounds)
    const answers = Array.isArray(answer) ? answer : [answer]
    const byId = new Map(answers.map((each) => [membersOf(each).id, membersOf(each)]))
    for (const [id, { method, resolve, reject }] of calls.entries()) {
      const { result } = byId.get(id) ?? {}
      // JSON-RPC 2.0 §5: without a result there is an error; its words may repeat the address.
      if (result === undefined) reject(new Error(`${method} was not answered`))
      else resolve(result)
    }
  } catch (error) {
    for (const { reject } of calls) reject(error)
  }
}

async function exchange(url: string, body: string, bounds: Bounds): Promise<unknown> {
  const { signal, lengthMax } = bounds
  const headers = { 'content-type': 'application/json' }
  const request = { method: 'POST', headers, body, signal, redirect: 'error' } as const
  // A connection that was kept may have been closed by the node: these are questions, asked again.
  const answer = await fetch(url, request).catch(() => fetch(url, request))
  const parsed = parseJson(await textOf(answer, lengthMax), { lengthMax, depthMax: DEPTH_MAX })
  if (!parsed.ok) throw new Error(`the node answered ${String(answer.status)} and no JSON`)
  return parsed.value
}

/** The text of an answer; of one that is too long no more is read than may be. */
async function textOf({ body }: Response, lengthMax: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body ?? []) {
    length += piece.length
    if (length > lengthMax) throw new Error('the node answered too much')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function inTime<Value>(work: () => Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('late')), CALL_TIME_MS)
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
