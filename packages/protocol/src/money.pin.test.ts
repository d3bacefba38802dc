/** The assets of the registry as published. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ASSETS } from './money.ts'

test('every asset has its published scale and unit, and there is no other', () => {
  const found = [...ASSETS.values()].map(({ id, decimals, unit }) => [id, decimals, unit])
  assert.deepEqual(found, [
    ['USD/2', 2, 'USD'],
    ['EUR/2', 2, 'EUR'],
    ['GBP/2', 2, 'GBP'],
    ['JPY/0', 0, 'JPY'],
    ['USDC/6', 6, 'USD'],
    ['EURC/6', 6, 'EUR'],
  ])
})
