import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AgentPassport, Lifecycle, parseAs } from '@surety/protocol'
import fc from 'fast-check'
import { AT, TENANT, vectors } from '../fixtures.test.ts'
import {
  decide,
  evolve,
  initial,
  LIFECYCLE_NEXT,
  mayAct,
  type Principal,
  type PrincipalCommand,
  type PrincipalEvent,
  type PrincipalRefusal,
  passportOf,
} from './principal.ts'
import type { RoleRefusal } from './roles.ts'

/** These have their cases with the roles. */
type OperatorRefusal =
  | Exclude<RoleRefusal, 'principal_not_active'>
  | 'operator_key_not_own'
  | 'operator_key_in_use'
  | 'operator_lifecycle_fixed'

type Registered = Extract<Principal, { status: 'registered' }>
interface Transitions {
  readonly transitions: readonly {
    readonly from: Lifecycle
    readonly mayAct: boolean
    readonly to: readonly Lifecycle[]
  }[]
}
interface Commands<Expected> {
  readonly cases: readonly ({
    readonly name: string
    readonly state: Principal
    readonly command: PrincipalCommand
  } & Expected)[]
}
const valid = vectors<
  Commands<{ events: readonly PrincipalEvent[]; then: Principal }> & { registered: Registered }
>('principal/valid/commands.json')
const { registered } = valid

test('each of the sixty-four transitions is legal or refused as it is written', () => {
  let examined = 0
  for (const kind of ['valid', 'refused'] as const) {
    const { transitions } = vectors<Transitions>(`principal/${kind}/lifecycle.json`)
    for (const { from, mayAct: acts, to: all } of transitions) {
      const principal = { ...registered, lifecycle: from }
      assert.equal(mayAct(principal), acts, from)
      for (const to of all) {
        const outcome = decide(principal, { type: 'changeLifecycle', to, reason: 'asked' })
        const refusal = outcome.ok ? undefined : outcome.refusal
        const expected = kind === 'valid' ? undefined : 'principal_transition_illegal'
        assert.equal(refusal, expected, `${from} → ${to}`)
        examined += 1
      }
    }
  }
  assert.equal(examined, 64)
  assert.equal(mayAct(initial), false)
})

test('a command yields its facts, and they the state that follows', () => {
  for (const { name, state, command, events, then } of valid.cases) {
    const outcome = decide(state, command)
    assert.ok(outcome.ok, name)
    assert.deepEqual(outcome.value, events, name)
    assert.deepEqual(outcome.value.reduce(evolve, state), then, name)
  }
})

test('every refusal of a principal has its case', () => {
  const seen = new Set<string>()
  const { cases } = vectors<Commands<{ refusal: PrincipalRefusal }>>(
    'principal/refused/commands.json',
  )
  for (const { name, state, command, refusal } of cases) {
    const outcome = decide(state, command)
    assert.equal(outcome.ok ? 'ok' : outcome.refusal, refusal, name)
    seen.add(refusal)
  }
  const all: Readonly<Record<Exclude<PrincipalRefusal, OperatorRefusal>, true>> = {
    principal_already_exists: true,
    principal_not_found: true,
    principal_key_exists: true,
    principal_key_limit: true,
    principal_not_active: true,
    principal_key_not_found: true,
    principal_transition_illegal: true,
  }
  assert.deepEqual([...seen].sort(), Object.keys(all).sort())
})

const lifecycles = Object.keys(LIFECYCLE_NEXT) as Lifecycle[]
const command: fc.Arbitrary<PrincipalCommand> = fc.oneof(
  fc
    .constantFrom(...lifecycles)
    .map((to) => ({ type: 'changeLifecycle', to, reason: 'r' }) as const),
  fc.constantFrom('a', 'b').map((kid) => ({ type: 'retireKey', kid, notAfter: AT }) as const),
  fc
    .constantFrom('a', 'b')
    .map((kid) => ({ type: 'addKey', key: { ...registered.keys[0], kid } }) as PrincipalCommand),
)

/** Goal: no order of commands revives an archived principal or an ended key. */
test('archived is terminal, and a key that ended stays ended', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
      let principal: Principal = { ...registered, keys: [] }
      for (const each of commands) {
        const before = principal as Registered
        const outcome = decide(before, each)
        if (!outcome.ok) continue
        principal = outcome.value.reduce<Principal>(evolve, before)
        const after = principal as Registered
        if (before.lifecycle === 'archived') assert.equal(after.lifecycle, 'archived')
        const wentStraight = before.lifecycle === 'quarantined' && after.lifecycle === 'active'
        assert.equal(wentStraight, false)
        for (const key of before.keys) {
          if (key.notAfter === null) continue
          assert.deepEqual(
            after.keys.filter(({ kid }) => kid === key.kid),
            [key],
          )
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a passport states the principal as it is', () => {
  const where = { tenantId: TENANT, environment: 'sandbox', seq: 3, issuedAt: AT } as const
  const passport = passportOf(registered, where)
  assert.ok(parseAs(AgentPassport, passport).ok)
  const { principalId, kind, name, lifecycle, keys } = registered
  const schemaVersion = 'AgentPassport.v1'
  assert.deepEqual(passport, { schemaVersion, principalId, kind, name, lifecycle, keys, ...where })
})

test('a fact out of order is a fault', () => {
  const [first] = valid.cases.map(({ events }) => events[0] as PrincipalEvent)
  assert.throws(() => evolve(registered, first as PrincipalEvent))
  const change = { type: 'principalLifecycleChanged', from: 'active', to: 'frozen' } as const
  assert.throws(() => evolve(initial, { ...change, reason: 'r' }))
})

test('the lifecycles are those of the schema', () => {
  assert.deepEqual(lifecycles, Lifecycle.enum)
})
