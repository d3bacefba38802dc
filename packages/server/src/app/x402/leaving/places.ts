/**
 * How much of what is fetched for agents is under way at once, and how much of it lies in memory.
 *
 * A seller may take minutes and megabytes. Without bounds of their own, one agent and one seller
 * that is in no hurry take every place that the house has.
 *
 * @module
 */
import type { Scope } from '../../../ports.ts'

/** Of one principal: enough to ask many slow sellers at once, and a fourth of all. */
export const EXCHANGES_OF_ONE_MAX = 64
/** Of the house: a fourth of the requests it takes by default. */
const EXCHANGES_MAX = 256
/**
 * Of answers held whole, all together. Until it has gone out one lies there as bytes, as text, in
 * the journal's form and in the answer: about four times its size.
 */
export const HELD_BYTES_MAX = 67_108_864

/** For whoever finds no place. */
export const TOO_MANY = 'too many exchanges with servers are under way'

/** The place of one exchange, from its request until its last byte has gone where it goes. */
export interface Place {
  /** Claims room for so many more bytes; `false` if there is none. */
  hold(bytes: number): boolean
  /** Nothing is held any more. */
  drop(): void
  /** Somebody else needs it, too: it is left once for each. */
  stay(): void
  leave(): void
}

interface Limits {
  readonly all: number
  readonly ofOne: number
  readonly bytes: number
}

export class Places {
  readonly #limits: Limits
  readonly #taken = new Map<string, number>()
  #all = 0
  #bytes = 0

  constructor(limits: Partial<Limits> = {}) {
    const { all = EXCHANGES_MAX, ofOne = EXCHANGES_OF_ONE_MAX, bytes = HELD_BYTES_MAX } = limits
    this.#limits = { all, ofOne, bytes }
  }

  /** Takes a place for a principal; `undefined` if they or the house have none left. */
  enter(who: { readonly principalId: string; readonly scope: Scope }): Place | undefined {
    const { tenantId, environment } = who.scope
    const name = [tenantId, environment, who.principalId].join('/')
    const taken = this.#taken.get(name) ?? 0
    if (this.#all >= this.#limits.all || taken >= this.#limits.ofOne) return undefined
    this.#taken.set(name, taken + 1)
    this.#all += 1
    return this.#place(name)
  }

  #place(name: string): Place {
    let users = 1
    let held = 0
    const drop = (): void => {
      this.#bytes -= held
      held = 0
    }
    return {
      drop,
      hold: (bytes) => {
        if (users === 0 || this.#bytes + bytes > this.#limits.bytes) return false
        this.#bytes += bytes
        held += bytes
        return true
      },
      stay: () => {
        if (users === 0) throw new Error('a place that was left')
        users += 1
      },
      leave: () => {
        if (users === 0) return
        users -= 1
        if (users > 0) return
        drop()
        this.#all -= 1
        const taken = (this.#taken.get(name) ?? 1) - 1
        if (taken === 0) this.#taken.delete(name)
        else this.#taken.set(name, taken)
      },
    }
  }
}
