import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantOf, PROBLEMS, type ProblemCode } from '@surety/protocol'
import { type PatchStep, patched, vectors } from '../fixtures.test.ts'
import { evolve, type GateEvent } from './events.ts'
import { decide, type GateCommand, type GateRefusal } from './gate.ts'
import type { Gate } from './state.ts'
import { commandsOf, statesOf } from './story.test.ts'

interface World {
  readonly states: Readonly<Record<string, Gate>>
  readonly commands: Readonly<Record<string, { readonly at?: string }>>
}
interface Case {
  readonly name: string
  readonly state: string
  readonly statePatch?: readonly PatchStep[]
  readonly command: string
  readonly patch?: readonly PatchStep[]
}

const { states, commands } = vectors<World>('gate/world.json')

function stateOf(name: string, patch?: readonly PatchStep[]): Gate {
  const state = states[name]
  assert.ok(state !== undefined, name)
  return patched(state, patch)
}

/** A command as it stands in JSON, with its moment as an instant. */
function commandOf(name: string, patch?: readonly PatchStep[]): GateCommand {
  const written = commands[name]
  assert.ok(written !== undefined, name)
  const command = patched(written, patch)
  const at = command.at === undefined ? {} : { at: instantOf(command.at) }
  return { ...command, ...at } as unknown as GateCommand
}

test('the world of the vectors is the one our own functions make', () => {
  assert.deepEqual(states, structuredClone(statesOf()))
  for (const [name, command] of Object.entries(commandsOf())) {
    assert.deepEqual(commandOf(name), command, name)
  }
})

interface Valid {
  readonly steps: readonly {
    readonly state: string
    readonly command: string
    readonly at: string
    readonly events: readonly GateEvent[]
    readonly then: string
  }[]
  readonly cases: readonly (Case & {
    readonly events: readonly string[]
    readonly status: string
  })[]
}

test('every legal step yields its facts and leads where it says', () => {
  for (const { state, command, at, events, then } of vectors<Valid>('gate/valid/transitions.json')
    .steps) {
    const before = stateOf(state)
    const outcome = decide(before, commandOf(command))
    assert.ok(outcome.ok, `${state}, ${command}`)
    assert.deepEqual(outcome.value, events)
    const after = events.reduce((gate, event) => evolve(gate, event, instantOf(at)), before)
    assert.deepEqual(after, stateOf(then), `${state}, ${command}`)
  }
})

test('a step is legal up to its boundaries', () => {
  for (const each of vectors<Valid>('gate/valid/transitions.json').cases) {
    const before = stateOf(each.state, each.statePatch)
    const outcome = decide(before, commandOf(each.command, each.patch))
    assert.ok(outcome.ok, each.name)
    const types = outcome.value.map(({ type }) => type)
    assert.deepEqual(types, each.events, each.name)
    const at = instantOf('2026-11-20T09:30:00.000Z')
    const after = outcome.value.reduce((gate, event) => evolve(gate, event, at), before)
    assert.equal(after.status, each.status, each.name)
  }
})

interface Refused {
  readonly matrix: readonly {
    readonly command: string
    readonly states: readonly string[]
    readonly refusal: GateRefusal
  }[]
  readonly cases: readonly (Case & { readonly refusal: GateRefusal })[]
}
const refused = vectors<Refused>('gate/refused/transitions.json')
const steps = vectors<Valid>('gate/valid/transitions.json')

test('every other command in every other state is refused', () => {
  const covered = new Set<string>()
  for (const { command, states: names, refusal } of refused.matrix) {
    for (const name of names) {
      const outcome = decide(stateOf(name), commandOf(command))
      assert.equal(outcome.ok ? 'ok' : outcome.refusal, refusal, `${name}, ${command}`)
      covered.add(`${name} ${command}`)
    }
  }
  for (const { state, command } of [...steps.steps, ...steps.cases]) {
    covered.add(`${state} ${command}`)
  }
  // The receipt of one kind of ending is no receipt of the other: a fault, not a refusal.
  for (const each of ['waiting expire', 'authorized expireWaiting', 'resumed expireWaiting']) {
    covered.add(each)
  }
  // So is what divides a review where a share is contested, and the reverse.
  for (const each of ['contested divide', 'review return']) covered.add(each)
  const all = Object.keys(states).flatMap((name) =>
    Object.keys(commands).map((command) => `${name} ${command}`),
  )
  const missing = all.filter((pair) => !covered.has(pair))
  // These are legal, and lead to what an ended gate of another history looks like.
  assert.deepEqual(missing, ['silent refund', 'resumed void', 'resumed expire'])
  for (const pair of missing) {
    const [state = '', command = ''] = pair.split(' ')
    assert.ok(decide(stateOf(state), commandOf(command)).ok)
  }
})

test('every bound member refuses by its own code, and so does every other wrong', () => {
  for (const each of refused.cases) {
    const state = stateOf(each.state, each.statePatch)
    const outcome = decide(state, commandOf(each.command, each.patch))
    assert.equal(outcome.ok ? 'ok' : outcome.refusal, each.refusal, each.name)
  }
})

test('every refusal of a gate has its case', () => {
  const named: Readonly<Record<Exclude<GateRefusal, `binding_${string}`>, true>> = {
    intent_already_declared: true,
    intent_expired: true,
    intent_lifetime_invalid: true,
    gate_not_found: true,
    gate_not_declared: true,
    gate_not_authorized: true,
    gate_not_executing: true,
    gate_settled: true,
    gate_paid_by_rail: true,
    gate_not_in_review: true,
    authorization_consumed: true,
    authorization_expired: true,
    authorization_mismatch: true,
    commit_policy_changed: true,
    commit_grant_not_usable: true,
    commit_control_active: true,
    principal_not_active: true,
    evidence_not_authentic: true,
    evidence_from_the_future: true,
    holdback_not_held: true,
    holdback_contested: true,
    holdback_window_ended: true,
  }
  const bindings = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) =>
    code.startsWith('binding_'),
  )
  const seen = new Set([...refused.matrix, ...refused.cases].map(({ refusal }) => refusal))
  assert.deepEqual([...seen].sort(), [...Object.keys(named), ...bindings].sort())
})
