/** `surety profile apply` and `rollback`: shown first, meant, signed; `surety reason-codes`. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { policy } from '@surety/domain'
import { type Profile, REASON_CODES } from '@surety/protocol'
import type { AppliedProfile } from '@surety/sdk'
import {
  applyProfile,
  declareAndAuthorize,
  openHouse,
  openMarket,
  profileFor,
  type TestHouse,
} from '../support/house.ts'
import { operatorFile } from '../support/people/operator-file.ts'
import { problemIn, type Scratch, scratch } from './support.ts'

interface Applied extends AppliedProfile {
  readonly changes: readonly policy.ProfileChange[]
  readonly replay: policy.ReplayReport | null
}

let house: TestHouse
let room: Scratch
let first: Profile
before(async () => {
  house = await openHouse()
  const market = await openMarket(house)
  first = profileFor([market.provider.principalId], { profileId: 'shop' })
  await applyProfile(house, first)
  await declareAndAuthorize(market, '400')
  room = scratch()
  writeFileSync(room.path('me.json'), operatorFile(house))
  const limits = { perRequest: [{ asset: 'USD/2', max: '300' }] }
  const second = { ...first, version: 2, limits }
  writeFileSync(room.path('second.json'), JSON.stringify(second))
})
after(async () => {
  room.remove()
  await house.close()
})

const me = () => ['--credentials', room.path('me.json')] as const
const ruling = async () => (await house.operator.client.call('getProfilesActive')).profile

test('a change is shown with its money, and made only if it is meant', async () => {
  const shown = await room.surety('profile', 'apply', 'second.json', ...me())
  assert.equal(shown.code, 2)
  assert.match(shown.out, /tightened +limits\.perRequest/)
  assert.match(shown.out, /blocked +4\.00 USD/)
  assert.match(shown.err, /confirmation_missing/)
  assert.equal((await ruling()).version, 1)
  const asJson = await room.surety('profile', 'apply', 'second.json', '--json', ...me())
  assert.deepEqual([asJson.code, problemIn(asJson).code], [2, 'confirmation_missing'])
  const applied = await room.json<Applied>('profile', 'apply', 'second.json', '--yes', ...me())
  assert.equal(applied.active, true)
  assert.equal(applied.replay?.money[0]?.blocked, '400')
  assert.ok(applied.changes.some(({ direction }) => direction === 'tightened'))
  assert.equal((await ruling()).version, 2)
})

test('a rollback brings an earlier version back under a new number, content and all', async () => {
  const back = await room.json<Applied>('profile', 'rollback', '1', '--yes', ...me())
  assert.deepEqual(back.profile, { ...first, version: 3 })
  assert.deepEqual(await ruling(), { ...first, version: 3 })
  const unknown = await room.surety('profile', 'rollback', '9', '--yes', ...me())
  assert.deepEqual([unknown.code, unknown.err.includes('profile_not_found')], [1, true])
  const foreign = ['--profile', 'nothing', '--yes'] as const
  assert.equal((await room.surety('profile', 'rollback', '1', ...foreign, ...me())).code, 1)
})

test('what cannot be replayed is not applied without a word', async () => {
  const rate = { id: 'hourly', per: 'agent', windowMs: 3_600_000, max: 5, outcome: 'deny' }
  const counting = { ...(await ruling()), version: 4, rates: [rate] }
  writeFileSync(room.path('counting.json'), JSON.stringify(counting))
  const blind = await room.surety('profile', 'apply', 'counting.json', '--yes', ...me())
  assert.equal(blind.code, 1)
  assert.match(blind.out, /asks for something that was not recorded/)
  assert.match(blind.err, /replay_unknown/)
  assert.equal((await ruling()).version, 3)
  const anyway = ['--yes', '--skip-replay', '--reason', 'incident'] as const
  await room.json('profile', 'apply', 'counting.json', ...anyway, ...me())
  assert.equal((await ruling()).version, 4)
})

test('a change is signed under a role that its signer holds', async () => {
  const viewer = ['--yes', '--skip-replay', '--role', 'viewer'] as const
  const refused = await room.surety('profile', 'rollback', '2', ...viewer, ...me())
  assert.deepEqual([refused.code, refused.err.includes('role_not_held')], [1, true])
})

test('a code is explained from the registry that the server serves', async () => {
  const served = await house.operator.client.call('getReasonCodes')
  // Every code of the registry with all that is known of it, and the terminal says the same.
  assert.deepEqual(
    Object.fromEntries(served.map(({ code, ...known }) => [code, known])),
    REASON_CODES,
  )
  assert.deepEqual(await room.json('reason-codes'), served)
  const one = await room.surety('reason-codes', 'per_request_exceeded')
  assert.match(one.out, /what helps +\S/)
  const problems = await house.operator.client.call('getProblems')
  const [first] = problems
  const explained = await room.json<{ readonly meaning: string }>('reason-codes', first?.code ?? '')
  assert.equal(explained.meaning, first?.meaning)
  const unknown = await room.surety('reason-codes', 'request_exceeded')
  assert.deepEqual([unknown.code, unknown.err.includes('per_request_exceeded')], [1, true])
})
