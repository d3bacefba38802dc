import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Counts, chain } from './chain.ts'

/** Goal: nothing that a client was told is lost, and nothing is done twice. Long: `test:crash`. */
test('a server that is killed at any moment keeps every promise it made', async () => {
  const counts: Counts = { runs: 0, kills: 0, answers: 0, again: 0, answered: 0, heldBack: 0 }
  await chain(20_261_120, 8, counts)
  assert.equal(counts.runs, 8)
  assert.ok(
    counts.kills >= 8 && counts.answers > 0 && counts.answered > 0 && counts.heldBack > 0,
    JSON.stringify(counts),
  )
})
