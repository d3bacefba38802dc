/** `surety approvals`: what an operator sees of what waits, and what comes of each answer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import type { Approval } from '@surety/sdk'
import { answer, ask, openAskingMarket, resume, tier } from '../support/approvals.ts'
import {
  execute,
  type Market,
  type Member,
  openHouse,
  pass,
  profileFor,
  prove,
  purchase,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { operatorFile, personFile } from '../support/people/operator-file.ts'
import { problemIn, type Scratch, scratch, start } from './support.ts'

let house: TestHouse
let market: Market
let other: Member
let room: Scratch
before(async () => {
  house = await openHouse()
  market = await openAskingMarket(house, tier({ approvers: 2 }))
  other = await house.person(['reviewer'])
  room = scratch()
  writeFileSync(room.path('olga.json'), operatorFile(house))
  writeFileSync(room.path('other.json'), personFile(house, other))
})
after(async () => {
  room.remove()
  await house.close()
})

const as = (who: string, ...args: readonly string[]) =>
  room.surety('approvals', ...args, '--credentials', room.path(`${who}.json`))
const asOther = ['--credentials', 'other.json']
const olga = (...args: readonly string[]) => as('olga', ...args)
const documentOf = async (...args: readonly string[]) =>
  JSON.parse((await olga(...args, '--json')).out) as Approval

/** Runs it, and gives the code of the problem it ends with. */
async function problemOf(...args: readonly string[]): Promise<readonly [number | null, string]> {
  const ended = await olga(...args, '--json')
  return [ended.code, problemIn(ended).code]
}

const NOBODYS = 'apr_00000000000000000000000000'

test('what waits is listed with what it is worth and what it needs, and filtered', async () => {
  const { approval } = await ask(house, market)
  const { approvalId, gateId } = approval
  const listed = await olga('list')
  assert.equal(listed.code, 0)
  const row = listed.out.split('\n').find((line) => line.startsWith(approvalId)) ?? ''
  assert.match(row, /pending +high +challenge +6\.00 USD +2 reviewer +\d{4}-/)
  const page = JSON.parse((await olga('list', '--gate', gateId, '--json')).out)
  assert.deepEqual(
    page.items.map((each: Approval) => each.approvalId),
    [approvalId],
  )
  for (const filter of [
    ['--severity', 'low'],
    ['--level', 'review'],
    ['--older-than', '1h'],
    ['--state', 'expired'],
    ['--after-review', 'owed', '--state', 'all'],
    ['--tenant', 'ten_00000000000000000000000000'],
  ]) {
    const none = await olga('list', ...filter)
    assert.deepEqual([none.code, none.out], [0, 'nothing waits\n'], filter.join(' '))
  }
  await ask(house, market)
  const first = await olga('list', '--limit', '1')
  const cursor = /more: --cursor (\S+)/.exec(first.out)?.[1]
  const second = await olga('list', '--cursor', cursor ?? '')
  assert.ok(second.out.includes(approvalId) && !first.out.includes(approvalId))
})

test('what is shown says the request, the rule, the money, the authority and what a yes does', async () => {
  const { approval } = await ask(house, market)
  const { approvalId } = approval
  const shown = await olga('show', approvalId)
  assert.equal(shown.code, 0, shown.err)
  for (const line of [
    /^state +pending$/m,
    /^asks +challenge, high$/m,
    /^what +POST https:\/\/api\.example\/v1\/data \(purchase\)$/m,
    /^for +6\.00 USD \(600\)$/m,
    new RegExp(`^to +a service \\(${market.provider.principalId}\\)$`, 'm'),
    new RegExp(`^asked by +a agent \\(${market.agent.principalId}\\)$`, 'm'),
    new RegExp(`^whose money +a person \\(${market.payer.principalId}\\)$`, 'm'),
    /^authority +a person \(prn_\w+\) → a agent \(prn_\w+\)$/m,
    /^still needs +2 reviewer$/m,
    /^answer by +\d{4}-/m,
    /^expires +\d{4}-/m,
    /^a yes +lifts approval_challenged once, for this gate; everything else is decided again$/m,
  ]) {
    assert.match(shown.out, line)
  }
  const because =
    /^because +the profile asks somebody about an amount of this size: 6\.00 USD; without asking 5\.00 USD$/m
  assert.match(shown.out, because)
  assert.match(shown.out, /^available +[\d,]+\.\d\d USD$/m)
  assert.match(shown.out, /^budget +payer, day: [\d,]+\.\d\d USD of 1,000\.00 USD used$/m)
  assert.match(shown.out, /^session +none is known$/m)
  const document = await documentOf('show', approvalId)
  assert.deepEqual(document, approval)
})

test('two people say yes, each as shown; the same person twice is one', async () => {
  const waiting = await ask(house, market)
  const { approvalId } = waiting.approval
  const first = await olga('approve', approvalId, '--reason', 'agreed', '--note', 'as budgeted')
  assert.equal(first.code, 0, first.err)
  assert.match(first.out, /^state +pending$/m)
  assert.match(first.out, /^still needs +1 reviewer$/m)
  assert.match(first.out, /approve as reviewer by prn_\w+: agreed/)
  const again = await olga('approve', approvalId, '--reason', 'agreed')
  assert.equal(again.code, 1)
  assert.match(again.err, /approver_already_answered[^→]+→ let another person answer/s)
  const second = await as('other', 'approve', approvalId, '--reason', 'agreed', '--json')
  assert.equal((JSON.parse(second.out) as Approval).state, 'approved')
  assert.equal((await resume(market, waiting)).state, 'authorized')
  assert.deepEqual(await problemOf('approve', approvalId, '--reason', 'late'), [
    1,
    'approval_not_pending',
  ])
})

test('a no ends the gate at once, and what ended is answered no more', async () => {
  const { approval, gate } = await ask(house, market)
  const { approvalId } = approval
  const denied = await documentOf('deny', approvalId, '--reason', 'unknown-vendor')
  assert.deepEqual(
    [denied.state, denied.answers[0]?.justificationCode],
    ['denied', 'unknown-vendor'],
  )
  const { gateId } = gate
  const read = await house.operator.client.call('getGatesOne', { params: { gateId } })
  assert.equal(read.decision?.reasonCode, 'approval_denied')
  for (const word of ['approve', 'deny'])
    assert.deepEqual(await problemOf(word, approvalId, '--reason', 'x'), [
      1,
      'approval_not_pending',
    ])
  assert.match((await olga('show', approvalId)).out, /^state +denied$/m)
})

test('what expired says so, and is gone from what waits', async () => {
  await rule(house, market, { ...tier(), approvalWithinMs: 1_000 })
  const { approvalId } = (await ask(house, market)).approval
  pass(1_001)
  assert.deepEqual(await problemOf('approve', approvalId, '--reason', 'x'), [1, 'approval_expired'])
  await house.running.tick()
  assert.match((await olga('show', approvalId)).out, /^state +expired$/m)
  assert.ok(!(await olga('list')).out.includes(approvalId))
  await rule(house, market, tier({ approvers: 2 }))
})

test('a question is asked with its words, and shown to who looks next', async () => {
  const { approvalId, gateId } = (await ask(house, market)).approval
  const why = ['--reason', 'unclear'] as const
  assert.deepEqual(await problemOf('request-info', approvalId, ...why), [
    1,
    'approval_answer_unfit',
  ])
  const asked = await olga('request-info', approvalId, ...why, '--note', 'which project?')
  assert.equal(asked.code, 0, asked.err)
  const shown = await as('other', 'show', approvalId)
  assert.match(shown.out, /^\d{4}-\S+ +asked: which project\?$/m)
  assert.match(shown.out, /^state +pending$/m)
  writeFileSync(room.path('agent.json'), personFile(house, market.agent))
  const agent = (...args: readonly string[]) =>
    room.surety('gate', ...args, '--credentials', room.path('agent.json'))
  const waits = await agent('waiting', gateId)
  assert.match(waits.out, /^\d{4}-\S+ +asked: which project\?$/m)
  const said = await agent('reply', gateId, '--note', 'May \u001b[31mreport')
  assert.match(said.out, /^\d{4}-\S+ +replied: May \ufffd\[31mreport$/m)
  const read = await as('other', 'show', approvalId)
  assert.match(read.out, /^\d{4}-\S+ +the agent says: May \ufffd\[31mreport$/m)
  const twice = await agent('reply', gateId, '--note', 'and June', '--json')
  assert.deepEqual([twice.code, problemIn(twice).code], [1, 'question_missing'])
  const stranger = await room.surety('gate', 'reply', gateId, '--note', 'x', '--json', ...asOther)
  assert.equal(stranger.code, 1)
})

test('one commander sets the quorum aside, and another person looks at it after', async () => {
  const { approvalId } = (await ask(house, market)).approval
  const override = ['approve', approvalId, '--override', '--reason', 'outage'] as const
  assert.deepEqual(await problemOf(...override), [1, 'approval_override_forbidden'])
  const allowed = await olga(...override, '--role', 'incident_commander')
  assert.match(allowed.out, /^override +without the quorum; after-review owed, by \d{4}-\S+Z$/m)
  const owed = await olga('list', '--after-review', 'owed', '--state', 'all')
  assert.ok(owed.out.includes(approvalId))
  const found = ['review', approvalId, '--finding', 'upheld', '--reason', 'looked-at'] as const
  assert.deepEqual(await problemOf(...found), [1, 'approver_already_answered'])
  const reviewed = await as('other', ...found, '--json')
  assert.equal((JSON.parse(reviewed.out) as Approval).afterReview, 'upheld')
})

test('money in review goes where it is said, and nowhere if it is not said', async () => {
  await rule(house, market, { settlement: { ...profileFor([]).settlement, mode: 'manual' } })
  const { declareAndAuthorize } = await import('../support/house.ts')
  const gate = await declareAndAuthorize(market, '300')
  await execute(market, gate)
  await prove(market, gate, statement(market, gate))
  const listed = await olga('list', '--level', 'review', '--json')
  const { approvalId } = JSON.parse(listed.out).items[0] as Approval
  const why = ['--reason', 'half-done'] as const
  for (const wrong of [[], ['--release', '--refund'], ['--pay', '1.50']])
    assert.equal((await olga('resolve', approvalId, ...wrong, ...why)).code, 2, wrong.join(' '))
  assert.deepEqual(await problemOf('resolve', approvalId, '--pay', '301', ...why), [
    1,
    'approval_division_invalid',
  ])
  assert.deepEqual(await problemOf('approve', approvalId, ...why), [1, 'approval_answer_unfit'])
  const divided = await olga('resolve', approvalId, '--pay', '100', ...why)
  assert.match(divided.out, /^divided +1\.00 USD released, 2\.00 USD refunded$/m)
  await rule(house, market, tier({ approvers: 2 }))
})

test('what is held back is shown, contested with words, and divided like a review', async () => {
  const { settlement } = profileFor([])
  const holdback = { basisPoints: 2_500, windowMs: 3_600_000 }
  await rule(house, market, { settlement: { ...settlement, holdback } })
  const { gateId } = await purchase(market, '400')
  const gate = (...args: readonly string[]) =>
    room.surety('gate', ...args, '--credentials', 'other.json')
  const held = await gate('show', gateId)
  assert.match(held.out, /^money +1\.00 USD held, 3\.00 USD released$/m)
  assert.match(held.out, /^held back until +\d{4}-/m)
  assert.equal((await gate('contest', gateId)).code, 2)
  const contested = await gate('contest', gateId, '--note', 'it is of last year')
  assert.equal(contested.code, 0, contested.err)
  assert.match(contested.out, new RegExp(`^contested by +${other.principalId}, \\d{4}-`, 'm'))
  const again = await gate('contest', gateId, '--note', 'again', '--json')
  assert.equal(problemIn(again).code, 'holdback_contested')
  const page = JSON.parse((await olga('list', '--gate', gateId, '--json')).out)
  const approvalId = String(page.items[0].approvalId)
  const shown = await olga('show', approvalId)
  for (const line of [
    /^asks +review, /m,
    /^for +1\.00 USD \(100\)$/m,
    /^contested by +a person \(prn_\w+\), \d{4}-/m,
    /^because +it is of last year$/m,
    /^a yes +says where what is held back goes/m,
  ]) {
    assert.match(shown.out, line)
  }
  const divided = await as('other', 'resolve', approvalId, '--pay', '40', '--reason', 'late')
  assert.equal(divided.code, 0, divided.err)
  const split = await gate('show', gateId)
  assert.match(split.out, /^money +3\.40 USD released, 0\.60 USD refunded$/m)
  await rule(house, market, tier({ approvers: 2 }))
})

test('wrong input is named with what helps, and answers nothing', async () => {
  const { approvalId } = (await ask(house, market)).approval
  const why = ['--reason', 'x'] as const
  const refused = [
    [1, 'approval_not_found', 'show', NOBODYS],
    [1, 'approval_not_found', 'approve', NOBODYS, ...why],
    [1, 'role_not_held', 'approve', approvalId, '--role', 'viewer', ...why],
    [1, 'role_not_held', 'approve', approvalId, '--role', 'payer', ...why],
    [1, 'approver_role_insufficient', 'approve', approvalId, '--role', 'oncall', ...why],
    [1, 'approval_answer_unfit', 'resolve', approvalId, '--refund', ...why],
    [1, 'approval_review_not_owed', 'review', approvalId, '--finding', 'upheld', ...why],
    [1, 'cursor_invalid', 'list', '--cursor', 'nonsense'],
    [2, 'usage', 'show', 'gat_00000000000000000000000000'],
    [2, 'usage', 'show'],
    [2, 'usage', 'approve', approvalId],
    [2, 'usage', 'approve', approvalId, '--role', 'king', ...why],
    [2, 'usage', 'review', approvalId, '--finding', 'fine', ...why],
    [2, 'usage', 'list', '--severity', 'huge'],
    [2, 'usage', 'list', '--older-than', 'yesterday'],
    [2, 'usage', 'list', '--limit', 'all'],
    [2, 'usage', 'watch', '--after', 'yesterday'],
  ] as const
  for (const [exit, code, ...args] of refused) {
    assert.deepEqual(await problemOf(...args), [exit, code], args.join(' '))
  }
  const { missing } = await documentOf('show', approvalId)
  assert.deepEqual(missing, [{ role: 'reviewer', approvers: 2 }])
})

test('a watcher is told each fact in a line, and ends when it is interrupted', async () => {
  for (const json of [[], ['--json']]) {
    const credentials = ['--credentials', room.path('olga.json')]
    const { child, ended } = start(['approvals', 'watch', '--after', '0', ...json, ...credentials])
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const [first] = (await once(lines, 'line')) as string[]
    assert.ok(first !== undefined)
    const { approval } = await ask(house, market)
    const seen = new Promise<void>((resolve) => {
      lines.on('line', (line) => line.includes(approval.approvalId) && resolve())
    })
    await seen
    await answer(other, approval, 'deny')
    child.kill('SIGINT')
    const { signal, code, out, err } = await ended
    assert.ok(signal === 'SIGINT' || code === 130, `${String(signal)} ${String(code)} ${err}`)
    assert.equal(err, '')
    if (json.length === 0) {
      assert.match(out, /^\S+Z {2}approvalOpened {2}apr_\w+ {2}high {2}pending {2}6\.00 USD$/m)
    }
  }
})

test('a watcher whose key is refused ends, and so does one that connects once', async () => {
  const file = JSON.parse(operatorFile(house)) as { apiKey: string; url: string }
  const bent = file.apiKey.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  writeFileSync(room.path('bent.json'), JSON.stringify({ ...file, apiKey: bent }))
  const refused = await as('bent', 'watch', '--json')
  assert.deepEqual([refused.code, problemIn(refused).code], [1, 'credentials_invalid'])
  writeFileSync(room.path('away.json'), JSON.stringify({ ...file, url: 'http://127.0.0.1:9' }))
  const away = await as('away', 'watch', '--once', '--json')
  assert.deepEqual([away.code, problemIn(away).code], [3, 'unreachable'])
})
