/**
 * The body of an answer: decompressed as it arrives, and cut off at its limits.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { WebFailure, type WebRequest } from '../ports/web.ts'
import type { Deadline } from './deadline.ts'
import { failureOf } from './failure.ts'

interface Body {
  chunks(): AsyncGenerator<Uint8Array, void>
  collect(): Promise<Uint8Array>
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
  const plain = isEmpty ? incoming : decoded(incoming, bodyBytesMax)
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
        if (size > bodyBytesMax) throw tooLarge(bodyBytesMax)
        yield bytes
      }
    } catch (error) {
      throw deadline.reason ?? bodyFailure(error)
    } finally {
      discard()
    }
  }
  return { chunks, collect: () => collected(chunks()), discard }
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of chunks) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

function decoded(incoming: IncomingMessage, bytesMax: number): Readable {
  const encoding = (incoming.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return incoming
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip'
  if (!isGzip && encoding !== 'br') {
    throw new WebFailure('web_answer_invalid', 'maybe', 'an encoding that was not offered')
  }
  const decoder = isGzip ? createGunzip() : createBrotliDecompress()
  // Attacker-controlled: compressed bytes may become a thousandfold, or nothing at all.
  let compressed = 0
  incoming.on('data', (piece: Buffer) => {
    compressed += piece.length
    if (compressed > bytesMax) decoder.destroy(tooLarge(bytesMax))
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
