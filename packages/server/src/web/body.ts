/**
 * The body of an answer: decompressed as it arrives, and cut off at its limits.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { type Begun, type Patience, WebFailure, type WebRequest } from '../ports/web.ts'
import type { Deadline } from './deadline.ts'
import { failureOf } from './failure.ts'

interface Body {
  chunks(): AsyncGenerator<Uint8Array, void>
  collect(): Promise<Uint8Array>
  begin(patience: Patience): Promise<Begun>
  discard(): void
}

const NO_BODY = [204, 205, 304]

/** Throws `web_answer_invalid` for an encoding that was not offered. */
export function answerBody(
  incoming: IncomingMessage,
  { method, limits }: Pick<WebRequest, 'method' | 'limits'>,
  deadline: Deadline,
): Body {
  const { bodyBytesMax } = limits
  const isEmpty = method === 'HEAD' || NO_BODY.includes(incoming.statusCode ?? 0)
  const compressed = { bytes: 0 }
  const plain = isEmpty ? incoming : decoded(incoming, bodyBytesMax, compressed)
  const release = deadline.onOver((reason) => plain.destroy(reason))
  // Whoever reads sees the error; if nobody reads, nobody has to.
  plain.on('error', () => undefined)
  function discard(): void {
    release()
    deadline.end()
    plain.destroy()
    incoming.destroy()
  }
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    let size = 0
    try {
      for await (const piece of plain) {
        const bytes = piece as Uint8Array
        size += bytes.length
        const isBomb = plain !== incoming && size > grownMax(compressed.bytes)
        if (size > bodyBytesMax || isBomb) throw tooLarge(bodyBytesMax)
        yield bytes
      }
    } catch (error) {
      throw deadline.reason ?? bodyFailure(error)
    } finally {
      discard()
    }
  }
  const begin = (patience: Patience) => begun(chunks(), patience)
  return { chunks, collect: () => collected(chunks()), begin, discard }
}

const LATE = Symbol('late')

/** Reads ahead while there is patience; what was read is handed on first. */
async function begun(
  source: AsyncGenerator<Uint8Array, void>,
  { bytesMax, waitMs, hold = () => true }: Patience,
): Promise<Begun> {
  const read: Uint8Array[] = []
  let size = 0
  const late = waitMs === null ? undefined : timer(waitMs)
  try {
    for (;;) {
      const next = source.next()
      // Whoever takes over waits for it again, and hears of its failure.
      next.catch(() => undefined)
      const piece = await (late === undefined ? next : Promise.race([next, late.over]))
      if (piece === LATE) return { type: 'long', chunks: resumed(read, source, next) }
      if (piece.done === true) return { type: 'whole', body: new Uint8Array(Buffer.concat(read)) }
      read.push(piece.value)
      size += piece.value.length
      const hasRoom = hold(piece.value.length)
      if (size > bytesMax || !hasRoom) return { type: 'long', chunks: resumed(read, source) }
    }
  } finally {
    late?.cancel()
  }
}

async function* resumed(
  read: Uint8Array[],
  source: AsyncGenerator<Uint8Array, void>,
  pending?: Promise<IteratorResult<Uint8Array, void>>,
): AsyncGenerator<Uint8Array, void> {
  for (let piece = read.shift(); piece !== undefined; piece = read.shift()) yield piece
  const next = await pending
  if (next?.done === true) return
  if (next !== undefined) yield next.value
  yield* source
}

function timer(ms: number): { readonly over: Promise<typeof LATE>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<typeof LATE>()
  const timeout = setTimeout(() => resolve(LATE), ms)
  return { over: promise, cancel: () => clearTimeout(timeout) }
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of chunks) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

const GROWN_FREELY = 4_194_304
const GROWTH_MAX = 100

/** Attacker-controlled: a few bytes that become a great many are no page that anybody wrote. */
function grownMax(compressedBytes: number): number {
  return Math.max(GROWN_FREELY, compressedBytes * GROWTH_MAX)
}

function decoded(
  incoming: IncomingMessage,
  bytesMax: number,
  compressed: { bytes: number },
): Readable {
  const encoding = (incoming.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return incoming
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip'
  if (!isGzip && encoding !== 'br') {
    throw new WebFailure('web_answer_invalid', 'maybe', 'an encoding that was not offered')
  }
  const decoder = isGzip ? createGunzip() : createBrotliDecompress()
  // Attacker-controlled: compressed bytes may become a thousandfold, or nothing at all.
  incoming.on('data', (piece: Buffer) => {
    compressed.bytes += piece.length
    if (compressed.bytes > bytesMax) decoder.destroy(tooLarge(bytesMax))
  })
  // The reader sees the decoder fail; that the source did too is the same news.
  return pipeline(incoming, decoder, () => undefined)
}

function tooLarge(bytesMax: number): WebFailure {
  return new WebFailure('web_answer_too_large', 'maybe', `more than ${String(bytesMax)} bytes`)
}

function bodyFailure(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const isEncoding = /^(?:Z_|ERR_BROTLI|ERR__ERROR_|ERR_PADDING)/.test(code)
  return isEncoding
    ? new WebFailure('web_answer_invalid', 'maybe', code)
    : failureOf(error, 'maybe')
}
