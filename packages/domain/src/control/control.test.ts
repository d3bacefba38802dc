import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EmergencyControlEvent, type OperatorRole, parseAs } from '@surety/protocol'
import fc from 'fast-check'
import { grantHashOf, id, intentOf, OPERATOR, PAYER, TENANT, vectors } from '../fixtures.test.ts'
import {
  type Control,
  type ControlCommand,
  type ControlEvent,
  type ControlRefusal,
  decide,
  evolve,
  IMPOSE_RULES,
  initial,
  LIFT_RULES,
  statementProblem,
} from './control.ts'
import { isAbout, selectorKey, selectorsOf } from './selector.ts'
import { factsOf, none, type StandingEvent, stand, stopsAny, stopsRelease } from './standing.ts'

interface Case {
  readonly name: string
  readonly state: Control
  readonly command: ControlCommand
}
const valid = vectors<{
  readonly cases: readonly (Case & { events: readonly ControlEvent[]; then: Control })[]
}>('control/valid/commands.json')
const refused = vectors<{ readonly cases: readonly (Case & { refusal: ControlRefusal })[] }>(
  'control/refused/commands.json',
)

test('a command on a control yields its facts, and they the state that follows', () => {
  for (const { name, state, command, events, then } of valid.cases) {
    const outcome = decide(state, command)
    assert.ok(outcome.ok, `${name}: ${outcome.ok ? '' : outcome.refusal}`)
    assert.deepEqual(outcome.value, events, name)
    assert.deepEqual(outcome.value.reduce(evolve, state), then, name)
    for (const event of outcome.value) {
      if (event.type === 'controlDrained') continue
      assert.ok(parseAs(EmergencyControlEvent, event.statement).ok, name)
      assert.equal(statementProblem(event.statement), undefined, name)
    }
  }
})

test('every refusal of a control has its case (control)', () => {
  const seen = new Set<string>()
  for (const { name, state, command, refusal } of refused.cases) {
    const outcome = decide(state, command)
    assert.equal(outcome.ok ? 'ok' : outcome.refusal, refusal, name)
    seen.add(refusal)
  }
  const all: Readonly<Record<ControlRefusal, true>> = {
    control_not_found: true,
    control_already_exists: true,
    control_already_lifted: true,
    control_revocation_final: true,
    control_selector_invalid: true,
    control_until_invalid: true,
    dual_control_required: true,
    dual_control_same_person: true,
    dual_control_same_key: true,
    operator_role_insufficient: true,
    control_target_operator: true,
    control_limit: true,
  }
  assert.deepEqual([...seen].sort(), Object.keys(all).sort())
})

test('lifting is stricter than imposing, for every kind (control)', () => {
  for (const [kind, rule] of Object.entries(LIFT_RULES)) {
    const imposing = IMPOSE_RULES[kind as keyof typeof LIFT_RULES]
    assert.ok(rule.people >= imposing.people)
    assert.ok(rule.roles.every((role) => imposing.roles.includes(role)))
    const isStricter = rule.roles.length < imposing.roles.length || rule.lead !== null
    assert.ok(isStricter, kind)
  }
})

test('a statement that no order could have caused is seen (no-forgery)', () => {
  const [first] = valid.cases.filter(({ name }) => name === 'pause by oncall')
  const [event] = first?.events ?? []
  if (event === undefined || event.type === 'controlDrained') throw new Error('no such vector')
  const { statement } = event
  const [signer] = statement.signers
  const seen = (over: Partial<typeof statement>) => statementProblem({ ...statement, ...over })
  assert.equal(seen({}), undefined)
  assert.equal(seen({ kind: 'kill_switch' }), 'dual_control_required')
  assert.equal(seen({ cause: 'adapter', signers: [], kind: 'quarantine' }), 'dual_control_required')
  const byAdapter = { cause: 'adapter' as const, signers: [] }
  const id = 'prn_01m7w4n5e0e008000000000003' as const
  assert.equal(seen({ ...byAdapter, selector: { type: 'payee', id } }), undefined)
  assert.equal(seen({ ...byAdapter, selector: { type: 'principal', id } }), 'dual_control_required')
  assert.equal(seen({ cause: 'clock', signers: [] }), 'dual_control_required')
  assert.equal(seen({ act: 'lifted' }), 'operator_role_insufficient')
  assert.equal(seen({ kind: 'revoke' }), 'control_selector_invalid')
  assert.ok(signer !== undefined)
  const poor = [{ ...signer, role: 'viewer' as const }]
  assert.equal(seen({ signers: poor }), 'operator_role_insufficient')
})

/** Goal: no order of acts lifts a revocation, or lifts a kill switch with fewer than two people. */
test('what is revoked stays, and a kill switch is lifted by two people or by its end', () => {
  const role = fc.constantFrom<OperatorRole>('oncall', 'ops_admin', 'incident_commander')
  const signer = fc.record({
    operatorId: fc.constantFrom('prn_a' as const, 'prn_b' as const),
    role,
    kid: fc.constantFrom('k1', 'k2'),
    actionHash: fc.constant('a'.repeat(64)),
  })
  const ordered = fc.array(signer, { maxLength: 2 })
  const act = fc.record({
    command: fc.constantFrom('pause', 'quarantine', 'revoke', 'kill_switch', 'resume'),
    signers: ordered,
  })
  const base = { controlId: 'ctl_a', selector: { type: 'grant', id: 'a' }, until: null } as const
  const where = { tenantId: TENANT, environment: 'sandbox', at: 0, atText: '', epoch: 1 } as const
  const now = { ...where, justificationCode: 'x', kid: 'k' }
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
      let control: Control = initial
      for (const { command, signers } of acts) {
        const before: Control = control
        const by = { by: 'operators', signers } as const
        const { selector } = base
        const outcome = decide(
          before,
          command === 'resume'
            ? ({ type: 'lift', selector, ordered: by, now } as never)
            : ({
                type: 'impose',
                order: { ...base, command },
                ordered: by,
                now,
                standing: 0,
                namesOperator: false,
              } as never),
        )
        if (!outcome.ok) continue
        control = outcome.value.reduce<Control>(evolve, before)
        const people = new Set(signers.map(({ operatorId }) => operatorId)).size
        const keys = new Set(signers.map(({ kid }) => kid)).size
        const kind =
          before.status === 'none' ? command : before.status === 'active' ? before.imposed.kind : ''
        assert.notEqual(before.status, 'lifted')
        if (before.status === 'active') assert.notEqual(kind, 'revoke')
        if (kind === 'kill_switch' || kind === 'revoke') assert.ok(people === 2 && keys === 2)
      }
    }),
    { numRuns: 1_000 },
  )
})

const grants = [{ grantHash: grantHashOf(0), grantorId: PAYER }]
const request = { tenantId: TENANT, payerId: PAYER, grants, policyHash: 'f'.repeat(64) }

test('the selectors of a request are these, each once', () => {
  const intent = intentOf({ tool: 'search', grantHash: grantHashOf(0) })
  const keys = selectorsOf({ ...request, intent }).map(selectorKey)
  assert.deepEqual(keys, [
    'all:everything',
    `tenant:${TENANT}`,
    `payee:${intent.payee}`,
    'rail:ledger',
    'effect:action',
    `policy:${'f'.repeat(64)}`,
    'origin:https://provider.example',
    'effect:side_effecting',
    'tool:search',
    `principal:${intent.agentId}`,
    `principal:${intent.payee}`,
    `principal:${PAYER}`,
    `grant:${grantHashOf(0)}`,
  ])
  assert.equal(new Set(keys).size, keys.length)
})

test('how many controls stand makes no difference to how many are looked up', () => {
  const intent = intentOf()
  assert.equal(
    selectorsOf({ ...request, intent }).length,
    selectorsOf({ ...request, intent }).length,
  )
  assert.ok(selectorsOf({ ...request, intent }).length < 20)
})

test('the call of a tool has a server and two names; an origin of IPv6 has a key of its own', () => {
  const requestFingerprint = {
    schemaVersion: 'RequestFingerprint.v1',
    server: 'weather',
    tool: 'forecast',
    argumentsHash: 'a'.repeat(64),
  } as const
  const called = intentOf({ tool: 'search', requestFingerprint })
  const keys = selectorsOf({ ...request, intent: called }).map(selectorKey)
  for (const key of ['origin:weather', 'tool:forecast', 'tool:search'])
    assert.ok(keys.includes(key))
  assert.equal(
    selectorKey({ type: 'origin', id: 'http://[::1]:8080' }),
    'origin:http://_5b::1_5d:8080',
  )
})

test('a control that the facts state is about their request, or is seen not to be', () => {
  const intent = intentOf()
  const control = { controlId: id('ctl', 1), kind: 'pause', imposedAt: '' } as const
  const about = (selector: { type: 'rail'; id: string }) =>
    isAbout({ ...control, selector }, { ...request, intent })
  assert.equal(about({ type: 'rail', id: 'ledger' }), true)
  assert.equal(about({ type: 'rail', id: 'card' }), false)
})

test('a row knows what stands on its selector: the oldest of each kind is a fact', () => {
  const selector = { type: 'principal', id: OPERATOR } as const
  const stood = (n: number, kind: 'pause' | 'kill_switch'): StandingEvent => ({
    type: 'controlStood',
    selector,
    controlId: id('ctl', n),
    kind,
    imposedAt: String(n),
  })
  const three = [stood(1, 'pause'), stood(2, 'pause'), stood(3, 'kill_switch')].reduce(stand, none)
  assert.deepEqual(
    factsOf([three, none]).map(({ controlId }) => controlId),
    [id('ctl', 1), id('ctl', 3)],
  )
  assert.deepEqual([stopsAny([three]), stopsRelease([three])], [true, true])
  const fell = [1, 3].reduce(
    (row, n) => stand(row, { type: 'controlFell', controlId: id('ctl', n) }),
    three,
  )
  assert.deepEqual([stopsAny([fell]), stopsRelease([fell])], [true, false], 'a pause remains')
  assert.throws(() => stand(fell, { type: 'controlFell', controlId: id('ctl', 1) }))
  const empty = stand(fell, { type: 'controlFell', controlId: id('ctl', 2) })
  assert.deepEqual([factsOf([empty]), stopsAny([empty]), stopsAny([none])], [[], false, false])
})

test('a fact of a control out of order is a fault', () => {
  const [first] = valid.cases
  const [event] = first?.events ?? []
  assert.throws(() => evolve(first?.then as Control, event as ControlEvent))
  assert.throws(() => evolve(initial, { type: 'controlDrained', signer: {} as never }))
})
