/** The first steps: nothing without rules, then rules, then authority that only ever narrows. */
import type { Profile } from '@surety/protocol'
import { applyProfile } from '@surety/sdk'
import { formatMoney } from '../terminal/money.ts'
import { ASSET, ask, balances, delegate, demoProfile, requestFor, send } from './moves.ts'
import type { Stage } from './stage.ts'
import { decisionVerifies, type Expect, factsOf, refusalOf, type Step, type Told } from './step.ts'

const ATTEMPTS = 100
const AT_ONCE = 20
export const FORECAST = {
  path: '/v1/forecast',
  body: '{"city":"Lisbon"}',
  amount: '250',
} as const

export const defaultDeny: Step = {
  id: 'default_deny',
  title: 'No rules, no money',
  play: playDefaultDeny,
}

async function playDefaultDeny(stage: Stage, expect: Expect): Promise<Told> {
  const { lead, rootGrantHash, operator } = stage
  const before = await balances(stage)
  const unpaid = await send(requestFor(stage, FORECAST), undefined)
  expect(unpaid.status === 402, 'the provider asks for payment')
  const gates = []
  for (let done = 0; done < ATTEMPTS; done += AT_ONCE) {
    const tries = Array.from({ length: AT_ONCE }, () => ask(stage, lead, rootGrantHash, FORECAST))
    gates.push(...(await Promise.all(tries)).map(({ gate }) => gate))
  }
  const denied = gates.filter(
    ({ state, decision, authorization }) =>
      state === 'denied' && decision?.decision === 'deny' && authorization === null,
  )
  const proven = gates.filter((gate) => decisionVerifies(stage, gate))
  const isDenyAll = gates.every(
    ({ decision }) => decision?.policyId === 'deny-all' && decision.reasonCode === 'default_deny',
  )
  let executed = 0
  for (const state of ['authorized', 'executing', 'executed', 'settled', 'review'] as const) {
    executed += (await operator.client.call('getGates', { query: { state } })).items.length
  }
  const after = await balances(stage)
  expect(denied.length === ATTEMPTS, 'every attempt is denied')
  expect(isDenyAll, 'each is denied by the built-in profile')
  expect(proven.length === ATTEMPTS, 'each denial is a receipt that verifies')
  expect(executed === 0, 'nothing was executed')
  expect(JSON.stringify(before) === JSON.stringify(after), 'no money moved')
  const [first] = gates
  return {
    outcome: 'denied',
    ...(first === undefined ? {} : factsOf(first)),
    story: [
      `A forecast costs ${formatMoney(FORECAST.amount, ASSET)}. Scout has money behind it and a signed grant, but nobody`,
      `wrote a policy. ${String(ATTEMPTS)} attempts to pay: ${String(denied.length)} denied, ${String(executed)} executed, nothing moved.`,
      `${String(proven.length)} signed denials verify with Surety's public keys alone.`,
    ],
  }
}

export const profileApplied: Step = {
  id: 'profile_applied',
  title: 'The operator applies a policy',
  play: async (stage, expect) => {
    const { client, party } = stage.operator
    const apply = (profile: Profile) =>
      applyProfile(client, party, { profile, justificationCode: 'demo' })
    const profile = demoProfile(stage.provider)
    const applied = await apply(profile)
    const active = await client.call('getProfilesActive')
    expect(active.policyHash === applied.policyHash, 'the applied profile rules')
    expect(applied.active, 'it says so')
    const edited = await refusalOf(apply({ ...profile, name: 'Demo, edited' }))
    expect(edited === 'profile_version_exists', 'a version cannot be edited')
    return {
      outcome: 'applied',
      story: [
        'Only Nimbus may be paid; 20.00 USD at once and 100.00 a day at most; above 5.00 a person',
        'is asked. The policy is named by its hash: editing the same version was refused.',
      ],
    }
  },
}

export const grantAttenuated: Step = {
  id: 'grant_attenuated',
  title: 'Authority is passed on, and only narrows',
  play: async (stage, expect) => {
    const { lead, buyer, rootGrantHash } = stage
    const limit = (max: string) => [{ asset: ASSET, max }]
    const narrower = { perCall: limit('1000'), total: limit('4000'), maxDepth: 1 }
    const grantHash = await delegate(lead, buyer, rootGrantHash, narrower)
    stage.made.buyerGrantHash = grantHash
    const wider = { ...narrower, perCall: limit('5000') }
    const refused = await refusalOf(delegate(lead, buyer, rootGrantHash, wider))
    expect(refused === 'grant_escalates', 'a wider child is refused')
    const found = await buyer.client.call('getGrantsOne', { params: { grantHash } })
    expect(found.state === 'active', 'the narrower child is in force')
    return {
      outcome: 'attenuated',
      reasonCode: refused ?? 'not_refused',
      story: [
        'Acme let Scout spend 80.00 USD. Scout lets Runner spend 40.00 of it, 10.00 at once.',
        'Scout also tried to give 50.00 at once, more than it has itself: refused.',
      ],
    }
  },
}
