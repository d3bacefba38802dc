import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compiled, factsOf, profileOf } from '../../fixtures.test.ts'
import { evaluate } from '../evaluate.ts'

const small = fc.integer({ min: 0, max: 9 })

/** Goal: of tiers in any order the highest below the amount asks, of equal ones the first. */
test('of many tiers the highest below the amount asks', () => {
  fc.assert(
    fc.property(fc.array(small, { maxLength: 12 }), small, (above, amount) => {
      const approvalTiers = above.map((each, place) => ({
        asset: 'USD/2',
        above: String(each),
        approvers: place + 1,
        role: 'reviewer' as const,
        raise: 'challenge' as const,
      }))
      const facts = factsOf({ intent: { amount: String(amount) } })
      const { findings } = evaluate(facts, compiled(profileOf({ approvalTiers })))
      const asked = findings.find(({ code }) => code === 'approval_challenged')?.ask?.approvers
      const highest = Math.max(...above.filter((each) => amount > each))
      const place = above.indexOf(highest)
      assert.equal(asked, place === -1 ? undefined : place + 1)
    }),
    { numRuns: 500 },
  )
})
