/** Many answers at once, an answer against the clock, and a house that dies after an answer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fsck } from '@surety/server'
import { answer, ask, openAskingMarket, people, resume, tier } from '../support/approvals.ts'
import { countEvents, ensureBooks } from '../support/books.ts'
import {
  type Market,
  type Member,
  openHouse,
  pass,
  rule,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
let crowd: readonly Member[]
before(async () => {
  house = await openHouse()
  market = await openAskingMarket(house)
  crowd = await people(house, 12)
})
after(async () => {
  ensureBooks(house.directory)
  const report = await fsck(house.directory)
  assert.ok(report.ok, JSON.stringify(report))
  await house.close()
})

const outcomes = async (calls: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).map((one) =>
    one.status === 'fulfilled' ? 'taken' : String((one.reason as { code?: string }).code),
  )
const approvalNow = (approvalId: string) =>
  house.operator.client.call('getApprovalsOne', { params: { approvalId } })

test('of a yes and a no at once one counts, and the gate says which (once)', async () => {
  for (let round = 0; round < 8; round += 1) {
    const waiting = await ask(house, market)
    const [one, two] = crowd as [Member, Member]
    const said = await outcomes([
      answer(one, waiting.approval, 'approve'),
      answer(two, waiting.approval, 'deny'),
    ])
    assert.deepEqual(said.toSorted(), ['approval_not_pending', 'taken'])
    const { state } = await approvalNow(waiting.approval.approvalId)
    const { gateId } = waiting.gate
    const gate = await market.agent.client.call('getGatesOne', { params: { gateId } })
    assert.deepEqual(
      [state, gate.state],
      said[0] === 'taken' ? ['approved', 'waiting'] : ['denied', 'denied'],
    )
  }
})

test('of 50 answers at once exactly the quorum is taken (approval)', async () => {
  await rule(house, market, tier({ approvers: 3 }))
  const waiting = await ask(house, market)
  const said = await outcomes(
    Array.from({ length: 50 }, (_, i) =>
      answer(crowd[i % crowd.length] as Member, waiting.approval, 'approve'),
    ),
  )
  assert.equal(said.filter((one) => one === 'taken').length, 3)
  const refused = new Set(said.filter((one) => one !== 'taken'))
  assert.ok(
    [...refused].every((code) => /^appro/.test(code)),
    [...refused].join(),
  )
  const { state, answers } = await approvalNow(waiting.approval.approvalId)
  assert.equal(state, 'approved')
  assert.equal(new Set(answers.map(({ operatorId }) => operatorId)).size, 3)
  await rule(house, market, tier())
})

test('of 32 resumptions at once one decides, and one hold is made (once)', async () => {
  const waiting = await ask(house, market)
  await answer(crowd[0] as Member, waiting.approval)
  const before = countEvents(house.directory, 'gateAuthorized')
  const said = await outcomes(
    Array.from({ length: 32 }, (_, i) =>
      resume(market, { ...waiting, key: `another-key-${String(i)}` }),
    ),
  )
  assert.equal(said.filter((one) => one === 'taken').length, 1)
  assert.equal(countEvents(house.directory, 'gateAuthorized') - before, 1)
})

test('an answer against the expiry: one of them, never both (approval)', async () => {
  await rule(house, market, { ...tier(), approvalWithinMs: 1_000 })
  for (let round = 0; round < 6; round += 1) {
    const waiting = await ask(house, market)
    pass(round < 3 ? 990 : 1_001)
    const [said] = await outcomes([
      answer(crowd[0] as Member, waiting.approval),
      house.running.tick(),
    ])
    pass(1_001)
    await house.running.tick()
    const { state } = await approvalNow(waiting.approval.approvalId)
    const { gateId } = waiting.gate
    const gate = await market.agent.client.call('getGatesOne', { params: { gateId } })
    // Answered in time and never used, or too late: both end with the gate, and nothing is open.
    assert.deepEqual([state, gate.state], ['expired', 'expired'], said)
  }
  await rule(house, market, tier())
})

test('an answer that was told is there after the house dies, and lifts once (approval)', async () => {
  const waiting = await ask(house, market)
  await answer(crowd[0] as Member, waiting.approval)
  house = await house.restart()
  const { state } = await approvalNow(waiting.approval.approvalId)
  assert.equal(state, 'approved')
  const url = house.running.url
  const { clientOf } = await import('../support/house.ts')
  const client = clientOf(url, market.agent.apiKey)
  const params = { gateId: waiting.gate.gateId }
  const call = { params, idempotencyKey: waiting.key }
  const gate = await client.call('postGatesAuthorize', call)
  assert.equal(gate.state, 'authorized')
  assert.deepEqual(await client.call('postGatesAuthorize', call), gate)
})
