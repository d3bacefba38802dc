/** Lies about payments in bundles of gates that really paid, each found by its check. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { nodeCrypto } from '@surety/server'
import {
  bundleOf as bundleOfStory,
  type Files,
  type Story,
  TRUSTED,
} from '../support/bundle-story.ts'
import { pass } from '../support/house.ts'
import { PAYMENT_TRIPS, type PaymentTrip, storyIn } from '../support/trips/bundle-trips-payment.ts'
import { buyMetered, openMeteredTown } from './metered.ts'
import { bundleOf, buy, type Town } from './town.ts'

const VALID_MS = 61_000

let town: Town
const stories = new Map<PaymentTrip['of'], Story>()

before(async () => {
  town = await openMeteredTown({ world: { sellers: ['express'] } })
  const keep = async (of: PaymentTrip['of'], gateId: string | undefined) =>
    void stories.set(of, storyIn(await bundleOf(town, gateId ?? '')))
  await keep('served', (await buy(town)).gate?.gateId)
  await keep('metered', (await buyMetered(town, '20000')).gate?.gateId)
  await keep('unserved', (await buy(town, '/broken-ticket')).gate?.gateId)
  await town.world.breakSeller('express', { type: 'drop' })
  await keep('unanswered', (await buy(town)).gate?.gateId)
  await town.world.breakSeller('express', { type: 'none' })
  await town.world.breakFacilitator({ type: 'refusing' })
  const { gate } = await buy(town)
  await town.world.breakFacilitator({ type: 'none' })
  pass(VALID_MS)
  await town.world.warp(VALID_MS / 1_000)
  await town.house.running.tick()
  await keep('voided', gate?.gateId)
})
after(() => town.close())

const failedIn = (files: Files) => {
  const report = bundle.verify(files, TRUSTED, nodeCrypto)
  const failed = report.checks.filter(({ result }) => result === 'failed')
  return { ok: report.ok, failed: [...new Set(failed.map(({ check }) => check))].sort() }
}

test('told again under other keys, and truly, every gate that paid verifies', () => {
  for (const [of, story] of stories) {
    assert.deepEqual(failedIn(bundleOfStory(story)), { ok: true, failed: [] }, of)
  }
  assert.equal(stories.size, 5)
})

for (const { lie, of, fails, tell } of PAYMENT_TRIPS) {
  test(`found: ${lie}`, () => {
    const story = stories.get(of)
    assert.ok(story !== undefined)
    const { ok, failed } = failedIn(bundleOfStory({ ...story, steps: tell(story.steps) }))
    assert.equal(ok, false)
    assert.ok(failed.includes(fails[0] as (typeof failed)[number]), failed.join(' '))
    assert.deepEqual(failed, [...fails].sort())
  })
}
