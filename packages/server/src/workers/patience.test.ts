import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addMs, ensureInstant } from '@surety/protocol'
import { Patience } from './patience.ts'

const NOW = ensureInstant(0)

test('what is refused is tried three times in a row, and then less and less often', () => {
  const patience = new Patience()
  const waits: number[] = []
  let now = NOW
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    assert.ok(patience.isDue('gat_1', now))
    patience.note('gat_1', false, now)
    let ms = 0
    while (!patience.isDue('gat_1', addMs(now, ms))) ms += 500
    waits.push(ms)
    now = addMs(now, ms)
  }
  const usual = [0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000]
  assert.deepEqual(waits, [...usual, 60_000, 60_000, 60_000, 60_000])
  assert.ok(patience.isDue('gat_2', NOW))
})

test('what is ended is forgotten, and no more is remembered than fits', () => {
  const patience = new Patience()
  for (let i = 0; i < 4; i += 1) patience.note('gat_1', false, NOW)
  assert.ok(!patience.isDue('gat_1', NOW))
  patience.note('gat_1', true, NOW)
  assert.ok(patience.isDue('gat_1', NOW))
  for (let i = 0; i < 4; i += 1) patience.note('gat_1', false, NOW)
  for (let i = 0; i < 65_536; i += 1) patience.note(`gat_x${String(i)}`, false, NOW)
  assert.ok(patience.isDue('gat_1', NOW))
})
