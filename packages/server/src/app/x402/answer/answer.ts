/**
 * What goes back to an agent: the whole of an answer, or its pieces as they come.
 *
 * @module
 */
import { WebFailure, type WebHeaders } from '../../../ports/web.ts'
import type { App, Signed } from '../../runtime.ts'
import { headersToAgent } from '../../web/headers.ts'
import { KEPT_BYTES_MAX, type KeptAnswer, LIMITS } from '../present.ts'
import type { FetchRequest } from '../request.ts'

/** Pieces, once. Whoever takes no more says so by `return`. */
export type Pieces = AsyncIterableIterator<Uint8Array, void>

/** An answer that is longer than anybody waits for. */
export interface LongAnswer {
  readonly status: number
  readonly headers: WebHeaders
  readonly body: Pieces
}
export type Answer = KeptAnswer | LongAnswer

export function isWhole(answer: Answer): answer is KeptAnswer {
  return answer.body instanceof Uint8Array
}

/** Takes no more of an answer. */
export async function letGo(answer: Answer): Promise<void> {
  if (!isWhole(answer)) await answer.body.return?.()
}

/** A purchase of which a credential was presented. */
export type Paid =
  /** `answer` is `null` if none came back that is kept. */
  | { readonly type: 'paid'; readonly signed: Signed; readonly answer: KeptAnswer | null }
  /**
   * The answer is on its way. `signed` is the gate while it is; `settled` how it is once the answer
   * has passed, or `null` if that could not be written down yet.
   */
  | {
      readonly type: 'passing'
      readonly signed: Signed
      readonly answer: LongAnswer
      readonly settled: Promise<Signed | null>
    }

const PAYMENT_REQUIRED = 402

/** Sends a request without a credential. Throws a WebFailure. */
export async function askUnpaid(
  app: App,
  request: FetchRequest,
  mayBePrivate: boolean,
): Promise<Answer> {
  const { method, url, headers, body } = request
  const sent = { method, url, headers, mayBePrivate, limits: LIMITS }
  const answer = await app.web.fetch(body.length === 0 ? sent : { ...sent, body })
  const { status, headers: given } = answer
  const isTerms = status === PAYMENT_REQUIRED
  const waitMs = isTerms ? null : request.waitMs(answer)
  const { hold } = request.place
  const begun = await answer.begin({ bytesMax: KEPT_BYTES_MAX, waitMs, hold })
  const handed = { status, headers: isTerms ? given : headersToAgent(given) }
  if (begun.type === 'whole') return { ...handed, body: begun.body }
  if (isTerms) {
    // Terms are read whole, or not at all.
    answer.discard()
    throw new WebFailure('web_answer_too_large', 'maybe', 'the terms of payment are too long')
  }
  return { ...handed, body: unpaidPieces(begun.chunks, () => answer.discard()) }
}

/** Nothing was paid for these: what nobody takes is not fetched. */
function unpaidPieces(chunks: AsyncGenerator<Uint8Array, void>, discard: () => void): Pieces {
  const pieces: Pieces = {
    [Symbol.asyncIterator]: () => pieces,
    next: () => chunks.next(),
    return: async () => {
      discard()
      return { done: true, value: undefined }
    },
  }
  return pieces
}
