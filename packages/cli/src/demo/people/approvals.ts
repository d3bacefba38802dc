/** Asking people: a yes lets one purchase through, a no ends it, and nobody answers themselves. */
import type { Hash } from '@surety/protocol'
import {
  type ActDraft,
  type Approval,
  answerTo,
  applyProfile,
  type Gate,
  httpFingerprint,
  newIdempotencyKey,
} from '@surety/sdk'
import { machine } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { type Actor, give, hire } from '../cast.ts'
import {
  ASSET,
  balances,
  delegate,
  demoProfile,
  fetchPaid,
  prove,
  requestFor,
  type Wish,
} from '../moves.ts'
import type { Stage } from '../stage.ts'
import { decisionVerifies, type Expect, factsOf, refusalOf, type Step, type Told } from '../step.ts'

const REPORT: Wish = { path: '/v1/report', body: '{"city":"Porto"}', amount: '600' }
const PRICE = formatMoney(REPORT.amount, ASSET)

/** What Runner asked, with which key, and what it waits for. */
interface Waiting {
  readonly gate: Gate
  readonly key: string
  readonly approval: Approval
}

/** Authority of its own, so that what people allow counts against nothing else. */
async function reportGrant({ lead, buyer, rootGrantHash, made }: Stage): Promise<Hash> {
  const total = [{ asset: ASSET, max: '3000' }]
  made.reportGrantHash ??= await delegate(lead, buyer, rootGrantHash, { total })
  return made.reportGrantHash
}

/** Runner asks for a report: it costs more than goes without asking. */
async function askForReport(stage: Stage): Promise<Waiting> {
  const { buyer, provider } = stage
  const { jws } = buyer.party.intent({
    requestFingerprint: httpFingerprint(requestFor(stage, REPORT), stage.crypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: true,
    amount: REPORT.amount,
    asset: ASSET,
    payee: provider.principalId,
    rail: 'ledger',
    network: 'internal',
    grantHash: await reportGrant(stage),
  })
  const { gateId } = await buyer.client.call('postGates', { body: { intent: jws } })
  const key = newIdempotencyKey(machine)
  const gate = await buyer.client.call('postGatesAuthorize', {
    params: { gateId },
    idempotencyKey: key,
  })
  return { gate, key, approval: await approvalOf(stage, gateId) }
}

/** What a gate asks of people, as the operator's inbox shows it. */
async function approvalOf(stage: Stage, gateId: string): Promise<Approval> {
  const { client } = stage.operator
  const { items } = await client.call('getApprovals', { query: { gateId, state: 'pending' } })
  const approvalId = items[0]?.approvalId ?? ''
  return client.call('getApprovalsOne', { params: { approvalId } })
}

/** Runner goes on, with the very key it asked with. */
function goOn({ buyer }: Stage, { gate, key }: Waiting): Promise<Gate> {
  const params = { gateId: gate.gateId }
  return buyer.client.call('postGatesAuthorize', { params, idempotencyKey: key })
}

function send(by: Actor, { approvalId }: Approval, act: ActDraft): Promise<Approval> {
  const action = by.party.act(act)
  return by.client.call('postApprovalsAnswers', { params: { approvalId }, body: { action } })
}

const AS_PAYER = { role: 'payer', justificationCode: 'demo' } as const
const AS_REVIEWER = { role: 'reviewer', justificationCode: 'demo' } as const

async function delivered(stage: Stage, gate: Gate): Promise<Gate> {
  const delivery = await fetchPaid(stage, gate, REPORT)
  return prove(stage.buyer, gate, delivery.statement)
}

export const approvalGrantedPaid: Step = {
  id: 'approval_granted_paid',
  title: 'Asked, approved, paid',
  play: playGranted,
}

async function playGranted(stage: Stage, expect: Expect): Promise<Told> {
  const before = await balances(stage)
  const waiting = await askForReport(stage)
  const { approval } = waiting
  const [difference] = approval.showing?.differences ?? []
  expect(waiting.gate.state === 'waiting', 'the gate waits')
  expect(
    difference?.asked === '600' && difference.allowed === '500',
    'it shows what is beyond what',
  )
  const again = await goOn(stage, waiting)
  expect(again.state === 'waiting', 'asking again changes nothing')
  const given = await send(stage.payer, approval, answerTo(approval, 'approve', AS_PAYER))
  expect(given.state === 'approved', 'Acme says yes')
  const params = { gateId: waiting.gate.gateId }
  const status = await stage.buyer.client.call('getGatesApproval', { params })
  expect(status.resume, 'Runner sees that it may go on')
  const gate = await goOn(stage, waiting)
  expect(gate.state === 'authorized' && decisionVerifies(stage, gate), 'it is decided again')
  const settled = await delivered(stage, gate)
  const after = await balances(stage)
  expect(settled.settlement?.status === 'released', 'the money is released')
  expect(BigInt(before.payer) - BigInt(after.payer) === 600n, 'once')
  return {
    outcome: settled.settlement?.status ?? settled.state,
    ...factsOf(settled),
    story: [
      `A report costs ${PRICE}; above 5.00 Acme is asked. Acme signs a yes to exactly this: gate, amount, payee,`,
      'reason. Runner goes on with the same key, everything else is decided again, and Nimbus is paid.',
    ],
  }
}

export const approvalDenied: Step = {
  id: 'approval_denied',
  title: 'Asked, denied',
  play: async (stage, expect) => {
    const before = await balances(stage)
    const waiting = await askForReport(stage)
    const { approval } = waiting
    const given = await send(stage.payer, approval, answerTo(approval, 'deny', AS_PAYER))
    const params = { gateId: waiting.gate.gateId }
    const gate = await stage.buyer.client.call('getGatesOne', { params })
    const late = answerTo(approval, 'approve', AS_PAYER)
    const changed = await refusalOf(send(stage.payer, approval, late))
    const after = await balances(stage)
    expect(given.state === 'denied' && gate.state === 'denied', 'a no ends the gate at once')
    expect(gate.decision?.reasonCode === 'approval_denied', 'for that reason')
    expect(changed === 'approval_not_pending', 'it cannot be turned into a yes')
    expect((await refusalOf(goOn(stage, waiting))) === 'gate_not_declared', 'Runner cannot go on')
    expect(JSON.stringify(before) === JSON.stringify(after), 'no money moved')
    return {
      outcome: 'denied',
      ...factsOf(gate),
      story: [
        'Acme says no, signed as well. The gate ends in that very moment, with a receipt of its own.',
      ],
    }
  },
}

export const selfApprovalRefused: Step = {
  id: 'self_approval_refused',
  title: 'An agent answers itself',
  play: playSelf,
}

async function playSelf(stage: Stage, expect: Expect): Promise<Told> {
  const { buyer, operator } = stage
  const waiting = await askForReport(stage)
  const { approval } = waiting
  const { approvalId } = approval
  const yes = answerTo(approval, 'approve', AS_PAYER)
  const stolen = stage.payer.party.act(yes)
  const call = { params: { approvalId }, body: { action: stolen } }
  const bySelf = await refusalOf(buyer.client.call('postApprovalsAnswers', call))
  const body = {
    principalId: buyer.principalId,
    name: 'more',
    scopes: ['approvals:answer'],
  } as const
  const moreScopes = await refusalOf(operator.client.call('postApiKeys', { body }))
  // A person of straw, whose key is Runner's own.
  const straw = await hire(operator, 'person', 'Straw', { ...machine, crypto: stage.crypto })
  const own = await buyer.client.call('getPrincipalsOne', {
    params: { principalId: buyer.principalId },
  })
  const key = own.keys.find(({ purpose }) => purpose === 'intent')
  await operator.client.call('postPrincipalsKeys', {
    params: { principalId: straw.principalId },
    body: { publicKey: key?.publicKey as never, purpose: 'action' },
  })
  await give(operator, straw, 'reviewer')
  const byStraw = await refusalOf(send(straw, approval, answerTo(approval, 'approve', AS_REVIEWER)))
  const operatorsName = await refusalOf(operator.client.call('postApprovalsAnswers', call))
  const still = await stage.buyer.client.call('getGatesOne', {
    params: { gateId: waiting.gate.gateId },
  })
  expect(bySelf === 'scope_missing', 'software has no way to answer')
  expect(moreScopes === 'scope_not_grantable', 'and is never given one')
  expect(byStraw === 'approver_is_requester', "a person with Runner's key is Runner")
  expect(operatorsName === 'caller_mismatch', 'who brings an answer is who signed it')
  expect(still.state === 'waiting', 'the gate still waits')
  await send(stage.payer, approval, answerTo(approval, 'deny', AS_PAYER))
  return {
    outcome: 'refused',
    ...factsOf(still),
    reasonCode: byStraw ?? 'not_refused',
    story: [
      "Runner tries to say yes itself: with its API key, with a wider one, with Acme's signature, as a person of",
      'straw who holds its key. Refused four times; the gate still waits for somebody else.',
    ],
  }
}

export const approvalSingleUse: Step = {
  id: 'approval_single_use',
  title: 'A yes is good for one purchase',
  play: playSingleUse,
}

async function playSingleUse(stage: Stage, expect: Expect): Promise<Told> {
  const first = await askForReport(stage)
  const second = await askForReport(stage)
  const yes = answerTo(first.approval, 'approve', AS_PAYER)
  const elsewhere = await refusalOf(send(stage.payer, second.approval, yes))
  await send(stage.payer, first.approval, yes)
  const settled = await delivered(stage, await goOn(stage, first))
  const again = await refusalOf(send(stage.payer, first.approval, yes))
  const waits = await goOn(stage, second)
  expect(elsewhere === 'approval_mismatch', 'it does not fit the other gate')
  expect(settled.settlement?.status === 'released', 'it fits its own')
  expect(again === 'approval_not_pending', 'it is used up')
  expect(waits.state === 'waiting', 'the same report, bought again, asks again')
  await send(stage.payer, second.approval, answerTo(second.approval, 'deny', AS_PAYER))
  return {
    outcome: 'consumed',
    ...factsOf(settled),
    reasonCode: elsewhere ?? 'not_refused',
    story: [
      'Two reports at the same price wait. The yes to one is refused for the other, works once, and is used up:',
      'the second purchase needs its own.',
    ],
  }
}

export const quorumTwoOfThree: Step = {
  id: 'quorum_two_of_three',
  title: 'Two of three people',
  play: playQuorum,
}

async function playQuorum(stage: Stage, expect: Expect): Promise<Told> {
  const { operator, provider } = stage
  const host = { ...machine, crypto: stage.crypto }
  const profile = {
    ...demoProfile(provider),
    profileId: 'demo-quorum',
    approvalTiers: [
      { asset: ASSET, above: '500', approvers: 2, role: 'reviewer', raise: 'escalate' as const },
    ],
  }
  const change = { justificationCode: 'demo' }
  await applyProfile(operator.client, operator.party, { ...change, profile })
  const people = []
  for (const name of ['Ines', 'Jon', 'Kim']) {
    const person = await hire(operator, 'person', name, host)
    await give(operator, person, 'reviewer')
    people.push(person)
  }
  const [ines, jon, kim] = people as [Actor, Actor, Actor]
  const waiting = await askForReport(stage)
  const { approval } = waiting
  const yes = answerTo(approval, 'approve', AS_REVIEWER)
  const one = await send(ines, approval, yes)
  const twice = await refusalOf(send(ines, approval, yes))
  const early = await goOn(stage, waiting)
  const two = await send(jon, approval, yes)
  const third = await refusalOf(send(kim, approval, yes))
  const settled = await delivered(stage, await goOn(stage, waiting))
  expect(one.state === 'pending' && one.missing[0]?.approvers === 1, 'one yes is not enough')
  expect(twice === 'approver_already_answered', 'nor is the same one twice')
  expect(early.state === 'waiting', 'so Runner waits')
  expect(two.state === 'approved', 'two are')
  expect(third === 'approval_not_pending', 'a third is not needed')
  expect(settled.settlement?.status === 'released', 'and it is paid')
  await applyProfile(operator.client, operator.party, { ...change, profile: demoProfile(provider) })
  return {
    outcome: '2_of_3',
    ...factsOf(settled),
    story: [
      'Now an operator is asked, and two of three reviewers have to agree, each with a key of their own. One yes',
      'leaves the gate waiting, the same person twice too; the second person lets it through.',
    ],
  }
}
