/**
 * What approvals need in tests: a market whose purchases wait, people who answer, what is asked.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { OperatorRole, Profile } from '@surety/protocol'
import {
  type ActDraft,
  type AnswerDraft,
  type Approval,
  afterReviewOf,
  answerTo,
  newIdempotencyKey,
  ProblemError,
} from '@surety/sdk'
import {
  draftIntent,
  type Gate,
  grantTo,
  host,
  type Market,
  type Member,
  openMarket,
  pass,
  rule,
  type Tenancy,
  type TestHouse,
} from './house.ts'

/** Whose yes is asked for above five dollars, and by how many. */
export function tier(over: Partial<Profile['approvalTiers'][number]> = {}): Partial<Profile> {
  return {
    approvalTiers: [
      {
        asset: 'USD/2',
        above: '500',
        approvers: 1,
        role: 'reviewer',
        raise: 'challenge',
        ...over,
      },
    ],
  }
}

/** A market whose payer is a person who can answer, and whose purchases above 500 wait. */
export async function openAskingMarket(
  house: Tenancy,
  profile: Partial<Profile> = tier(),
): Promise<Market> {
  const market = await openMarket(house, { profile })
  const payer = await house.member(
    'person',
    ['grant', 'action'],
    ['grants:write', 'gates:write', 'approvals:answer', 'read'],
  )
  await fund(house, payer)
  const { grantHash } = await grantTo(payer, market.agent)
  return { ...market, payer, grantHash }
}

async function fund(house: Tenancy, owner: Member): Promise<void> {
  const { party, client } = house.operator
  const reference = newIdempotencyKey(host)
  const { principalId } = owner
  const action = party.deposit(
    { source: 'test-bank', reference, principalId, amount: '100000', asset: 'USD/2' },
    'test-funding',
  )
  await client.call('postDeposits', { body: { action } })
}

/** A gate that was decided on, and the key it was asked with: going on takes the same one. */
export interface Waiting {
  readonly gate: Gate
  readonly key: string
  readonly approval: Approval
}

/** Asks for a purchase and finds out what it waits for. */
export async function ask(house: Tenancy, market: Market, amount = '600', changes: object = {}) {
  const { jws } = draftIntent(market, amount, changes)
  const { client } = market.agent
  const { gateId } = await client.call('postGates', { body: { intent: jws } })
  const key = newIdempotencyKey(host)
  const gate = await client.call('postGatesAuthorize', { params: { gateId }, idempotencyKey: key })
  return { gate, key, approval: await approvalOf(house, gateId) } satisfies Waiting
}

/** The one approval of a gate that is pending, with all that is shown. */
export async function approvalOf(house: Tenancy, gateId: string): Promise<Approval> {
  const query = { gateId, state: 'pending' } as const
  const { items } = await house.operator.client.call('getApprovals', { query })
  assert.equal(items.length, 1, 'exactly one approval is pending')
  const approvalId = items[0]?.approvalId ?? ''
  return house.operator.client.call('getApprovalsOne', { params: { approvalId } })
}

/** Goes on with the same key, as the agent does once it was answered. */
export function resume(market: Market, { gate: { gateId }, key }: Pick<Waiting, 'gate' | 'key'>) {
  return market.agent.client.call('postGatesAuthorize', { params: { gateId }, idempotencyKey: key })
}

type Word = Parameters<typeof answerTo>[1]

/** Signs an answer and sends it. */
export function answer(
  by: Member,
  approval: Approval,
  action: Word = 'approve',
  draft: Partial<AnswerDraft> = {},
): Promise<Approval> {
  const said = { role: 'reviewer', justificationCode: 'test', ...draft } as const
  return send(by, approval, answerTo(approval, action, said))
}

/** Sends an act about an approval, whatever it says. */
export function send(by: Member, { approvalId }: Approval, act: ActDraft): Promise<Approval> {
  const action = by.party.act(act)
  return by.client.call('postApprovalsAnswers', { params: { approvalId }, body: { action } })
}

/** What the agent says to the last question about its gate. */
function reply(market: Market, { gateId, questions }: Approval, text: string) {
  const questionId = questions.at(-1)?.questionId ?? ''
  const call = { params: { gateId }, body: { questionId, text } }
  return market.agent.client.call('postGatesApprovalReplies', call)
}

/** Holds that a call is refused with this code. */
export function refuses(call: Promise<unknown>, code: string): Promise<void> {
  return assert.rejects(call, (fault) => {
    assert.equal(fault instanceof ProblemError ? fault.code : fault, code)
    return true
  })
}

/** People who hold one role. */
export function people(house: Tenancy, count: number, role: OperatorRole = 'reviewer') {
  return Promise.all(Array.from({ length: count }, () => house.person([role])))
}

/** All that may happen to an approval, each at least once. What is in review is there already. */
export async function answerEverything(
  house: TestHouse,
  market: Market,
  settlement: Profile['settlement'],
): Promise<void> {
  const [one, two] = (await people(house, 2)) as [Member, Member]
  const commander = await house.person(['incident_commander'])
  const pending = { query: { level: 'review', state: 'pending' } } as const
  const { items } = await house.operator.client.call('getApprovals', pending)
  for (const held of items) await answer(one, held, 'resolve_refund')
  await rule(house, market, { ...tier({ approvers: 2 }), settlement, approvalWithinMs: 1_000 })
  const overridden = await ask(house, market)
  const justification = 'what is it for?'
  const asked = await answer(one, overridden.approval, 'request_information', { justification })
  await reply(market, asked, 'for the report of May')
  const role = 'incident_commander'
  const allowed = await answer(commander, overridden.approval, 'override_allow', { role })
  const { gateId } = await resume(market, overridden)
  await market.agent.client.call('postGatesVoid', { params: { gateId } })
  await send(two, allowed, afterReviewOf(allowed, 'upheld', { role: 'reviewer', ...SAID }))
  await answer(one, (await ask(house, market)).approval, 'deny')
  await ask(house, market)
  for (const ms of [501, 500]) {
    pass(ms)
    await house.running.tick()
  }
  const owed = await ask(house, market)
  await answer(commander, owed.approval, 'override_allow', { role })
  const { gateId: second } = await resume(market, owed)
  await market.agent.client.call('postGatesVoid', { params: { gateId: second } })
  pass(AFTER_REVIEW_MS)
  await house.running.tick()
}

/** After this the clock reminds of an after-review. */
export const AFTER_REVIEW_MS = 86_400_001

const SAID = { justificationCode: 'test' } as const
