/** What waits for a person: who may answer, what it lifts, and what follows. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { fromBase64url, hashOf, type Jwks, mintId, verifySigned } from '@surety/protocol'
import { afterReviewOf, answerTo } from '@surety/sdk'
import { fsck, nodeCrypto } from '@surety/server'
import {
  AFTER_REVIEW_MS,
  answer,
  approvalOf,
  ask,
  openAskingMarket,
  people,
  refuses,
  resume,
  send,
  tier,
} from '../support/approvals.ts'
import { ensureBooks } from '../support/books.ts'
import {
  apiKeyFor,
  balanceOf,
  clientOf,
  execute,
  type Gate,
  host,
  type Market,
  type Member,
  openHouse,
  pass,
  profileFor,
  prove,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
let reviewer: Member
before(async () => {
  house = await openHouse()
  market = await openAskingMarket(house)
  reviewer = await house.person(['reviewer'])
})
after(async () => {
  ensureBooks(house.directory)
  const report = await fsck(house.directory)
  assert.ok(report.ok, JSON.stringify(report))
  await house.close()
})

const ruled = (changes: Parameters<typeof rule>[2]) => rule(house, market, changes)
const readGate = (gateId: string) =>
  house.operator.client.call('getGatesOne', { params: { gateId } })
const readApproval = (approvalId: string) =>
  house.operator.client.call('getApprovalsOne', { params: { approvalId } })

/** Exports the bundle of a gate and verifies it with the public keys alone. */
async function verified(gateId: string): Promise<readonly string[]> {
  const exported = await house.operator.client.call('getGatesBundle', { params: { gateId } })
  const files = new Map(
    exported.files.map(({ path, content }) => [path, fromBase64url(content) as Uint8Array]),
  )
  const jwks = await house.operator.client.call('getWellKnownJwksJson')
  const report = bundle.verify(files, jwks as Jwks, nodeCrypto)
  assert.ok(report.ok, JSON.stringify(report.checks.filter(({ result }) => result === 'failed')))
  return [...files.keys()]
}

async function settled(gate: Gate): Promise<Gate> {
  await execute(market, gate)
  return prove(market, gate, statement(market, gate))
}

test('challenged, approved, gone on with the same key, executed and settled (approval)', async () => {
  const waiting = await ask(house, market)
  assert.deepEqual([waiting.gate.state, waiting.gate.decision?.decision], ['waiting', 'challenge'])
  const paid = await balanceOf(house, market.provider)
  const early = await resume(market, waiting)
  assert.equal(early.state, 'waiting')
  await refuses(resume(market, { ...waiting, key: 'another-key-1' }), 'approval_pending')
  const approved = await answer(reviewer, waiting.approval)
  assert.equal(approved.state, 'approved')
  const { gateId } = waiting.gate
  const status = await market.agent.client.call('getGatesApproval', { params: { gateId } })
  assert.deepEqual([status.state, status.resume, status.gateState], ['approved', true, 'waiting'])
  const gate = await resume(market, waiting)
  assert.deepEqual([gate.state, gate.decision?.seq], ['authorized', 2])
  const again = await resume(market, waiting)
  assert.deepEqual(again, gate)
  const done = await settled(gate)
  assert.equal(done.settlement?.status, 'released')
  assert.equal(BigInt(await balanceOf(house, market.provider)) - BigInt(paid), 600n)
  const read = await readApproval(waiting.approval.approvalId)
  assert.equal(read.state, 'consumed')
  // However often it was asked for, one approval was opened.
  const { items } = await house.operator.client.call('getApprovals', { query: { gateId } })
  assert.deepEqual(
    items.map(({ approvalId }) => approvalId),
    [waiting.approval.approvalId],
  )
  const record = read.receipts?.find(({ type }) => type === 'ApprovalRecord.v1')
  const keys = (kid: string) => house.running.app.signer.key(kid)
  assert.ok(verifySigned(['ApprovalRecord.v1'], record?.jws ?? '', keys, nodeCrypto).ok)
  const files = await verified(gateId)
  assert.ok(files.some((path) => path.startsWith('signed/action-')))
})

test('what is asked shows the request, the rule, the money, the chain and what a yes allows', async () => {
  const { approval, gate } = await ask(house, market)
  const { showing } = approval
  assert.deepEqual(showing?.request, gate.intent.requestFingerprint)
  const [difference] = showing?.differences ?? []
  assert.deepEqual(
    [difference?.reasonCode, difference?.asked, difference?.allowed],
    ['approval_challenged', '600', '500'],
  )
  const ofDay = showing?.money.budgets.find(({ whose }) => whose === 'payer')
  assert.deepEqual([ofDay?.period, ofDay?.limit], ['day', '100000'])
  assert.deepEqual([showing?.money.amount, showing?.money.perRequest], ['600', '1000'])
  assert.equal(showing?.grantChain[0]?.granteeId, market.agent.principalId)
  assert.match(showing?.approving ?? '', /approval_challenged once/)
  assert.deepEqual(approval.requirements, [{ role: 'reviewer', approvers: 1 }])
  // Nothing is known of a session in this version, and that is what is shown.
  assert.deepEqual([showing?.riskClass, showing?.session], ['financial', null])
  const { gateId } = gate
  const events = await market.agent.client.call('getGatesEvents', { params: { gateId } })
  const decided = events.find(({ type }) => type === 'decisionRecorded')?.data.decision
  assert.equal(approval.decisionHash, hashOf(decided, nodeCrypto))
})

test('a denial ends the gate at once, with its own decision and reason (approval)', async () => {
  const waiting = await ask(house, market)
  const denied = await answer(reviewer, waiting.approval, 'deny')
  assert.equal(denied.state, 'denied')
  const gate = await readGate(waiting.gate.gateId)
  assert.deepEqual(
    [gate.state, gate.decision?.decision, gate.decision?.reasonCode],
    ['denied', 'deny', 'approval_denied'],
  )
  await refuses(resume(market, waiting), 'gate_not_declared')
  await refuses(answer(reviewer, waiting.approval), 'approval_not_pending')
  await verified(waiting.gate.gateId)
})

test('expiry denies: nobody answers afterwards, and the gate ends with it (approval)', async () => {
  await ruled({ ...tier(), approvalWithinMs: 1_000 })
  const waiting = await ask(house, market)
  const given = await ask(house, market)
  await answer(reviewer, given.approval)
  pass(1_001)
  await refuses(answer(reviewer, waiting.approval), 'approval_expired')
  await refuses(resume(market, given), 'approval_expired')
  await house.running.tick()
  for (const { gate, approval } of [waiting, given]) {
    assert.equal((await readGate(gate.gateId)).state, 'expired')
    assert.equal((await readApproval(approval.approvalId)).state, 'expired')
  }
  await refuses(resume(market, waiting), 'approval_expired')
  await ruled(tier())
})

test('the requester never answers, nor what shares its key or its API key (approval)', async () => {
  const { approval } = await ask(house, market)
  const { agent } = market
  const { party } = reviewer
  const act = party.act(answerTo(approval, 'approve', { role: 'reviewer', justificationCode: 'x' }))
  const { approvalId } = approval
  const call = { params: { approvalId }, body: { action: act } }
  await refuses(agent.client.call('postApprovalsAnswers', call), 'scope_missing')
  await refuses(
    apiKeyFor(house.operator, agent.principalId, ['approvals:answer']),
    'scope_not_grantable',
  )
  // A name in the body counts for nothing: the caller is who signed, or there is no answer.
  const other = await house.person(['reviewer'])
  await refuses(other.client.call('postApprovalsAnswers', call), 'caller_mismatch')
  const twin = await house.person(['reviewer'])
  const key = agent.keys?.find(({ purpose }) => purpose === 'intent')
  assert.ok(key !== undefined)
  const { publicKey, kid } = key
  const why = { role: 'reviewer', justificationCode: 'x' } as const
  const added = twin.party.addKey({ kid, purpose: 'action' }, why)
  await twin.client.call('postPrincipalsKeys', {
    params: { principalId: twin.principalId },
    body: { publicKey, purpose: 'action', action: added },
  })
  await refuses(answer(twin, approval), 'approver_is_requester')
  assert.equal((await answer(reviewer, approval)).state, 'approved')
})

test('who is paid never answers, and who pays only where the payer is asked (approval)', async () => {
  const asked = await ask(house, market)
  await refuses(
    answer(market.payer, asked.approval, 'approve', { role: 'payer' }),
    'approver_role_insufficient',
  )
  await ruled(tier({ role: 'payer' }))
  const ofPayer = await ask(house, market)
  await refuses(answer(reviewer, ofPayer.approval), 'approver_role_insufficient')
  await refuses(answer(reviewer, ofPayer.approval, 'approve', { role: 'payer' }), 'role_not_held')
  const given = await answer(market.payer, ofPayer.approval, 'approve', { role: 'payer' })
  assert.equal(given.state, 'approved')
  assert.equal((await resume(market, ofPayer)).state, 'authorized')
  await ruled(tier())
})

test('a challenge-level answer does nothing to an escalation (approval)', async () => {
  await ruled(tier({ role: 'payer', raise: 'escalate' }))
  const waiting = await ask(house, market)
  assert.equal(waiting.approval.level, 'escalation')
  const act = answerTo(waiting.approval, 'approve', { role: 'reviewer', justificationCode: 'x' })
  assert.ok('approval' in act)
  const lowered = { ...act, approval: { ...act.approval, level: 'challenge' as const } }
  await refuses(send(reviewer, waiting.approval, lowered), 'approval_level_mismatch')
  const byPayer = await answer(market.payer, waiting.approval, 'approve', { role: 'payer' })
  assert.equal(byPayer.state, 'pending')
  assert.deepEqual(byPayer.missing, [{ role: 'reviewer', approvers: 1 }])
  assert.equal((await answer(reviewer, waiting.approval)).state, 'approved')
  await ruled(tier())
})

test('an answer fits one approval: not another gate, amount, payee or reason (binding)', async () => {
  const one = await ask(house, market)
  const two = await ask(house, market, '700')
  const act = answerTo(one.approval, 'approve', { role: 'reviewer', justificationCode: 'x' })
  assert.ok('approval' in act)
  await refuses(send(reviewer, two.approval, act), 'approval_mismatch')
  const changes = [
    { amount: '599' },
    { asset: 'EUR/2' },
    { payee: market.agent.principalId },
    { gateId: two.approval.gateId as `gat_${string}` },
    { decisionHash: two.approval.decisionHash },
    { grantHash: '0'.repeat(64) },
    { reasonCodes: ['approval_challenged', 'per_request_exceeded'] },
  ]
  for (const change of changes) {
    const bent = { ...act, approval: { ...act.approval, ...change } }
    await refuses(send(reviewer, one.approval, bent), 'approval_mismatch')
  }
  assert.equal((await send(reviewer, one.approval, act)).state, 'approved')
})

test('a yes is used once: the next purchase asks again (approval)', async () => {
  const first = await ask(house, market)
  await answer(reviewer, first.approval)
  await settled(await resume(market, first))
  const second = await ask(house, market)
  assert.equal(second.gate.state, 'waiting')
  assert.notEqual(second.approval.approvalId, first.approval.approvalId)
  await refuses(answer(reviewer, first.approval), 'approval_not_pending')
})

test('a yes lifts what it names and no more: a new violation is a new challenge (approval)', async () => {
  const waiting = await ask(house, market)
  await answer(reviewer, waiting.approval)
  await ruled({
    ...tier(),
    risk: [{ riskClass: 'financial', outcome: 'challenge', approvers: 1, role: 'reviewer' }],
  })
  const again = await resume(market, waiting)
  assert.equal(again.state, 'waiting')
  assert.deepEqual(again.decision?.reasonCodes, ['risk_class_challenged', 'approval_challenged'])
  const second = await approvalOf(house, waiting.gate.gateId)
  assert.notEqual(second.approvalId, waiting.approval.approvalId)
  assert.equal((await readApproval(waiting.approval.approvalId)).state, 'consumed')
  await answer(reviewer, second)
  const gate = await resume(market, waiting)
  assert.deepEqual([gate.state, gate.decision?.seq], ['authorized', 3])
  await settled(gate)
  await verified(gate.gateId)
  await ruled(tier())
})

test('what nobody may lift stays: after a yes everything else is decided again (approval)', async () => {
  const waiting = await ask(house, market)
  await answer(reviewer, waiting.approval)
  await ruled({ ...tier(), limits: { perRequest: [{ asset: 'USD/2', max: '599' }] } })
  const gate = await resume(market, waiting)
  assert.deepEqual([gate.state, gate.decision?.reasonCode], ['denied', 'per_request_exceeded'])
  assert.equal((await readApproval(waiting.approval.approvalId)).state, 'consumed')
  await ruled(tier())
})

test('a quorum needs distinct people with distinct keys, each in the role (approval)', async () => {
  await ruled(tier({ approvers: 2 }))
  const [one, two] = (await people(house, 2)) as [Member, Member]
  const waiting = await ask(house, market)
  const first = await answer(one, waiting.approval)
  assert.deepEqual([first.state, first.missing], ['pending', [{ role: 'reviewer', approvers: 1 }]])
  await refuses(answer(one, waiting.approval), 'approver_already_answered')
  await refuses(answer(two, waiting.approval, 'approve', { role: 'oncall' }), 'role_not_held')
  assert.equal((await resume(market, waiting)).state, 'waiting')
  const second = await answer(two, waiting.approval)
  assert.equal(second.state, 'approved')
  const gate = await resume(market, waiting)
  assert.equal(gate.state, 'authorized')
  await settled(gate)
  await verified(gate.gateId)
  await ruled(tier())
})

test('one commander overrides a quorum, and owes a second person’s look at it', async () => {
  await ruled(tier({ approvers: 2, raise: 'escalate' }))
  const commander = await house.person(['incident_commander'])
  const waiting = await ask(house, market)
  await refuses(answer(reviewer, waiting.approval, 'override_allow'), 'approval_override_forbidden')
  const allowed = await answer(commander, waiting.approval, 'override_allow', {
    role: 'incident_commander',
  })
  assert.deepEqual(
    [allowed.state, allowed.overridden, allowed.afterReview],
    ['approved', true, 'owed'],
  )
  const gate = await resume(market, waiting)
  assert.equal(gate.state, 'authorized')
  const { items } = await house.operator.client.call('getApprovals', {
    query: { afterReview: 'owed' },
  })
  assert.ok(items.some(({ approvalId }) => approvalId === allowed.approvalId))
  const said = { role: 'incident_commander', justificationCode: 'x' } as const
  const own = afterReviewOf(allowed, 'upheld', said)
  await refuses(send(commander, allowed, own), 'approver_already_answered')
  const found = { role: 'reviewer', justificationCode: 'looked-at' } as const
  const reviewed = await send(reviewer, allowed, afterReviewOf(allowed, 'contested', found))
  assert.equal(reviewed.afterReview, 'contested')
  await refuses(
    send(reviewer, allowed, afterReviewOf(allowed, 'upheld', found)),
    'approval_review_not_owed',
  )
  await settled(gate)
  await verified(gate.gateId)
  await ruled(tier())
})

test('a yes that was not used yet is taken back by who administers', async () => {
  const admin = await house.person(['ops_admin'])
  const waiting = await ask(house, market)
  await answer(reviewer, waiting.approval)
  const back = await answer(admin, waiting.approval, 'override_deny', { role: 'ops_admin' })
  assert.equal(back.state, 'denied')
  assert.equal((await readGate(waiting.gate.gateId)).state, 'denied')
  await verified(waiting.gate.gateId)
})

test('a question keeps the wait open, and the agent sees it', async () => {
  const waiting = await ask(house, market)
  await refuses(answer(reviewer, waiting.approval, 'request_information'), 'approval_answer_unfit')
  const asked = await answer(reviewer, waiting.approval, 'request_information', {
    justification: 'what is this for?',
  })
  assert.equal(asked.state, 'pending')
  const { gateId } = waiting.gate
  const status = await market.agent.client.call('getGatesApproval', { params: { gateId } })
  assert.equal(status.questions[0]?.text, 'what is this for?')
  assert.equal((await answer(reviewer, waiting.approval)).state, 'approved')
})

test('what the agent says to a question is shown to people, and is no answer (approval)', async () => {
  const waiting = await ask(house, market)
  const { gateId } = waiting.gate
  const replying = (by: Member, questionId: string, text = 'for May') =>
    by.client.call('postGatesApprovalReplies', { params: { gateId }, body: { questionId, text } })
  const nobodys = mintId('opa', host.now(), 7n)
  await refuses(replying(market.agent, nobodys), 'approval_answer_unfit')
  const justification = 'what is this for?'
  const asked = await answer(reviewer, waiting.approval, 'request_information', { justification })
  const questionId = asked.questions[0]?.questionId ?? ''
  // Nobody else says it for the agent: not who pays, not an operator; nor does it say a book.
  await refuses(replying(market.payer, questionId), 'gate_not_found')
  await refuses(replying(reviewer, questionId), 'gate_not_found')
  await refuses(replying(market.agent, questionId, 'x'.repeat(2_001)), 'schema_mismatch')
  await refuses(replying(market.agent, questionId, ''), 'schema_mismatch')
  const hostile = '=cmd()\u202e approved by Olga'
  const seen = await replying(market.agent, questionId, hostile)
  assert.deepEqual([seen.state, seen.resume], ['pending', false])
  await refuses(replying(market.agent, questionId), 'approval_answer_unfit')
  const shown = await readApproval(waiting.approval.approvalId)
  const [question] = shown.questions
  assert.deepEqual(
    [question?.reply?.text, question?.reply?.agentId],
    [hostile, market.agent.principalId],
  )
  assert.deepEqual([shown.state, shown.answers, shown.missing.length], ['pending', [], 1])
  assert.equal((await resume(market, waiting)).state, 'waiting')
  await answer(reviewer, waiting.approval)
  const gate = await resume(market, waiting)
  assert.equal(gate.state, 'authorized')
  await refuses(replying(market.agent, questionId), 'approval_not_pending')
  await settled(gate)
  await verified(gateId)
})

test('what is in review ends by a person: released, refunded or split (approval)', async () => {
  const manual = { ...profileFor([]).settlement, mode: 'manual' as const }
  await ruled({ ...tier(), settlement: manual })
  const held = async () => {
    const { declareAndAuthorize } = await import('../support/house.ts')
    const gate = await declareAndAuthorize(market, '300')
    const review = await settled(gate)
    assert.deepEqual([review.state, review.settlement?.held], ['review', '300'])
    return { review, approval: await approvalOf(house, gate.gateId) }
  }
  const { splitOf } = await import('@surety/sdk')
  const said = { role: 'reviewer', justificationCode: 'x' } as const
  const ends = [
    { act: 'resolve_release' as const, parts: ['released', '300', '0'] },
    { act: 'resolve_refund' as const, parts: ['refunded', '0', '300'] },
  ]
  for (const { act, parts } of ends) {
    const { review, approval } = await held()
    await refuses(answer(reviewer, approval), 'approval_answer_unfit')
    await refuses(answer(market.payer, approval, act, { role: 'payer' }), 'approver_is_party')
    assert.equal((await answer(reviewer, approval, act)).state, 'consumed')
    const { settlement } = await readGate(review.gateId)
    assert.deepEqual([settlement?.status, settlement?.released, settlement?.refunded], parts)
    await verified(review.gateId)
  }
  const { review, approval } = await held()
  const wrong = splitOf(approval, { released: '100', refunded: '100' }, said)
  await refuses(send(reviewer, approval, wrong), 'approval_division_invalid')
  const paid = BigInt(await balanceOf(house, market.provider))
  await send(reviewer, approval, splitOf(approval, { released: '100', refunded: '200' }, said))
  assert.equal((await readGate(review.gateId)).settlement?.status, 'split')
  assert.equal(BigInt(await balanceOf(house, market.provider)) - paid, 100n)
  await verified(review.gateId)
  await ruled(tier())
})

test('an answer that is late is asked for louder, and never given by the clock', async () => {
  await ruled({ ...tier(), approvalWithinMs: 800_000 })
  const { approval, gate } = await ask(house, market)
  assert.equal(approval.severity, 'high')
  // The intent lives ten minutes: an answer is due halfway.
  pass(300_001)
  await house.running.tick()
  const late = await readApproval(approval.approvalId)
  assert.deepEqual([late.state, late.severity, late.escalations], ['pending', 'critical', 1])
  assert.ok(late.dueAt > approval.dueAt)
  assert.equal((await readGate(gate.gateId)).state, 'waiting')
  await ruled(tier())
})

test('the inbox is narrowed by tenant, severity, level, state and age, page by page', async () => {
  const { client } = house.operator
  for (let asked = 0; asked < 3; asked += 1) await ask(house, market)
  const all = await client.call('getApprovals', { query: { state: 'pending', limit: '200' } })
  assert.ok(all.items.length >= 3)
  const walked: string[] = []
  for (let cursor: string | undefined; ; ) {
    const query = {
      state: 'pending',
      limit: '2',
      ...(cursor === undefined ? {} : { cursor }),
    } as const
    const page = await client.call('getApprovals', { query })
    walked.push(...page.items.map(({ approvalId }) => approvalId))
    if (page.next === null) break
    cursor = page.next
  }
  assert.deepEqual(
    walked,
    all.items.map(({ approvalId }) => approvalId),
  )
  const [newest] = all.items
  const narrow = async (query: object) =>
    (await client.call('getApprovals', { query: { state: 'pending', ...query } as never })).items
  for (const { severity } of await narrow({ severity: 'critical' }))
    assert.equal(severity, 'critical')
  assert.deepEqual(await narrow({ tenantId: 'ten_01m7xsscxzfj4abmj4jqchh392' }), [])
  assert.equal((await narrow({ tenantId: house.founded.tenantId })).length, all.items.length)
  const older = await narrow({ openedBefore: newest?.openedAt ?? '' })
  assert.equal(older.length, all.items.length)
  assert.ok((await narrow({ openedAfter: newest?.openedAt ?? '' })).length < older.length)
  const others = await market.provider.client.call('getApprovals', { query: {} })
  assert.deepEqual(others.items, [])
  const mine = await market.payer.client.call('getApprovals', { query: {} })
  assert.ok(mine.items.length > 0)
  const provider = clientOf(house.running.url, market.provider.apiKey)
  const approvalId = newest?.approvalId ?? ''
  await refuses(provider.call('getApprovalsOne', { params: { approvalId } }), 'approval_not_found')
})

// The last of this file: two days pass in it, and grants end.
test('an after-review that nobody makes is asked for again, and found in the inbox', async () => {
  await ruled(tier({ approvers: 2 }))
  const commander = await house.person(['incident_commander'])
  const waiting = await ask(house, market)
  const role = 'incident_commander'
  const allowed = await answer(commander, waiting.approval, 'override_allow', { role })
  await settled(await resume(market, waiting))
  const { approvalId } = waiting.approval
  const due = allowed.reviewDueAt ?? ''
  assert.equal(Date.parse(due) - Date.parse(allowed.endedAt ?? ''), AFTER_REVIEW_MS - 1)
  pass(AFTER_REVIEW_MS)
  await house.running.tick()
  const told = readFileSync(join(house.directory, 'notices.jsonl'), 'utf8').split('\n')
  const reminded = told.filter((line) => line.includes('approval.review_overdue'))
  assert.equal(reminded.length, 1)
  assert.match(reminded[0] ?? '', new RegExp(approvalId))
  const late = await readApproval(approvalId)
  assert.ok((late.reviewDueAt ?? '') > due)
  const query = { afterReview: 'owed' } as const
  const { items } = await house.operator.client.call('getApprovals', { query })
  assert.ok(items.some((each) => each.approvalId === approvalId))
  const found = { role: 'reviewer', justificationCode: 'looked-at' } as const
  const done = await send(reviewer, allowed, afterReviewOf(allowed, 'upheld', found))
  assert.deepEqual([done.afterReview, done.reviewDueAt], ['upheld', null])
  pass(AFTER_REVIEW_MS)
  await house.running.tick()
  const after = readFileSync(join(house.directory, 'notices.jsonl'), 'utf8')
  assert.equal(after.split('approval.review_overdue').length - 1, 1)
})
