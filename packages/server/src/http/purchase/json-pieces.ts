/**
 * The answer of `POST /v1/fetch` where the response is too long to hold: the same JSON, written
 * piece by piece with the body last.
 *
 * @module
 */
import { toBase64url } from '@surety/protocol'
import type { LongAnswer } from '../../app/x402/answer/answer.ts'

/** Three bytes are four letters; what is left over waits for the next piece. */
const GROUP = 3

/** Texts that make one JSON object: the members of `first`, then `response`. */
export function jsonPieces(
  { status, headers, body }: LongAnswer,
  first: object,
): AsyncIterableIterator<string> {
  const members = JSON.stringify(first).slice(0, -1)
  const head = JSON.stringify({ status, headers }).slice(0, -1)
  async function* texts(): AsyncGenerator<string, void> {
    yield `${members},"response":${head},"body":"`
    let rest: Uint8Array = new Uint8Array(0)
    for await (const piece of body) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
      const whole = bytes.length - (bytes.length % GROUP)
      if (whole > 0) yield toBase64url(bytes.subarray(0, whole))
      rest = bytes.subarray(whole)
    }
    yield `${toBase64url(rest)}"}}`
  }
  const made = texts()
  const pieces: AsyncIterableIterator<string> = {
    [Symbol.asyncIterator]: () => pieces,
    next: () => made.next(),
    // Whoever leaves before the first piece has begun nothing that would end by itself.
    return: async () => {
      await body.return?.()
      return made.return()
    },
  }
  return pieces
}
