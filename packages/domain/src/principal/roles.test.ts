import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPERATOR_ROLES, type OperatorRole, type RoleHeld } from '@surety/protocol'
import fc from 'fast-check'
import { AT, vectors } from '../fixtures.test.ts'
import {
  decide,
  evolve,
  holdsRole,
  initial,
  type Principal,
  type PrincipalCommand,
  type PrincipalEvent,
} from './principal.ts'
import { ROLE_ASSIGNERS, type RoleRefusal, roleHeldAt } from './roles.ts'

type OperatorRefusal =
  | RoleRefusal
  | 'operator_key_not_own'
  | 'operator_key_in_use'
  | 'operator_lifecycle_fixed'

type Registered = Extract<Principal, { status: 'registered' }>
interface Case {
  readonly name: string
  readonly state: Registered
  readonly command: PrincipalCommand
}
const valid = vectors<{
  readonly heldAt: readonly {
    readonly name: string
    readonly roles: readonly RoleHeld[]
    readonly role: OperatorRole
    readonly at: string
    readonly held: boolean
  }[]
  readonly cases: readonly (Case & { events: readonly PrincipalEvent[]; then: Principal })[]
}>('principal/valid/roles.json')
const person = valid.cases[0]?.state as Registered

test('a role command yields its facts, and they the state that follows', () => {
  for (const { name, state, command, events, then } of valid.cases) {
    const outcome = decide(state, command)
    assert.ok(outcome.ok, name)
    assert.deepEqual(outcome.value, events, name)
    assert.deepEqual(outcome.value.reduce(evolve, state), then, name)
  }
})

test('every refusal of a role has its case (approval)', () => {
  const seen = new Set<string>()
  const { cases } = vectors<{
    readonly cases: readonly (Case & { readonly refusal: OperatorRefusal })[]
  }>('principal/refused/roles.json')
  for (const { name, state, command, refusal } of cases) {
    const outcome = decide(state, command)
    assert.equal(outcome.ok ? 'ok' : outcome.refusal, refusal, name)
    seen.add(refusal)
  }
  const all: Readonly<Record<OperatorRefusal, true>> = {
    role_change_own: true,
    role_not_assignable: true,
    principal_not_active: true,
    role_holder_not_person: true,
    role_already_held: true,
    role_limit: true,
    role_not_assigned: true,
    operator_key_not_own: true,
    operator_key_in_use: true,
    operator_lifecycle_fixed: true,
  }
  assert.deepEqual([...seen].sort(), Object.keys(all).sort())
})

test('whether a role was held at a moment is read from its entries', () => {
  for (const { name, roles, role, at, held } of valid.heldAt) {
    assert.equal(roleHeldAt(roles, role, at), held, name)
  }
})

test('only an active, registered person acts in a role, and only in one that they hold now', () => {
  const roles: readonly RoleHeld[] = [
    { role: 'oncall', notBefore: AT, notAfter: null, actionHash: null },
    { role: 'viewer', notBefore: AT, notAfter: AT, actionHash: null },
  ]
  const holder: Registered = { ...person, roles }
  assert.equal(holdsRole(holder, 'oncall', AT), true)
  assert.equal(holdsRole(holder, 'viewer', AT), false, 'withdrawn')
  assert.equal(holdsRole(holder, 'reviewer', AT), false, 'never held')
  assert.equal(holdsRole({ ...holder, lifecycle: 'suspended' }, 'oncall', AT), false)
  assert.equal(holdsRole({ ...holder, kind: 'agent' }, 'oncall', AT), false)
  assert.equal(holdsRole(initial, 'oncall', AT), false)
})

/** Goal: in a house of three, no order of changes leaves nobody who can command. */
test('somebody can always command: the last commander never steps down', () => {
  const role = fc.constantFrom<OperatorRole>('ops_admin', 'incident_commander')
  const who = fc.constantFrom(0, 1, 2)
  const type = fc.constantFrom('assignRole', 'withdrawRole')
  const change = fc.record({ type, role, as: role, by: who, of: who })
  const ids = ['prn_a', 'prn_b', 'prn_c'] as const
  fc.assert(
    fc.property(fc.array(change, { maxLength: 24 }), (changes) => {
      const founding = { type: 'assignRole', role: 'incident_commander', by: 'founding' } as const
      const house: Principal[] = ids.map((principalId) => ({ ...person, principalId }))
      const apply = (of: number, command: PrincipalCommand) => {
        const before = house[of] as Principal
        const outcome = decide(before, command)
        if (outcome.ok) house[of] = outcome.value.reduce<Principal>(evolve, before)
      }
      apply(0, { ...founding, actionHash: null, at: AT })
      for (const { type: what, role: wanted, as, by, of } of changes) {
        if (!holdsRole(house[by] as Principal, as, AT)) continue
        const assigner = { principalId: ids[by] as (typeof ids)[number], role: as }
        apply(of, { type: what, role: wanted, by: assigner, actionHash: null, at: AT } as never)
        const commanders = house.filter((each) => holdsRole(each, 'incident_commander', AT))
        assert.ok(commanders.length > 0)
      }
    }),
    { numRuns: 500 },
  )
})

test('every role says who assigns it', () => {
  assert.deepEqual(Object.keys(ROLE_ASSIGNERS), [...OPERATOR_ROLES])
})
