import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApprovalRecord, addMs, instantOf, parseAs } from '@surety/protocol'
import fc from 'fast-check'
import { AGENT, frozen, id, PAYEE, PAYER, vectors } from '../fixtures.test.ts'
import { owedUntil, REMINDERS_MAX, REVIEW_WITHIN_MS } from './after-review.ts'
import { type ApprovalCommand, decide, evolve, initial } from './approval.ts'
import { QUESTIONS_MAX } from './questions.ts'
import { isAnswerable, meets, missingOf, requirementsOf } from './quorum.ts'
import type { Approval, Opened } from './state.ts'
import { after, answerCommand, EXPIRES, openedAs, type Said, START, seal } from './story.test.ts'
import { dueAfter, ESCALATIONS_MAX, severityOf } from './urgency.ts'

const refusalOf = (state: Approval, command: ApprovalCommand) => {
  const decided = decide(state, command)
  return decided.ok ? 'ok' : decided.refusal
}

interface Step {
  readonly say?: Said
  readonly do?: 'consume' | 'expire' | 'escalate' | 'reply'
  readonly afterMs?: number
  /** What is changed in the command, member by member. */
  readonly with?: object
}
interface Case {
  readonly name: string
  readonly opened: Partial<Opened>
  readonly steps: readonly Step[]
}

function commandOf(state: Approval, step: Step): ApprovalCommand {
  const at = addMs(START, step.afterMs ?? 0)
  if (step.do === 'consume') return { type: 'consume', by: '0'.repeat(64), at }
  if (step.do === 'expire') return { type: 'expire', at, seal }
  // The question of the story is the first person’s.
  if (step.do === 'reply') return { type: 'reply', questionId: id('opa', 1), text: 'for May', at }
  if (step.do === 'escalate') return { type: 'escalate', at }
  if (state.status === 'none') throw new Error('nothing is asked')
  const command = answerCommand(state, { ...step.say, at })
  const { act, answerer, ...rest } = (step.with ?? {}) as Record<string, object>
  const subject = (act as { approval?: object } | undefined)?.approval
  const approval = { ...command.act.approval, ...subject }
  return {
    ...command,
    ...rest,
    act: { ...command.act, ...act, approval } as never,
    answerer: { ...command.answerer, ...answerer },
  }
}

test('every legal story of the vectors ends where it says', () => {
  const { cases } = vectors<{
    readonly cases: readonly (Case & { readonly states: readonly string[] })[]
  }>('approval/valid/stories.json')
  for (const { name, opened, steps, states } of cases) {
    let state: Exclude<Approval, { status: 'none' }> = openedAs(opened)
    const seen = steps.map((step) => {
      state = after(state, commandOf(state, step))
      return state.status
    })
    assert.deepEqual(seen, states, name)
    if ('record' in state)
      assert.ok(parseAs(ApprovalRecord, structuredClone(state.record)).ok, name)
  }
})

test('every refusal of the vectors is the one they name', () => {
  const { cases } = vectors<{
    readonly cases: readonly (Case & { readonly refusal: string })[]
  }>('approval/refused/answers.json')
  for (const { name, opened, steps, refusal } of cases) {
    let state: Approval = openedAs(opened)
    for (const step of steps.slice(0, -1)) state = after(state, commandOf(state, step))
    const last = steps.at(-1) as Step
    assert.equal(refusalOf(state, commandOf(state, last)), refusal, name)
  }
})

test('what does not exist is not answered', () => {
  const command = answerCommand(openedAs())
  assert.equal(refusalOf(initial, command), 'approval_not_found')
  assert.throws(() => decide(openedAs(), { type: 'open', opened: openedAs() }))
})

/** Three people, three roles and a payer, small quorums: boundaries and repeats collide often. */
const said = fc.record({
  person: fc.integer({ min: 1, max: 4 }),
  action: fc.constantFrom(
    'approve',
    'approve',
    'approve',
    'deny',
    'override_allow',
    'override_deny',
    'request_information',
    'review_override',
  ),
  role: fc.constantFrom('reviewer', 'ops_admin', 'incident_commander', 'payer', 'viewer'),
})
const requirement = fc.record({
  role: fc.constantFrom('reviewer', 'payer', 'ops_admin'),
  approvers: fc.integer({ min: 1, max: 3 }),
})

test('no order of answers approves without its quorum, lets one person count twice, or outgrows it', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(requirement, { selector: ({ role }) => role, minLength: 1, maxLength: 2 }),
      fc.constantFrom('challenge' as const, 'escalation' as const),
      fc.array(said, { maxLength: 12 }),
      (requirements, level, order) => {
        let state: Exclude<Approval, { status: 'none' }> = openedAs({ requirements, level })
        for (const one of order) {
          const command = answerCommand(state, one as Said)
          const decided = decide(frozen(state), frozen(command))
          if (!decided.ok) continue
          state = after(state, command)
        }
        const positive = state.answers.filter(
          ({ action }) => action === 'approve' || action === 'override_allow',
        )
        const people = new Set(positive.map(({ operatorId }) => operatorId))
        assert.equal(people.size, positive.length, 'a person counts once')
        const quorum = requirements.reduce((sum, { approvers }) => sum + approvers, 0)
        assert.ok(positive.length <= quorum + 1, 'the rows never outgrow the quorum')
        if (state.status === 'approved') {
          assert.deepEqual(missingOf(requirements, positive, state.overridden), [])
          const payers = requirements.find(({ role }) => role === 'payer')
          const yes = positive.filter(({ role }) => role === 'payer').length
          if (payers !== undefined)
            assert.ok(yes >= payers.approvers, 'nobody says yes for the payer')
        }
        if (state.overridden) {
          assert.ok(positive.some(({ role }) => role === 'incident_commander'))
        }
      },
    ),
    { numRuns: 2_000 },
  )
})

test('an approval is used once, and never after its expiry', () => {
  const approved = after(openedAs(), answerCommand(openedAs()))
  const by = '0'.repeat(64)
  const consume = { type: 'consume', by, at: instantOf(EXPIRES) } as const
  const consumed = after(approved, consume)
  assert.equal(consumed.status, 'consumed')
  assert.equal(refusalOf(consumed, consume), 'approval_not_pending')
  const late = { ...consume, at: addMs(instantOf(EXPIRES), 1) }
  assert.equal(refusalOf(approved, late), 'approval_expired')
  assert.equal(refusalOf(openedAs(), consume), 'approval_pending')
})

test('a deadline is inclusive: the last moment still answers, the next one denies', () => {
  const last = instantOf(EXPIRES)
  assert.equal(refusalOf(openedAs(), answerCommand(openedAs(), { at: last })), 'ok')
  const next = addMs(last, 1)
  assert.equal(refusalOf(openedAs(), answerCommand(openedAs(), { at: next })), 'approval_expired')
  assert.equal(refusalOf(openedAs(), { type: 'expire', at: last, seal }), 'approval_pending')
  assert.equal(after(openedAs(), { type: 'expire', at: next, seal }).status, 'expired')
})

test('questions are bounded, and keep the wait open', () => {
  let state: Exclude<Approval, { status: 'none' }> = openedAs()
  const ask = answerCommand(state, { action: 'request_information' })
  const command = { ...ask, act: { ...ask.act, justification: 'why?' } }
  for (let asked = 0; asked < QUESTIONS_MAX; asked += 1) state = after(state, command)
  assert.equal(state.status, 'pending')
  assert.equal(refusalOf(state, command), 'approval_answer_unfit')
})

test('a reply stands beside its question, and changes nothing else', () => {
  const asked = after(openedAs(), {
    ...answerCommand(openedAs(), { action: 'request_information' }),
    act: { ...answerCommand(openedAs()).act, action: 'request_information', justification: 'why?' },
  } as ApprovalCommand)
  const replied = after(asked, {
    type: 'reply',
    questionId: asked.questions[0]?.actionId ?? id('opa', 1),
    text: 'for May',
    at: START,
  })
  const { questions, ...rest } = replied
  const { questions: _, ...before } = asked
  assert.deepEqual(rest, before)
  assert.equal(questions[0]?.reply?.text, 'for May')
  assert.equal(questions[0]?.reply?.agentId, AGENT)
})

test('an after-review is asked for seven times, a day apart, and then stays owed in silence', () => {
  const asked = openedAs({ requirements: [{ role: 'reviewer', approvers: 2 }] })
  const override = { action: 'override_allow', role: 'incident_commander' } as const
  let state = after(asked, answerCommand(asked, override))
  state = after(state, { type: 'consume', by: '0'.repeat(64), at: START })
  for (let day = 1; day <= REMINDERS_MAX; day += 1) {
    const due = owedUntil(state)
    assert.equal(due && instantOf(due), addMs(START, day * REVIEW_WITHIN_MS))
    state = after(state, { type: 'escalate', at: addMs(instantOf(due ?? ''), 1) })
  }
  assert.equal(owedUntil(state), null)
  assert.ok('afterReview' in state && state.afterReview === 'owed')
  const at = addMs(START, 30 * REVIEW_WITHIN_MS)
  assert.equal(refusalOf(state, { type: 'escalate', at }), 'approval_not_pending')
})

test('the clock asks louder three times, and then leaves it to the expiry', () => {
  let state: Exclude<Approval, { status: 'none' }> = openedAs()
  assert.equal(refusalOf(state, { type: 'escalate', at: START }), 'approval_pending')
  const severities = []
  for (let late = 0; late < ESCALATIONS_MAX; late += 1) {
    const at = addMs(instantOf(state.dueAt), 1)
    state = after(state, { type: 'escalate', at })
    severities.push(state.severity)
    assert.ok(state.expiresAt !== null && state.dueAt <= state.expiresAt)
  }
  assert.deepEqual(severities, ['high', 'critical', 'critical'])
  const at = addMs(instantOf(state.dueAt), 1)
  assert.equal(refusalOf(state, { type: 'escalate', at }), 'approval_pending')
})

test('a requirement is the most that is asked for of a role, and an escalation asks a third person', () => {
  const ask = (role: string, approvers: number) =>
    ({ type: 'approvals_required', role, approvers }) as const
  assert.deepEqual(requirementsOf([ask('reviewer', 1), ask('reviewer', 2)], 'challenge'), [
    { role: 'reviewer', approvers: 2 },
  ])
  const third = { role: 'reviewer', approvers: 1 }
  const payer = { role: 'payer', approvers: 1 }
  assert.deepEqual(requirementsOf([ask('payer', 1)], 'escalation'), [payer, third])
  assert.deepEqual(requirementsOf([ask('payer', 1)], 'challenge'), [payer])
  assert.deepEqual(requirementsOf([], 'review'), [third])
  assert.ok(!isAnswerable('chef') && !isAnswerable('viewer') && isAnswerable('payer'))
  assert.ok(meets('ops_admin', 'reviewer') && !meets('reviewer', 'ops_admin'))
  assert.ok(!meets('incident_commander', 'payer') && !meets('viewer', 'reviewer'))
})

test('how urgent it is follows from risk, level and share of the limit', () => {
  const of = (riskClass: 'read' | 'financial', level: 'challenge' | 'escalation', amount: bigint) =>
    severityOf({ riskClass, level, amount, limit: 10n })
  assert.equal(of('read', 'challenge', 4n), 'low')
  assert.equal(of('read', 'challenge', 5n), 'medium')
  assert.equal(of('financial', 'challenge', 5n), 'high')
  assert.equal(of('financial', 'escalation', 5n), 'critical')
  const at = '2026-11-20T09:30:00.000Z'
  assert.equal(dueAfter(at, 'high', null), '2026-11-20T09:45:00.000Z')
  assert.equal(dueAfter(at, 'high', '2026-11-20T09:40:00.000Z'), '2026-11-20T09:35:00.000Z')
})

test('a fact out of order is a fault', () => {
  const approved = after(openedAs(), answerCommand(openedAs()))
  const consumed = after(approved, { type: 'consume', by: '0'.repeat(64), at: START })
  const again = { type: 'approvalConsumed', by: '0'.repeat(64) } as const
  assert.throws(() => evolve(consumed, again, START))
  assert.throws(() => evolve(initial, again, START))
  assert.throws(() => evolve(openedAs(), again, START))
})

test('the parties of the story are not those who answer', () => {
  const asked = openedAs()
  for (const principalId of [AGENT, PAYEE, PAYER]) {
    const command = answerCommand({ ...asked, level: 'escalation' })
    const bent = { ...command, answerer: { ...command.answerer, principalId } }
    const refused = refusalOf({ ...asked, level: 'escalation' }, bent)
    assert.match(refused, /^approver_is_(?:requester|party)$/)
  }
})
