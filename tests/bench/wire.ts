/**
 * A load generator that costs little itself: HTTP/1.1 over plain sockets, one request at a time on
 * each connection.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'

export interface Sent {
  readonly status: number
  readonly body: string
  readonly ms: number
}

/** One connection; requests on it follow one another. */
export class Wire {
  readonly #socket: Socket
  readonly #head: string
  #held: Buffer = Buffer.alloc(0)
  #waiting: ((sent: { status: number; body: string }) => void) | undefined
  #failed: ((reason: unknown) => void) | undefined

  private constructor(socket: Socket, head: string) {
    this.#socket = socket
    this.#head = head
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (cause) => this.#failed?.(cause))
    socket.on('close', () => this.#failed?.(new Error('the connection was closed')))
  }

  static open(url: string, apiKey: string): Promise<Wire> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.off('error', reject)
        resolve(new Wire(socket, `host: ${hostname}\r\nauthorization: Bearer ${apiKey}\r\n`))
      })
      socket.once('error', reject)
    })
  }

  /** Sends and waits for the whole answer. */
  send(method: string, path: string, body?: string, key?: string): Promise<Sent> {
    const started = performance.now()
    const content =
      body === undefined
        ? 'content-length: 0\r\n\r\n'
        : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    const idempotency = key === undefined ? '' : `idempotency-key: ${key}\r\n`
    return new Promise((resolve, reject) => {
      this.#failed = reject
      this.#waiting = (sent) => resolve({ ...sent, ms: performance.now() - started })
      this.#socket.write(`${method} ${path} HTTP/1.1\r\n${this.#head}${idempotency}${content}`)
    })
  }

  #take(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const end = this.#held.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#held.toString('latin1', 0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    const whole = end + 4 + length
    if (this.#held.length < whole) return
    const body = this.#held.toString('utf8', end + 4, whole)
    this.#held = this.#held.subarray(whole)
    this.#waiting?.({ status: Number(head.slice(9, 12)), body })
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }
}

export interface Measured {
  readonly operations: number
  readonly seconds: number
  readonly opsPerSecond: number
  readonly p50ms: number
  readonly p99ms: number
}

/** Runs the jobs over as many connections or clients as given, each as fast as it can. */
export async function closedLoop<Client>(
  wires: readonly Client[],
  jobs: number,
  job: (wire: Client, index: number) => Promise<number>,
): Promise<Measured> {
  const times: number[] = []
  let next = 0
  const started = performance.now()
  await Promise.all(
    wires.map(async (wire) => {
      while (next < jobs) {
        const index = next
        next += 1
        times.push(await job(wire, index))
      }
    }),
  )
  return measured(times, (performance.now() - started) / 1_000)
}

/** Sends at a fixed rate whatever the answers do; waiting for a connection counts as latency. */
export async function openLoop(
  wires: readonly Wire[],
  jobs: number,
  perSecond: number,
  job: (wire: Wire, index: number) => Promise<number>,
): Promise<Measured> {
  const free = [...wires]
  const queue: number[] = []
  const times: number[] = []
  const running: Promise<void>[] = []
  const started = performance.now()
  const dueAt = (index: number): number => started + (index * 1_000) / perSecond
  const work = async (wire: Wire, index: number): Promise<void> => {
    await job(wire, index)
    times.push(performance.now() - dueAt(index))
    const waiting = queue.shift()
    if (waiting === undefined) free.push(wire)
    else await work(wire, waiting)
  }
  for (let index = 0; index < jobs; ) {
    while (index < jobs && dueAt(index) <= performance.now()) {
      const wire = free.pop()
      if (wire === undefined) queue.push(index)
      else running.push(work(wire, index))
      index += 1
    }
    // Not a busy wait: the machine's second core belongs to the server too. What is sent late by it
    // counts as latency.
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(running)
  return measured(times, (performance.now() - started) / 1_000)
}

/** What times in milliseconds come to. */
export function measured(times: readonly number[], seconds: number): Measured {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return {
    operations: times.length,
    seconds: round(seconds),
    opsPerSecond: Math.round(times.length / seconds),
    p50ms: round(at(0.5)),
    p99ms: round(at(0.99)),
  }
}

export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
