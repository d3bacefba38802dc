/** Changing a policy without surprises: a candidate watches first, and is asked about the past. */
import { policy } from '@surety/domain'
import { type Hash, hashOf, type Profile } from '@surety/protocol'
import { applyProfile, type Gate } from '@surety/sdk'
import { type Records, recordsOfServer } from '../../commands/policy/replaying/records.ts'
import { replayed, watchedBy } from '../../commands/policy/replaying/run.ts'
import { formatMoney } from '../../terminal/money.ts'
import { ASSET, balances, demoProfile } from '../moves.ts'
import { buyerAsks } from '../purchases.ts'
import { FORECAST } from '../rules.ts'
import type { Stage } from '../stage.ts'
import { decisionVerifies, type Expect, factsOf, type Step, type Told } from '../step.ts'

const CHEAP = { ...FORECAST, amount: '150' }
const CEILING = '200'

/** The ruling policy, but nothing above 2.00 at once. */
function stricter(stage: Stage, mode: Profile['mode']): Profile {
  const limits = { perRequest: [{ asset: ASSET, max: CEILING }] }
  return { ...demoProfile(stage.provider), profileId: 'demo-strict', mode, limits }
}

const NO_SPAN = { since: undefined, until: undefined }

/** Asks about what was recorded so far: all of it, or what the candidate itself saw. */
function replay(stage: Stage, candidate: Profile, of: 'all' | 'watched' | 'ruled') {
  const compiled = policy.compile(candidate, hashOf(candidate, stage.crypto))
  const { policyHash } = compiled
  const all = recordsOfServer(stage.operator.client, NO_SPAN)
  if (of === 'all') return replayed(compiled, all)
  return replayed(compiled, of === 'ruled' ? ruledBy(all, policyHash) : watchedBy(all, policyHash))
}

function ruledBy(records: Records, policyHash: Hash): Records {
  return {
    ...records,
    async *decisions() {
      for await (const read of records.decisions()) {
        if (read.record.decision.policyHash === policyHash) yield read
      }
    },
  }
}

export const shadowModeReports: Step = {
  id: 'shadow_mode_reports',
  title: 'A stricter policy watches first',
  play: playShadow,
}

async function playShadow(stage: Stage, expect: Expect): Promise<Told> {
  const { client, party } = stage.operator
  const before = await balances(stage)
  const ruling = (await client.call('getProfilesActive')).policyHash
  const candidate = stricter(stage, 'shadow')
  const change = { profile: candidate, justificationCode: 'demo' }
  const { policyHash } = await applyProfile(client, party, change)
  const gates: Gate[] = []
  for (const wish of [FORECAST, CHEAP, FORECAST]) gates.push((await buyerAsks(stage, wish)).gate)
  const noted = gates.map(({ decision }) => decision?.shadow?.[0]?.decision)
  const report = await replay(stage, candidate, 'watched')
  const [money] = report.money
  const active = await client.call('getProfilesActive')
  expect(active.policyHash === ruling, 'the old policy still rules')
  expect(
    gates.every(({ state }) => state === 'authorized'),
    'it allows all three',
  )
  expect(noted.join() === 'deny,allow,deny', 'each receipt says what the new one would have done')
  expect(
    gates.every((gate) => decisionVerifies(stage, gate)),
    'and verifies',
  )
  expect(report.ok && report.decisions === 3, 'what was noted can be made again')
  expect(money?.blocked === '500', 'the report adds it up')
  const action = party.endShadow(policyHash, 'demo')
  await client.call('postProfilesShadowEnd', { body: { action } })
  await giveBack(stage, gates)
  const after = await balances(stage)
  expect(JSON.stringify(before) === JSON.stringify(after), 'nothing moved')
  const [first] = gates
  return {
    outcome: 'reported',
    ...(first === undefined ? {} : factsOf(first)),
    amount: money?.blocked ?? '0',
    asset: ASSET,
    story: [
      `A policy with a ceiling of ${formatMoney(CEILING, ASSET)} runs in shadow: it is asked beside the one that rules, and`,
      'nobody hears it. Three purchases are allowed; their receipts say that it would have denied',
      `two, ${formatMoney(money?.blocked ?? '0', ASSET)} in all.`,
    ],
  }
}

async function giveBack(stage: Stage, gates: readonly Gate[]): Promise<void> {
  const { client } = stage.buyer
  await Promise.all(gates.map(({ gateId }) => client.call('postGatesVoid', { params: { gateId } })))
}

export const replayMoneyImpact: Step = {
  id: 'replay_money_impact',
  title: 'What would it have cost, or saved?',
  play: async (stage, expect) => {
    const before = await balances(stage)
    const report = await replay(stage, stricter(stage, 'enforce'), 'all')
    const same = await replay(stage, demoProfile(stage.provider), 'ruled')
    const [money] = report.money
    const { decisions, changed, approvals } = report
    expect(report.ok, 'every decision of this demo is made again, to the byte')
    expect(decisions > 150, 'none is left out')
    expect(changed > 0 && BigInt(money?.blocked ?? '0') > 0n, 'the money it blocks is named')
    expect(approvals.removed > 0, 'and the approvals nobody would have been asked for')
    expect(same.decisions > 50 && same.changed === 0, 'the policy that rules changes nothing')
    const after = await balances(stage)
    expect(JSON.stringify(before) === JSON.stringify(after), 'asking moves no money')
    return {
      outcome: 'replayed',
      amount: money?.blocked ?? '0',
      asset: ASSET,
      story: [
        `All ${String(decisions)} decisions so far were made again from their recorded facts, and the stricter policy`,
        `was asked about each: ${String(changed)} come out otherwise, ${formatMoney(money?.blocked ?? '0', ASSET)} would have been blocked.`,
      ],
    }
  },
}
