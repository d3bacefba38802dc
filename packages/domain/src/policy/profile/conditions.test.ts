import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Environment } from '@marcbachmann/cel-js'
import type { DecisionFacts } from '@surety/protocol'
import fc from 'fast-check'
import { factsOf, type PatchStep, patched, vectors } from '../../fixtures.test.ts'
import { indexOf } from '../counters.ts'
import {
  CONDITION_LIMITS,
  CONDITION_NAMES,
  compileCondition,
  conditionFacts,
} from './conditions.ts'

/** The library as its manual has it: plain objects, which it wraps itself. */
const PLAIN = Object.entries(CONDITION_NAMES)
  .reduce(
    (environment, [name, schema]) => environment.registerVariable({ name, schema }),
    new Environment({ limits: CONDITION_LIMITS }),
  )
  .registerVariable('environment', 'string')

const MEMBERS = Object.entries(CONDITION_NAMES).flatMap(([name, members]) =>
  Object.entries(members).map(([member, type]) => ({ text: `${name}.${member}`, type })),
)
const named = (wanted: string): fc.Arbitrary<string> =>
  fc.constantFrom(...MEMBERS.filter(({ type }) => type === wanted).map(({ text }) => text))

const int = fc.oneof(named('int'), fc.constantFrom('0', '1', '2', '9'))
const text = fc.oneof(named('string'), fc.constantFrom('""', '"USD/2"', '"search"', 'environment'))
/** Some of these divide by zero: what `&&` and `||` make of an error is the library's own. */
const { bool } = fc.letrec<{ bool: string }>((tie) => ({
  bool: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    named('bool'),
    fc
      .tuple(int, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), int)
      .map((parts) => parts.join(' ')),
    fc.tuple(int, int).map(([a, b]) => `${a} / ${b} > 0`),
    fc.tuple(text, text).map(([a, b]) => `${a} == ${b}`),
    fc.tuple(text, text).map(([a, b]) => `${a}.startsWith(${b})`),
    fc.tuple(text, text, text).map(([a, b, c]) => `${a} in [${b}, ${c}]`),
    tie('bool').map((inner) => `!(${inner})`),
    fc
      .tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool'))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(tie('bool'), tie('bool'), tie('bool')).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
  ),
}))

interface Cases {
  readonly base: { readonly facts: DecisionFacts }
  readonly cases: readonly { readonly facts?: readonly PatchStep[] }[]
}
const { base, cases } = vectors<Cases>('policy/refused/profile-rules.json')
const anyFacts = fc.oneof(
  fc.constantFrom(...cases).map(({ facts }) => patched(base.facts, facts)),
  fc.constantFrom('0', '1', '2').map((amount) => factsOf({ intent: { amount } })),
)

function answerOf(ask: () => unknown): unknown {
  try {
    return ask()
  } catch (error) {
    return `an error: ${(error as Error).message.split('\n', 1)[0]}`
  }
}

/** Goal: that facts come as objects of classes, which is faster, changes no answer and no error. */
test('a condition says of the facts what the library says of plain objects', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(bool, anyFacts, (expression, facts) => {
      const stated = conditionFacts(facts, indexOf(facts.counters), 1)
      const plain = Object.fromEntries(
        Object.entries(stated).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : { ...value },
        ]),
      )
      const own = compileCondition(expression)
      const parsed = PLAIN.parse(expression)
      assert.equal(own.ok, parsed.check().valid, expression)
      if (!own.ok) return
      const answer = answerOf(() => own.value(stated))
      assert.equal(
        answer,
        answerOf(() => parsed(plain)),
        expression,
      )
      seen.add(String(answer).slice(0, 8))
    }),
    { numRuns: 2_000 },
  )
  assert.deepEqual([...seen].sort(), ['an error', 'false', 'true'])
})
