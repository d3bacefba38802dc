import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashes } from './crashes.ts'

/** Long: `npm run test:x402-crash`. */
test('a server that is killed while it buys pays once, loses nothing, and its books equal the chain', async (t) => {
  const counts = await crashes(20_261_121, 6)
  t.diagnostic(JSON.stringify(counts))
  assert.equal(counts.kills, 6)
  assert.ok(counts.unanswered > 0 && counts.captured > 0, JSON.stringify(counts))
  assert.ok(counts.partly > 0, 'some take less than is held')
})
