import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto, remembering } from '../../../../tests/support/bundle-keys.ts'
import { TRUSTED } from '../../../../tests/support/bundle-story.ts'
import { FORM_TRIPS } from '../../../../tests/support/trips/bundle-trips-form.ts'
import { HELD_BACK_TRIPS } from '../../../../tests/support/trips/bundle-trips-held-back.ts'
import { MEANING_TRIPS } from '../../../../tests/support/trips/bundle-trips-meaning.ts'
import { verify } from './index.ts'
import { CHECKS, type CheckName } from './report.ts'

const crypto = remembering(nodeCrypto)
const trips = [...FORM_TRIPS, ...MEANING_TRIPS, ...HELD_BACK_TRIPS]

test('each lie, consistent in all else, is found by the check that is about it', async (t) => {
  for (const { lie, fails, files, trusted } of trips) {
    await t.test(lie, () => {
      const report = verify(files(), trusted ?? TRUSTED, crypto)
      const failed = report.checks.filter(({ result }) => result === 'failed')
      assert.deepEqual([...new Set(failed.map(({ check }) => check))].sort(), [...fails].sort())
      assert.equal(report.ok, false)
    })
  }
})

// What only some gates meet has its lies where such gates are made: tests/x402, tests/e2e.
test('no check is there that no lie trips', () => {
  const tripped = new Set(trips.map(({ fails }) => fails[0]))
  const all = (Object.keys(CHECKS) as CheckName[]).filter(
    (check) => !['never', 'paid', 'stopped'].includes(CHECKS[check]),
  )
  assert.deepEqual(
    all.filter((check) => !tripped.has(check)),
    [],
  )
})
