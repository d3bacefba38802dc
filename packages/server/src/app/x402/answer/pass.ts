/**
 * An answer too long to wait for: handed on as it comes, taken down while it passes.
 *
 * Whoever asked may go away; the rest is read without them, so that what was paid for is written
 * down as what it was. Nothing is kept but its hash, and the whole if it turns out to be short.
 *
 * @module
 */
import { createHash, type Hash as Hasher } from 'node:crypto'
import type { Hash } from '@surety/protocol'
import type { Place } from '../leaving/places.ts'

/** What passed, from its first byte to its last. */
export interface Passed {
  readonly responseHash: Hash
  readonly responseBytes: number
  /** `null`: too large to keep. */
  readonly body: Uint8Array | null
}

type Step = IteratorResult<Uint8Array, void>

/** Pieces, once, as they are asked for. `return` says that nobody will ask again. */
export class Passing implements AsyncIterableIterator<Uint8Array, void> {
  readonly #source: AsyncGenerator<Uint8Array, void>
  readonly #end: (passed: Passed | null) => Promise<void>
  readonly #discard: () => void
  readonly #taken: Taken
  #ended: Promise<void> | undefined
  #isLeft = false

  /** `end` is told once: what passed, or `null` if it broke off. It does not throw. */
  constructor(given: {
    readonly source: AsyncGenerator<Uint8Array, void>
    readonly keptBytesMax: number
    readonly place: Pick<Place, 'hold' | 'drop'>
    readonly discard: () => void
    readonly end: (passed: Passed | null) => Promise<void>
  }) {
    this.#source = given.source
    this.#discard = given.discard
    this.#end = given.end
    this.#taken = new Taken(given.keptBytesMax, given.place)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Step> {
    try {
      const piece = await this.#source.next()
      if (piece.done === true) await (this.#ended ?? this.#over(this.#taken.whole()))
      else this.#taken.take(piece.value)
      return piece
    } catch (failure) {
      await this.#over(null)
      throw failure
    }
  }

  async return(): Promise<Step> {
    if (!this.#isLeft && this.#ended === undefined) {
      this.#isLeft = true
      void this.#readOn()
    }
    return { done: true, value: undefined }
  }

  /** Ends it now, whoever waits: it has broken off. */
  async stop(): Promise<void> {
    this.#discard()
    await this.return()
    await this.#over(null)
  }

  async #readOn(): Promise<void> {
    try {
      for (let piece = await this.next(); piece.done !== true; ) piece = await this.next()
    } catch {
      // That it broke off is written down; there is nobody left to be told.
    }
  }

  #over(passed: Passed | null): Promise<void> {
    this.#ended ??= this.#end(passed)
    return this.#ended
  }
}

class Taken {
  readonly #hasher: Hasher = createHash('sha256')
  readonly #keptBytesMax: number
  readonly #place: Pick<Place, 'hold' | 'drop'>
  #bytes = 0
  #pieces: Uint8Array[] | null = []

  constructor(keptBytesMax: number, place: Pick<Place, 'hold' | 'drop'>) {
    this.#keptBytesMax = keptBytesMax
    this.#place = place
  }

  take(piece: Uint8Array): void {
    this.#hasher.update(piece)
    this.#bytes += piece.length
    if (this.#pieces === null) return
    const mayKeep = this.#bytes <= this.#keptBytesMax && this.#place.hold(piece.length)
    if (mayKeep) return void this.#pieces.push(piece)
    this.#pieces = null
    this.#place.drop()
  }

  whole(): Passed {
    const body = this.#pieces === null ? null : new Uint8Array(Buffer.concat(this.#pieces))
    const responseHash = this.#hasher.digest('hex')
    return { responseHash, responseBytes: this.#bytes, body }
  }
}
