/**
 * The end of an exchange: its two deadlines and its caller's wish, whichever comes first.
 *
 * @module
 */
import { WebFailure, type WebRequest } from '../ports/web.ts'

export class Deadline {
  /** Whether bytes of the request may have left; decides what a timeout means. */
  sent: 'no' | 'maybe' = 'no'
  #over: Error | undefined
  readonly #listeners = new Set<(reason: Error) => void>()
  readonly #head: NodeJS.Timeout
  readonly #whole: NodeJS.Timeout
  readonly #signal: AbortSignal | undefined

  constructor({ limits, signal }: Pick<WebRequest, 'limits' | 'signal'>) {
    const late = () => this.#finish(new WebFailure('web_timeout', this.sent, 'it took too long'))
    this.#head = setTimeout(late, limits.headTimeMs)
    this.#whole = setTimeout(late, limits.timeMs)
    this.#signal = signal
    if (signal?.aborted === true) this.#aborted()
    signal?.addEventListener('abort', this.#aborted, { once: true })
  }

  /** Why it is over, if it is: what the caller is told instead of what broke because of it. */
  get reason(): Error | undefined {
    return this.#over
  }

  headIsThere(): void {
    clearTimeout(this.#head)
  }

  /** Calls back once with the reason; at once if it is over already. Returns the way out. */
  onOver(listener: (reason: Error) => void): () => void {
    if (this.#over !== undefined) listener(this.#over)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The work, or the reason if the deadline comes first. */
  bound<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const release = this.onOver(reject)
      work.then(resolve, reject).finally(release)
    })
  }

  /** The exchange ended by itself: nothing is waited for. */
  end(): void {
    clearTimeout(this.#head)
    clearTimeout(this.#whole)
    this.#signal?.removeEventListener('abort', this.#aborted)
    this.#listeners.clear()
  }

  readonly #aborted = (): void => {
    const reason: unknown = this.#signal?.reason
    this.#finish(reason instanceof Error ? reason : new DOMException('aborted', 'AbortError'))
  }

  #finish(reason: Error): void {
    if (this.#over !== undefined) return
    this.#over = reason
    const listeners = [...this.#listeners]
    this.end()
    for (const listener of listeners) listener(reason)
  }
}
