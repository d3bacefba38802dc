import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rateCounts } from './rates.ts'

const row = { subject: 'rate:often:prn_1', windowMs: 60_000 }

test('a count is of its subject and its window; missing or stated twice it says nothing', () => {
  const other = { ...row, windowMs: 120_000, count: 7 }
  const countOf = rateCounts([{ ...row, count: 3 }, other])
  assert.equal(countOf(row), 3)
  assert.equal(countOf({ ...row, windowMs: 120_000 }), 7)
  assert.equal(countOf({ ...row, subject: 'rate:often:prn_2' }), undefined)
  const twice = rateCounts([{ ...row, count: 3 }, { ...row, count: 3 }, other])
  assert.equal(twice(row), undefined)
  assert.equal(twice({ ...row, windowMs: 120_000 }), 7)
})
