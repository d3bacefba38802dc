import assert from 'node:assert/strict'
import { test } from 'node:test'
import { live } from './live.ts'

/** Small numbers and two of everything; that each of these happened is part of the goal. */
const MUST_HAPPEN = [
  'crash',
  'gate settled released',
  'gate settled refunded',
  'gate settled held',
  'contested',
  'refused holdback_contested',
  'refused holdback_not_held',
  'gate review',
  'gate voided',
  'gate expired',
  'gate waiting',
  'gate denied',
  'replayed authorize',
  'replayed prove',
  'refused authorization_consumed',
  'refused commit_grant_not_usable',
  'refused commit_policy_changed',
  'refused gate_settled',
  'signed SettlementReceipt.v1',
]

/** Goal: after every step of any life the model agrees; a seed tells the whole of it. */
test('a life at random keeps every promise, and its seed gives the same bytes again', async () => {
  const life = { seed: 11, steps: 400, examineEvery: 150 }
  const [first, second] = [await live(life), await live({ ...life, examineEvery: 400 })]
  assert.equal(first.digest, second.digest)
  assert.deepEqual([...first.seen], [...second.seen])
  const other = await live({ seed: 18, steps: 600, examineEvery: 150 })
  assert.notEqual(other.digest, first.digest)
  const seen = new Set([...first.seen.keys(), ...other.seen.keys()])
  assert.deepEqual(
    MUST_HAPPEN.filter((what) => !seen.has(what)),
    [],
  )
})
