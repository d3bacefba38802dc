/**
 * A client of the HTTP API. `fetch` is an argument; nothing else of the host is used.
 *
 * Every answer about a decided gate is held against its policy headers: if they are missing or say
 * something else, the answer is refused.
 *
 * @module
 */
import { fromUtf8, type JsonObject, PROBLEMS, type Problem, parseJson } from '@surety/protocol'
import { OPERATIONS, type Operations, STREAMS } from './api.gen.ts'
import { AnswerError, ProblemError } from './errors.ts'

export interface Answered {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
  /** The bytes as they come, where the answer is a stream. */
  readonly body?: unknown
}
/** The part of the platform's `fetch` that the client uses. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string
  },
) => Promise<Answered>

export interface ClientOptions {
  /** Where the server is, without a path: `http://127.0.0.1:8402`. */
  readonly url: string
  readonly apiKey?: string | undefined
  readonly fetch: Fetch
  /** Waits before a try is repeated. */
  readonly wait: (ms: number) => Promise<void>
  /** A fresh idempotency key for each command. */
  readonly newKey: () => string
}

export type OperationName = keyof Operations

/** What a call takes; `idempotencyKey` stays the same over all its tries. */
export type Input<Name extends OperationName> = Present<{
  params: Operations[Name]['params']
  query: Operations[Name]['query']
  body: Operations[Name]['body']
}> & { readonly idempotencyKey?: string }

type Present<Parts> = {
  readonly [Part in keyof Parts as Parts[Part] extends undefined ? never : Part]: Parts[Part]
}

const ATTEMPTS_MAX = 4
const RETRY_AFTER_MAX_S = 30
const ANSWER_LENGTH_MAX = 134_217_728

export class Client {
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') }
  }

  /**
   * Calls an operation. Overload and a first try still in progress are waited for, with the same
   * idempotency key, a few times at most.
   *
   * @throws ProblemError if the server refuses; AnswerError if there is no answer to rely upon.
   */
  async call<Name extends OperationName>(
    name: Name,
    ...[input]: Record<never, never> extends Input<Name> ? [Input<Name>?] : [Input<Name>]
  ): Promise<Operations[Name]['answer']> {
    const { method, path } = OPERATIONS[name]
    const parts = (input ?? {}) as Partial<Record<string, never>> & { idempotencyKey?: string }
    const url = this.#options.url + filled(path, parts.params) + queryOf(parts.query)
    const key = method === 'POST' ? (parts.idempotencyKey ?? this.#options.newKey()) : undefined
    const body = parts.body === undefined ? undefined : JSON.stringify(parts.body)
    for (let attempt = 1; ; attempt += 1) {
      const answered = await this.#send(method, url, body, key)
      const value = await readAnswer(answered)
      // 202 is a problem too: a person must be asked first.
      if (answered.status < 400 && answered.status !== 202)
        return checked(value, answered) as Operations[Name]['answer']
      const problem = problemOf(value, answered.status)
      const again = problem.status === 503 || problem.code === 'idempotency_in_flight'
      if (!again || attempt >= ATTEMPTS_MAX) throw new ProblemError(problem)
      await this.#options.wait(retryAfterMs(answered) * attempt)
    }
  }

  /**
   * Reads an answer that is made while it is sent, piece by piece; whoever stops reading ends it.
   *
   * @throws ProblemError if the server refuses; AnswerError if there is nothing to read.
   */
  async *stream(
    name: keyof typeof STREAMS,
    asked: {
      readonly query?: Readonly<Record<string, string | undefined>>
      readonly lastEventId?: string
    } = {},
  ): AsyncGenerator<string, void> {
    const url = this.#options.url + STREAMS[name].path + queryOf(asked.query)
    const last = asked.lastEventId
    const answered = await this.#send('GET', url, undefined, undefined, {
      accept: '*/*',
      ...(last === undefined ? {} : { 'last-event-id': last }),
    })
    if (answered.status >= 400) {
      throw new ProblemError(problemOf(await readAnswer(answered), answered.status))
    }
    const body = answered.body as AsyncIterable<Uint8Array> | null | undefined
    if (body === undefined || body === null) throw new AnswerError('answer_malformed', 'no stream')
    for await (const text of decoded(body)) yield text
  }

  async #send(
    method: string,
    url: string,
    body: string | undefined,
    key: string | undefined,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answered> {
    const { apiKey, fetch } = this.#options
    const headers: Record<string, string> = { accept: 'application/json', ...more }
    if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`
    if (key !== undefined) headers['idempotency-key'] = key
    if (body !== undefined) headers['content-type'] = 'application/json'
    try {
      return await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
    } catch (cause) {
      throw new AnswerError('unreachable', `no answer from ${this.#options.url}`, cause)
    }
  }
}

function filled(path: string, params: Readonly<Record<string, string>> | undefined): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params?.[name] ?? ''),
  )
}

function queryOf(query: Readonly<Record<string, string | undefined>> | undefined): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined)
  const text = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value as string)}`)
  return text.length === 0 ? '' : `?${text.join('&')}`
}

async function readAnswer(answered: Answered): Promise<unknown> {
  const text = await answered.text()
  const parsed = parseJson(text, { lengthMax: ANSWER_LENGTH_MAX, depthMax: 64 })
  if (!parsed.ok) throw new AnswerError('answer_malformed', `status ${String(answered.status)}`)
  return parsed.value
}

function problemOf(value: unknown, status: number): Problem {
  const code = (value as Partial<Problem> | null)?.code
  if (typeof code === 'string' && Object.hasOwn(PROBLEMS, code)) return value as Problem
  throw new AnswerError('answer_malformed', `status ${String(status)} without a problem of ours`)
}

function retryAfterMs(answered: Answered): number {
  const seconds = Number(answered.headers.get('retry-after') ?? '1')
  return Math.min(Number.isFinite(seconds) ? Math.max(seconds, 0.05) : 1, RETRY_AFTER_MAX_S) * 1_000
}

/** Holds the policy headers against the decision in the body. */
function checked(value: unknown, answered: Answered): unknown {
  const answer = value as JsonObject | null
  // What came back for a purchase stands beside its gate.
  const view = (answer?.gate ?? answer) as JsonObject | null
  const decision = view?.gateId === undefined ? undefined : (view.decision as JsonObject | null)
  if (decision === undefined || decision === null) return value
  const settlement = view?.settlement as JsonObject | null
  const expected: Readonly<Record<string, unknown>> = {
    'x-surety-policy-decision': decision.decision,
    'x-surety-policy-hash': decision.policyHash,
    'x-surety-decision-id': decision.decisionId,
    'x-surety-reason-code': decision.reasonCode,
    'x-surety-settlement-status': settlement?.status ?? 'none',
    'x-surety-verification-status': settlement?.colour ?? 'none',
  }
  for (const [name, word] of Object.entries(expected)) {
    const said = answered.headers.get(name)
    if (said === null) throw new AnswerError('metadata_missing', name)
    if (said !== word) throw new AnswerError('metadata_mismatch', `${name} is \`${said}\``)
  }
  return value
}

/** Text of pieces of bytes: a character that is cut in two waits for its rest. */
async function* decoded(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let rest = new Uint8Array(0)
  for await (const piece of body) {
    const bytes = new Uint8Array(rest.length + piece.length)
    bytes.set(rest)
    bytes.set(piece, rest.length)
    const whole = wholeLength(bytes)
    rest = bytes.slice(whole)
    const text = fromUtf8(bytes.subarray(0, whole))
    if (text === undefined) throw new AnswerError('answer_malformed', 'not UTF-8')
    if (text !== '') yield text
  }
}

/** Up to where the bytes are whole characters. */
function wholeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return needs > back ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}
