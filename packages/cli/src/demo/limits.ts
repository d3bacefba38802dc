/** Limits: too much is denied, much waits for a person, and many at once never overspend. */
import type { Gate } from '@surety/sdk'
import { formatMoney } from '../terminal/money.ts'
import { ASSET, ask, balances, delegate, requestFor, send, type Wish } from './moves.ts'
import { buyerAsks } from './purchases.ts'
import { FORECAST } from './rules.ts'
import type { Stage } from './stage.ts'
import { decisionVerifies, type Expect, factsOf, refusalOf, type Step, type Told } from './step.ts'

const ARCHIVE: Wish = { path: '/v1/archive', body: '{"years":30}', amount: '2500' }
const REPORT: Wish = { path: '/v1/report', body: '{"city":"Lisbon"}', amount: '600' }

export const overLimitDenied: Step = {
  id: 'over_limit_denied',
  title: 'Too much',
  play: async (stage, expect) => {
    const before = await balances(stage)
    const { gate } = await buyerAsks(stage, ARCHIVE)
    const codes = gate.decision?.reasonCodes ?? []
    expect(gate.state === 'denied' && gate.authorization === null, 'it is denied')
    expect(codes.includes('grant_per_call_exceeded'), "for Runner's limit")
    expect(codes.includes('per_request_exceeded'), "and for the policy's")
    expect(decisionVerifies(stage, gate), 'with a receipt')
    const unpaid = await send(requestFor(stage, ARCHIVE), undefined)
    expect(unpaid.status === 402, 'the provider does not work unpaid')
    const after = await balances(stage)
    expect(JSON.stringify(before) === JSON.stringify(after), 'no money moved')
    return {
      outcome: 'denied',
      ...factsOf(gate),
      story: [
        `The archive costs ${formatMoney(ARCHIVE.amount, ASSET)}. Above Runner's grant and above the policy: denied, and the`,
        'receipt names every rule that said no, not only the first.',
      ],
    }
  },
}

export const challengeWaits: Step = {
  id: 'challenge_waits',
  title: 'A person has to be asked',
  play: async (stage, expect) => {
    const before = await balances(stage)
    const { gate } = await buyerAsks(stage, REPORT)
    const { decision } = gate
    expect(gate.state === 'waiting', 'the gate waits')
    expect(decision?.decision === 'challenge', 'it is a challenge')
    expect(decision?.reasonCode === 'approval_challenged', 'for the amount')
    expect(gate.authorization === null, 'nothing is authorized')
    expect(decisionVerifies(stage, gate), 'with a receipt')
    const asked = decision?.obligations.some(({ type }) => type === 'approvals_required')
    expect(asked === true, 'the receipt says who has to approve')
    const after = await balances(stage)
    expect(JSON.stringify(before) === JSON.stringify(after), 'no money is even held')
    return {
      outcome: 'waiting',
      ...factsOf(gate),
      story: [
        `A report for ${formatMoney(REPORT.amount, ASSET)} is within every limit, but above 5.00 Acme has to be asked. The gate`,
        'waits, holds nothing, and expires by itself if nobody answers.',
      ],
    }
  },
}

const CONTENDERS = 64
const CAP = 10

export const budgetRaceNoOverspend: Step = {
  id: 'budget_race_no_overspend',
  title: `${String(CONTENDERS)} at once on a budget for ${String(CAP)}`,
  play: playRace,
}

async function playRace(stage: Stage, expect: Expect): Promise<Told> {
  const { lead, buyer, rootGrantHash } = stage
  const before = await balances(stage)
  const wish: Wish = { ...FORECAST, amount: '50' }
  const total = [{ asset: ASSET, max: String(CAP * 50) }]
  const grantHash = await delegate(lead, buyer, rootGrantHash, { total })
  const raced = await Promise.all(
    Array.from({ length: CONTENDERS }, () => ask(stage, buyer, grantHash, wish)),
  )
  const gates = raced.map(({ gate }) => gate)
  const won = gates.filter(({ state }) => state === 'authorized')
  const lost = gates.filter(({ decision }) => decision?.reasonCode === 'grant_total_exceeded')
  const held = (await balances(stage)).held
  expect(won.length === CAP, `exactly ${String(CAP)} are allowed`)
  expect(lost.length === CONTENDERS - CAP, 'all others are denied for the budget')
  expect(
    gates.every((gate) => decisionVerifies(stage, gate)),
    'each with a receipt',
  )
  expect(BigInt(held) - BigInt(before.held) === BigInt(CAP * 50), 'exactly the budget is held')
  await giveBack(stage, won)
  const after = await balances(stage)
  expect(JSON.stringify(before) === JSON.stringify(after), 'unused, it all goes back')
  const spent = await refusalOf(
    buyer.client.call('postGatesAuthorize', { params: { gateId: won[0]?.gateId ?? '' } }),
  )
  expect(spent === 'gate_not_declared', 'a gate is decided once')
  return {
    outcome: `${String(won.length)}_of_${String(CONTENDERS)}`,
    reasonCode: 'grant_total_exceeded',
    amount: String(CAP * 50),
    asset: ASSET,
    story: [
      `${String(CONTENDERS)} purchases of 0.50 decided at the same moment against ${formatMoney(String(CAP * 50), ASSET)}: ${String(won.length)} allowed, ${String(lost.length)} denied.`,
      'The budget is claimed with the decision. Given back unused, every cent was free again.',
    ],
  }
}

async function giveBack(stage: Stage, gates: readonly Gate[]): Promise<void> {
  const { client } = stage.buyer
  const voids = gates.map(({ gateId }) => client.call('postGatesVoid', { params: { gateId } }))
  await Promise.all(voids)
}
