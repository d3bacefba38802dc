/**
 * Whether a response body satisfies a JSON Schema of a profile, worked out on a thread of its own.
 *
 * @module
 */
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { err, type JsonObject, ok, type Result } from '@surety/protocol'
import type { SchemaVerifier } from '../app/runtime.ts'
import { PROGRAM } from './json-schema-program.ts'

const require = createRequire(import.meta.url)
const AJV = require.resolve('ajv/dist/2020.js')

const START_MAX_MS = 10_000
/** Shorter than a check may take, so that every check has room to compile once more. */
const COMPILE_MAX_MS = 1_000
const CHECK_MAX_MS = 2_000
const WAITING_MAX = 32
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 }

/** What the thread answers: why a schema cannot be used, or whether a body satisfies it. */
interface Answer {
  readonly why?: string
  readonly holds?: boolean | null
}

interface Job {
  readonly question: { readonly schema: string; readonly body?: unknown }
  readonly withinMs: number
  /** `undefined`: the thread did not answer. */
  readonly settle: (answer: Answer | undefined) => void
}

/** The thread starts with the first question and never keeps the process alive by itself. */
export function schemaVerifier(): SchemaVerifier {
  const line = new Line()
  return {
    async usable(schema) {
      const asked = await line.ask({ schema: JSON.stringify(schema) }, COMPILE_MAX_MS)
      if (!asked.ok) return asked
      const why = asked.value === undefined ? 'it takes too long to examine' : asked.value.why
      if (why === undefined) return ok(null)
      return err('profile_invalid', `the schema of \`settlement.verifiers\` cannot be used: ${why}`)
    },
    async holds(schema: JsonObject, body: unknown) {
      const asked = await line.ask({ schema: JSON.stringify(schema), body }, CHECK_MAX_MS)
      return asked.ok ? ok(asked.value?.holds ?? null) : asked
    },
    close: () => line.close(),
  }
}

/** Questions wait in line; the thread is asked one at a time. */
class Line {
  readonly #waiting: Job[] = []
  #current: Job | undefined
  #thread: { readonly worker: Worker; ready: boolean } | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  ask(
    question: Job['question'],
    withinMs: number,
  ): Promise<Result<Answer | undefined, 'overloaded'>> {
    if (this.#closed) return Promise.resolve(ok(undefined))
    // Whoever fills the line must not decide by that what becomes of another's evidence.
    if (this.#waiting.length >= WAITING_MAX) return Promise.resolve(err('overloaded'))
    return new Promise((resolve) => {
      this.#waiting.push({ question, withinMs, settle: (answer) => resolve(ok(answer)) })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#thread?.worker
    this.#thread = undefined
    for (const job of this.#waiting.splice(0)) job.settle(undefined)
    this.#finish(undefined)
    await worker?.terminate()
  }

  #next(): void {
    if (this.#current !== undefined) return
    this.#current = this.#waiting.shift()
    if (this.#current === undefined) return
    if (this.#thread?.ready === true) this.#send(this.#thread.worker, this.#current)
    else this.#start()
  }

  #start(): void {
    const worker = new Worker(PROGRAM, {
      eval: true,
      workerData: { ajv: AJV },
      resourceLimits: RESOURCE_LIMITS,
      execArgv: [],
      env: {},
    })
    worker.unref()
    const thread = { worker, ready: false }
    this.#thread = thread
    worker.on('message', (answer: Answer) => {
      if (this.#thread !== thread) return
      if (thread.ready) this.#finish(answer)
      else {
        thread.ready = true
        if (this.#current !== undefined) this.#send(worker, this.#current)
      }
    })
    const ended = (): void => {
      if (this.#thread === thread) this.#abandon()
    }
    worker.on('error', ended)
    worker.on('exit', ended)
    this.#within(START_MAX_MS)
  }

  #send(worker: Worker, { question, withinMs }: Job): void {
    this.#within(withinMs)
    worker.postMessage(question)
  }

  /** The timer keeps the process alive while somebody waits. */
  #within(ms: number): void {
    clearTimeout(this.#timer)
    const timer = setTimeout(() => {
      // An answer that came while this thread was busy is in time: it is read before an immediate.
      setImmediate(() => {
        if (this.#timer === timer) this.#abandon()
      })
    }, ms)
    this.#timer = timer
  }

  #finish(answer: Answer | undefined): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const job = this.#current
    this.#current = undefined
    job?.settle(answer)
    this.#next()
  }

  /** The next question gets a fresh thread. */
  #abandon(): void {
    void this.#thread?.worker.terminate()
    this.#thread = undefined
    this.#finish(undefined)
  }
}
