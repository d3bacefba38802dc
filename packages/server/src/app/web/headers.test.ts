/** Which headers go out, which come back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { WebHeaders } from '../../ports/web.ts'
import { headersToAgent, headersToServer } from './headers.ts'

const sent = (headers: WebHeaders, door: 'fetch' | 'proxy' = 'fetch') => {
  const result = headersToServer(headers, door)
  return result.ok ? result.value : result.refusal
}

test('an agent sends what is meant for the server, in order', () => {
  const headers: WebHeaders = [
    ['Accept', 'text/html'],
    ['X-Trace', '1'],
    ['x-trace', '2'],
    ['Authorization', 'Bearer of the server'],
  ]
  assert.deepEqual(sent(headers), [
    ['accept', 'text/html'],
    ['x-trace', '1'],
    ['x-trace', '2'],
    ['authorization', 'Bearer of the server'],
  ])
})

test('what was said to Surety stays with Surety', () => {
  const headers: WebHeaders = [
    ['Authorization', 'Bearer of Surety'],
    ['Cookie', 'session=1'],
    ['Idempotency-Key', 'k'],
    ['X-Forwarded-For', '10.0.0.1'],
    ['X-Surety-Grant', 'g'],
    ['Accept', '*/*'],
  ]
  assert.deepEqual(sent(headers, 'proxy'), [['accept', '*/*']])
})

test('an agent cannot pay, speak in our name or break the line', () => {
  const refused: WebHeaders = [
    ['PAYMENT-SIGNATURE', 'x'],
    ['X-Payment', 'x'],
    ['Sign-In-With-X', 'x'],
    ['X-Surety-Policy-Decision', 'allow'],
    ['Cookie', 'a=1'],
    ['x-a', 'b\r\nHost: evil.example'],
    ['x-a', 'b\0'],
    ['x-\u00e4', 'b'],
    ['', 'b'],
    ['x a', 'b'],
    ['x-a', '\u0100'],
  ]
  for (const header of refused) assert.equal(sent([header]), 'web_header_refused', header[0])
  for (const paying of ['payment-signature', 'X-PAYMENT']) {
    assert.equal(sent([[paying, 'x']], 'proxy'), 'web_header_refused')
  }
  assert.equal(sent(Array.from({ length: 65 }, () => ['x-a', 'b'] as const)), 'web_header_refused')
  assert.equal(sent([['x-a', 'b'.repeat(16_385)]]), 'web_header_refused')
})

test('whatever is asked, no framing header and no line break leaves', () => {
  const name = fc.oneof(fc.constantFrom('Host', 'CONNECTION', 'te', 'Expect', 'x-a'), fc.string())
  const headers = fc.array(fc.tuple(name, fc.string({ unit: 'binary' })), { maxLength: 5 })
  fc.assert(
    fc.property(headers, fc.constantFrom('fetch' as const, 'proxy' as const), (list, door) => {
      const result = headersToServer(list, door)
      if (!result.ok) return
      for (const [each, value] of result.value) {
        assert.ok(!['host', 'connection', 'te', 'expect'].includes(each))
        assert.doesNotMatch(each + value, /[\r\n\0]/)
      }
    }),
  )
})

test('an answer sets no cookie and no word of ours', () => {
  const headers: WebHeaders = [
    ['content-type', 'text/plain'],
    ['set-cookie', 'a=1'],
    ['x-surety-policy-decision', 'allow'],
    ['payment-response', 'x'],
  ]
  assert.deepEqual(headersToAgent(headers), [headers[0], headers[3]])
})
