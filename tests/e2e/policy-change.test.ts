/** Changes of policy: on an operator’s signed word, once, after what ruled; shadows never rule. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hashOf, type Profile } from '@surety/protocol'
import { nodeCrypto } from '@surety/server'
import { ensureBooks, unchanged } from '../support/books.ts'
import {
  applyProfile,
  declareAndAuthorize,
  type Market,
  openHouse,
  openMarket,
  pass,
  profileFor,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(async () => {
  ensureBooks(house.directory)
  await house.close()
})

let made = 0
function another(changes: Partial<Profile> = {}): Profile {
  made += 1
  const profileId = `another-${String(made)}`
  return profileFor([market.provider.principalId], { profileId, ...changes })
}

const post = (profile: Profile, action: string) =>
  house.operator.client.call('postProfiles', { body: { profile: profile as never, action } })
const ruling = async () => (await house.operator.client.call('getProfilesActive')).policyHash
const sign = async (profile: Profile, changes: object = {}) =>
  house.operator.party.applyProfile(profile, {
    previousPolicyHash: await ruling(),
    justificationCode: 'test',
    ...changes,
  })
const refused = (what: () => Promise<unknown>, code: string): Promise<void> =>
  unchanged(house.directory, () => assert.rejects(what(), { code }))

test('a profile is applied under its operator’s signature alone (control)', async () => {
  const profile = another()
  const action = await sign(profile)
  const wrong = another()
  await refused(() => post(wrong, action), 'operator_action_mismatch')
  await refused(() => post({ ...profile, name: 'edited' }, action), 'operator_action_mismatch')
  const deposit = house.operator.party.deposit(
    {
      source: 'bank',
      reference: 'r-1',
      principalId: market.payer.principalId,
      amount: '1',
      asset: 'USD/2',
    },
    'test',
  )
  await refused(() => post(profile, deposit), 'schema_mismatch')
  const reviewer = await sign(profile, { role: 'reviewer' })
  await refused(() => post(profile, reviewer), 'role_not_held')
  const clerk = await house.member('person', ['action'], ['profiles:write', 'read'])
  const others = { body: { profile: profile as never, action } }
  await refused(() => clerk.client.call('postProfiles', others), 'caller_mismatch')
  const old = await sign(profile)
  pass(301_000)
  await refused(() => post(profile, old), 'time_out_of_range')
})

test('a change that was signed after another profile than the ruling one is refused (control)', async () => {
  const first = another()
  const second = another()
  const late = await sign(second)
  await applyProfile(house, first)
  await refused(() => post(second, late), 'profile_ruling_changed')
  assert.equal((await post(second, await sign(second))).active, true)
})

test('a signed change is made once, though what ruled then rules again (once)', async () => {
  const one = another()
  const two = another()
  await applyProfile(house, one)
  const action = await sign(two)
  await post(two, action)
  await applyProfile(house, one)
  await refused(() => post(two, action), 'operator_action_used')
})

test('what is restored is the earlier version to the letter, or nothing (terminal)', async () => {
  const first = another()
  const { policyHash: restoresPolicyHash } = await applyProfile(house, first)
  await applyProfile(house, { ...first, version: 2, name: 'worse' })
  const back = { ...first, version: 3 }
  const forged = { ...back, name: 'something else' }
  const signed = await sign(forged, { restoresPolicyHash })
  await refused(() => post(forged, signed), 'operator_action_mismatch')
  const unknown = await sign(back, { restoresPolicyHash: 'ab'.repeat(32) })
  await refused(() => post(back, unknown), 'profile_not_found')
  const restored = await post(back, await sign(back, { restoresPolicyHash }))
  assert.equal(restored.policyHash, hashOf(back, nodeCrypto))
  assert.equal(await ruling(), restored.policyHash)
})

test('a profile in shadow is kept beside the one that rules, and decides nothing (default-deny)', async () => {
  await applyProfile(house, another())
  const before = await ruling()
  const strict = another({ mode: 'shadow', limits: { perRequest: [{ asset: 'USD/2', max: '0' }] } })
  const { active } = await applyProfile(house, strict)
  assert.equal(active, false)
  assert.equal(await ruling(), before)
  assert.equal((await declareAndAuthorize(market, '1')).state, 'authorized')
  // Nor does it disturb what both count, over windows of different lengths.
  const often = (windowMs: number) =>
    ({ id: 'often', per: 'agent', windowMs, max: 1_000, outcome: 'deny' }) as const
  await applyProfile(house, another({ rates: [often(60_000)] }))
  const { limits } = strict
  const watching = another({ mode: 'shadow', rates: [often(120_000)], limits })
  const { policyHash } = await applyProfile(house, watching)
  assert.equal((await declareAndAuthorize(market, '1')).state, 'authorized')
  const end = (hash: string) => {
    const action = house.operator.party.endShadow(hash, 'test')
    return house.operator.client.call('postProfilesShadowEnd', { body: { action } })
  }
  await refused(() => end('ab'.repeat(32)), 'profile_shadow_not_found')
  assert.equal((await end(policyHash)).policyHash, policyHash)
  await refused(() => end(policyHash), 'profile_shadow_not_found')
})
