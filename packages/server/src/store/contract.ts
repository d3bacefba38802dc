/**
 * What every store promises. Each adapter calls it with a way to make, break and reopen its data.
 *
 * Not promised, and nothing may rely on it: the order of documents, signatures and counters; how
 * many commands share a commit; that two commands given at once commit in the order of their clock.
 *
 * @module
 */
import { test } from 'node:test'
import { ATOMICITY } from './contract/atomic.ts'
import { MONEY } from './contract/money.ts'
import { IDEMPOTENCY } from './contract/once.ts'
import { ROWS } from './contract/rows.ts'
import { OTHER, type Place, SCOPE } from './contract/support.ts'

export type { Place, ScopedStore } from './contract/support.ts'

/** Registers the tests of the contract; each is given a place of its own. */
export function storeContract(places: () => Place): void {
  for (const laws of [ATOMICITY, MONEY, IDEMPOTENCY, ROWS]) {
    for (const [law, body] of Object.entries(laws)) {
      test(law, async () => {
        const place = places()
        try {
          const store = place.open()
          await store.createScope(SCOPE)
          await store.createScope(OTHER)
          await body(store, place)
        } finally {
          place.remove()
        }
      })
    }
  }
}
