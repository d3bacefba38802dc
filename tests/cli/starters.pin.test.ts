/** The starter profiles as published: a fingerprint changes with whatever means something. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policy } from '@surety/domain'
import { inspectProfile, readProfile } from '../../packages/cli/src/local/profile-file.ts'
import {
  readScenarios,
  STARTERS,
  scenarioRoom,
  starterPath,
} from '../../packages/cli/src/local/starters.ts'

const published: Readonly<Record<string, string>> = {
  starter: 'b554ef82c287299e8ff05da0e1ae2216cb264a62574ec735795749f611e9f573',
  'engineering-spend': '26e9eb86c2d86bb99883f66c5ced699bab62ab7ed980c405591ffebd8eb31d32',
  procurement: '23a8b0631329dd67a2eeb82858e24330d2775840eb43a569fe9b4e9e64c90422',
  'data-api-buyer': '2159be96a108dd13220f092cf82a7eaa227314e55305a8b0eb2621ec7d5e5807',
  'support-automation': '1bbfe82df4f01c56b29b78388095383226c697462f433367784f65c8e34e7522',
  'finance-controls': 'cd6505faaccc217af391767b062f8558b03ae15d007013629e5479ee06d66d39',
}

test('every starter has its published fingerprint, and there is no other', () => {
  const found = STARTERS.map((name) => [name, readProfile(starterPath(name)).policyHash])
  assert.deepEqual(Object.fromEntries(found), published)
})

test('a starter is named by its profile id, and nothing in it is idle or contradicts itself', () => {
  for (const name of STARTERS) {
    const { profile, remarks } = inspectProfile(starterPath(name))
    assert.deepEqual([profile.profileId, remarks], [name, []])
  }
})

test('every scenario of every starter comes out as it says, and together they meet each outcome', () => {
  const met = new Set<string>()
  for (const name of STARTERS) {
    const { profile, policyHash } = readProfile(starterPath(name))
    const compiled = policy.compile(profile, policyHash)
    const scenarios = readScenarios(scenarioRoom(name))
    assert.ok(scenarios.length >= 4, name)
    for (const scenario of scenarios) {
      const report = policy.runScenario(compiled, scenario)
      assert.deepEqual(
        report.steps.filter(({ asExpected }) => !asExpected),
        [],
        `${name}: ${scenario.name}`,
      )
      assert.ok(report.steps.every(({ expected }) => expected?.reasonCodes !== undefined))
      for (const { decision } of report.steps) met.add(decision)
    }
  }
  assert.deepEqual([...met].sort(), ['allow', 'challenge', 'deny', 'escalate'])
})

test('no starter lets an agent spend more than its limit of a day, whatever the schedule', () => {
  for (const name of STARTERS) {
    const { profile, policyHash } = readProfile(starterPath(name))
    const day = profile.limits.units?.[0]?.perDay ?? profile.limits.perDay?.[0]?.max ?? '0'
    const of = profile.limits.units?.[0]?.unit ?? 'USD/2'
    const goal = { of, budget: BigInt(day), actionsMax: 3, withinMs: 0 }
    const { found } = policy.searchOverspend(policy.compile(profile, policyHash), undefined, goal)
    assert.equal(found, null, name)
  }
})
