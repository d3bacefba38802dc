/** The hash of an event covers every member but itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { portableCrypto } from './crypto.ts'
import { ZERO_HASH } from './digest.ts'
import { Event, eventHashHolds, sealEvent } from './objects/event.ts'
import { parseAs } from './schema.ts'

const unsealed = {
  schemaVersion: 'Event.v1',
  tenantId: 'ten_00000000000000000000000000',
  stream: 'gate:gat_00000000000000000000000000',
  seq: 1,
  type: 'gateDeclared',
  at: '2026-11-20T09:30:00.000Z',
  actor: 'system',
  traceId: '0'.repeat(32),
  data: { amount: '1', nested: [{ a: 'b' }] },
  prevHash: ZERO_HASH,
} as const
const event = sealEvent(unsealed, portableCrypto)

test('a sealed event has the shape of an event, and its hash holds', () => {
  assert.ok(parseAs(Event, event).ok)
  assert.ok(eventHashHolds(event, portableCrypto))
})

test('whichever member is changed, added or left out, the hash no longer holds', () => {
  const members = fc.constantFrom(...Object.keys(event))
  const values = fc.constantFrom<unknown>(undefined, null, 2, 'x', {}, { amount: '2' })
  fc.assert(
    fc.property(fc.oneof(members, fc.constant('more')), values, (member, value) => {
      const { [member]: _, ...rest } = event as Record<string, unknown>
      const changed = value === undefined ? rest : { ...rest, [member]: value }
      const isSame = member === 'more' && value === undefined
      assert.equal(eventHashHolds(changed as Event, portableCrypto), isSame)
    }),
  )
})

test('a sequence number is a safe integer from one', () => {
  for (const seq of [0, -1, 1.5, 9_007_199_254_740_992, '1']) {
    assert.equal(parseAs(Event, { ...event, seq }).ok, false)
  }
  for (const seq of [1, 9_007_199_254_740_991]) {
    assert.equal(parseAs(Event, { ...event, seq }).ok, true)
  }
})
