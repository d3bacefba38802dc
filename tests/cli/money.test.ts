import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBoth, formatMoney } from '../../packages/cli/src/terminal/money.ts'
import { plain, wrapped } from '../../packages/cli/src/terminal/render.ts'

test('an amount is shown exactly, however large, with the scale of its asset', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['0', 'USD/2', '0.00 USD'],
    ['5', 'USD/2', '0.05 USD'],
    ['250', 'USD/2', '2.50 USD'],
    ['-250', 'USD/2', '-2.50 USD'],
    ['123456', 'USD/2', '1,234.56 USD'],
    ['7', 'JPY/0', '7 JPY'],
    ['1000000', 'USDC/6', '1.000000 USDC'],
    ['999999999999999999', 'USD/2', '9,999,999,999,999,999.99 USD'],
    ['12', 'eip155:1/erc20:0xab', '12 of eip155:1/erc20:0xab'],
  ]
  for (const [amount, asset, text] of cases) assert.equal(formatMoney(amount, asset), text)
  assert.equal(formatBoth('250', 'USD/2'), '2.50 USD (250)')
})

test('no control character of somebody else reaches the terminal', () => {
  assert.equal(plain('a\u001b[31mb\nc\u202ed'), 'a\ufffd[31mb\ufffdc\ufffdd')
})

test('a text is broken between words', () => {
  assert.deepEqual(wrapped('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrapped('', 7), [])
})
