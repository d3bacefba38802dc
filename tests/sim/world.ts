/**
 * A world that can be lived through again: its clock and its dice come from one seed.
 *
 * @module
 */
import { ensureInstant, type Instant } from '@surety/protocol'
import type { World } from '@surety/server'

/** Small fast counting generator, 32 bits (sfc32). */
export class Dice {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = 0x9e3779b9
    this.#c = 0x243f6a88
    for (let i = 0; i < 15; i += 1) this.next()
  }

  /** 32 bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** From 0 up to but without `count`. */
  below(count: number): number {
    return this.next() % count
  }

  /** Once in so many times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next() & 0xff)
  }
}

/** Two minutes before the end of a month. */
const START = Date.UTC(2026, 0, 31, 23, 58)
const DAY_MS = 86_400_000

export class VirtualWorld implements World {
  ms = START
  readonly random: Dice

  constructor(seed: number) {
    this.random = new Dice(seed ^ 0x5eed)
  }

  readonly now = (): number => this.ms

  /** Moves on: a moment mostly, now and then to the edge of a day, of a deadline, or back. */
  pass(dice: Dice, deadlines: readonly Instant[], housesNow: Instant): void {
    const edge = () => dice.below(3) - 1
    const roll = dice.below(80)
    const next = deadlines.filter((due) => due > housesNow)
    if (roll === 0) this.ms = this.ms - (this.ms % DAY_MS) + DAY_MS + edge()
    else if (roll <= 3 && next.length > 0) this.ms = dice.pick(next) + edge()
    else if (roll === 4) this.ms = ensureInstant(this.ms - dice.below(5_000))
    else if (roll <= 7) this.ms += dice.below(20_000)
    else this.ms += dice.below(3)
  }
}
