import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Committed } from './committed.ts'

const ROWS = 40_000

test('what is asked for again and again is never forgotten; what nobody asks for is', () => {
  const committed = new Committed()
  committed.set('hot', 'kept')
  committed.set('cold', 'forgotten')
  for (let i = 0; i < ROWS; i += 1) {
    committed.set(`row ${String(i)}`, i)
    if (i % 1_000 === 0) assert.equal(committed.get('hot'), 'kept')
  }
  assert.equal(committed.get('cold'), undefined)
  assert.equal(committed.get(`row ${String(ROWS - 1)}`), ROWS - 1)
})

test('a row that was written again is never answered as it was', () => {
  const committed = new Committed()
  for (let i = 0; i < ROWS; i += 1) {
    committed.set('counter', i)
    committed.set(`row ${String(i)}`, i)
    assert.equal(committed.get('counter'), i)
  }
})

test('nothing outlives a commit that failed', () => {
  const committed = new Committed()
  for (let i = 0; i < ROWS; i += 1) committed.set(`row ${String(i)}`, i)
  committed.clear()
  for (let i = 0; i < ROWS; i += 1) assert.equal(committed.get(`row ${String(i)}`), undefined)
})
