import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DecisionFacts,
  type PolicyDecision,
  Profile,
  parseAs,
  REASON_ORDER,
  type ReasonCode,
} from '@surety/protocol'
import { compiled, hash, type PatchStep, patched, vectors } from '../fixtures.test.ts'
import { type DecisionPlace, decisionOf } from './decision.ts'
import { contradictionOf, contradictionsOf } from './profile/contradictions.ts'
import { DENY_ALL } from './profile/deny-all.ts'

type Place = Pick<DecisionPlace, 'decisionId' | 'seq' | 'previousDecisionHash'>
interface Decisions {
  readonly base: { readonly facts: DecisionFacts; readonly profile: Profile }
  readonly place: Place
  readonly cases: readonly {
    readonly name: string
    readonly facts?: readonly PatchStep[]
    readonly profile?: readonly PatchStep[]
    readonly expected: Pick<PolicyDecision, 'decision' | 'reasonCode' | 'reasonCodes'>
    readonly policyDecision: PolicyDecision
    readonly decisionHash: string
  }[]
}

const files = [
  'valid/decisions',
  'valid/profile-rules',
  'refused/decisions',
  'refused/reasons',
  'refused/controls',
  'refused/profile-rules',
  'valid/wallets',
  'refused/wallets',
  'valid/approvals',
  'refused/approvals',
  'valid/buying',
  'refused/buying',
] as const
const read = (name: string): Decisions => vectors<Decisions>(`policy/${name}.json`)

function decided(facts: DecisionFacts, profile: Profile, place: Place): PolicyDecision {
  assert.equal(parseAs(DecisionFacts, facts).ok, true)
  assert.equal(parseAs(Profile, profile).ok, true)
  const hashes = { intentHash: hash(facts.intent), inputHash: hash(facts) }
  return decisionOf(facts, compiled(profile), { ...place, ...hashes })
}

for (const name of files) {
  test(`policy/${name}: every case comes out as it says, byte for byte`, () => {
    const { base, place, cases } = read(name)
    for (const each of cases) {
      const facts = patched(base.facts, each.facts)
      const decision = decided(facts, patched(base.profile, each.profile), place)
      const { reasonCode, reasonCodes, obligations } = decision
      const outcome = { decision: decision.decision, reasonCode, reasonCodes, obligations }
      assert.deepEqual(outcome, each.expected, each.name)
      assert.deepEqual(decision, each.policyDecision, each.name)
      assert.equal(hash(decision), each.decisionHash, each.name)
    }
  })
}

test('every reason code is reached by a case of its own', () => {
  const reached = new Set<string>()
  for (const name of files) {
    for (const { expected } of read(name).cases) reached.add(expected.reasonCode)
  }
  const missing = REASON_ORDER.filter((code: ReasonCode) => !reached.has(code))
  assert.deepEqual(missing, [])
})

test('deny-all is a pinned document that denies what holds in every other respect', () => {
  const pinned = vectors<{
    facts: DecisionFacts
    place: Place
    profile: Profile
    policyHash: string
    expected: Decisions['cases'][number]['expected']
    policyDecision: PolicyDecision
    decisionHash: string
  }>('policy/refused/deny-all.json')
  assert.deepEqual(DENY_ALL, pinned.profile)
  assert.equal(hash(DENY_ALL), pinned.policyHash)
  const decision = decided(pinned.facts, DENY_ALL, pinned.place)
  assert.deepEqual(decision, pinned.policyDecision)
  assert.equal(hash(decision), pinned.decisionHash)
  const { reasonCode, reasonCodes, obligations } = decision
  const outcome = { decision: decision.decision, reasonCode, reasonCodes, obligations }
  assert.deepEqual(outcome, pinned.expected)
})

interface Profiles {
  readonly base: Profile
  readonly cases: readonly {
    readonly name: string
    readonly profile?: readonly PatchStep[]
    readonly document?: Profile
  }[]
}

test('every contradiction of the optional rules is found, alone and in its place', () => {
  type Placed = Profiles & { cases: readonly { path: readonly (string | number)[] }[] }
  const { base, cases } = vectors<Placed>('policy/refused/profile-contradictions.json')
  for (const { name, profile, path } of cases) {
    const written = patched(base, profile)
    assert.equal(parseAs(Profile, written).ok, true, name)
    const paths = contradictionsOf(written).map((remark) => remark.path)
    assert.deepEqual(paths, [path], name)
  }
  const sound = vectors<Profiles>('policy/valid/profile-contradictions.json')
  for (const { name, profile } of sound.cases) {
    assert.deepEqual(contradictionsOf(patched(sound.base, profile)), [], name)
  }
})

for (const [name, sound] of [
  ['valid', true],
  ['refused', false],
] as const) {
  test(`policy/${name}/profiles: a profile that contradicts itself is never applied`, () => {
    const { base, cases } = vectors<Profiles>(`policy/${name}/profiles.json`)
    for (const { name: said, profile, document } of cases) {
      const written = patched(document ?? base, profile)
      assert.equal(parseAs(Profile, written).ok, true, said)
      assert.equal(contradictionOf(written) === undefined, sound, said)
    }
  })
}
