import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DecisionFacts, Profile } from '@surety/protocol'
import { isLiftable, REASON_ORDER } from '@surety/protocol'
import { compiled, type PatchStep, patched, vectors } from '../fixtures.test.ts'
import { budgetsOf, type Difference, differencesOf } from './differences.ts'

interface Decisions {
  readonly base: { readonly facts: DecisionFacts; readonly profile: Profile }
  readonly cases: readonly {
    readonly name: string
    readonly facts?: readonly PatchStep[]
    readonly profile?: readonly PatchStep[]
    readonly expected: { readonly reasonCodes: readonly string[] }
  }[]
}

const FILES = ['decisions', 'reasons', 'profile-rules', 'wallets', 'approvals', 'buying'] as const

/** What is said of each code, over every case in which somebody refused it. */
const said = new Map<string, Difference[]>()
for (const name of FILES) {
  const { base, cases } = vectors<Decisions>(`policy/refused/${name}.json`)
  for (const each of cases) {
    const facts = patched(base.facts, each.facts)
    const profile = compiled(patched(base.profile, each.profile))
    for (const one of differencesOf(facts, profile, each.expected.reasonCodes)) {
      said.set(one.reasonCode, [...(said.get(one.reasonCode) ?? []), one])
    }
  }
}

test('of every code that a person may lift it is said what was asked, and what passes', () => {
  for (const code of REASON_ORDER.filter(isLiftable)) {
    const all = said.get(code) ?? []
    assert.ok(all.length > 0, code)
    for (const { asked, allowed, meaning } of all) {
      assert.ok(asked !== '' && meaning !== code, `${code}: ${asked}`)
      // What asks about everything lets nothing pass; of the others something does, or is named.
      const mayBeNothing = /^(?:fallback|autonomy|risk_class)_/.test(code)
      assert.ok(allowed !== '' || mayBeNothing, code)
    }
  }
})

const first = (code: string) => {
  const [found] = said.get(code) ?? []
  if (found === undefined) return undefined
  const { rule, asked, allowed, used, asset } = found
  return { rule, asked, allowed, used, asset }
}

test('an amount is said in its asset, a count with what was counted, an expression as written', () => {
  const none = { rule: null, used: null, asset: null }
  const usd = { ...none, asset: 'USD/2' }
  const expected = {
    approval_challenged: { ...usd, asked: '2', allowed: '1' },
    per_request_exceeded: { ...usd, asked: '2', allowed: '0' },
    rate_exceeded: {
      ...none,
      rule: 'calls',
      asked: 'one more',
      allowed: '5 in 3600 s, of one agent',
      used: '5',
    },
    sequence_denied: {
      ...none,
      rule: 'export-then-pay',
      asked: 'purchase',
      allowed: 'none within 600 s after export, of one payer',
      used: '1',
    },
    condition_challenged: {
      ...none,
      rule: 'night',
      asked: 'a request of which this is true: at.hour == 9 && at.minute == 30 && at.weekday == 5',
      allowed: 'any other',
    },
    autonomy_challenged: { ...none, asked: 'level 1, medium risk', allowed: 'low risk' },
    session_denied: {
      ...none,
      rule: 'bad_actor',
      asked: 'a session with a bad actor',
      allowed: 'a session that is known, untainted and without signals',
    },
  }
  for (const [code, said] of Object.entries(expected)) assert.deepEqual(first(code), said, code)
})

test('the budgets of a payment are those that bound it, with what is used of each', () => {
  const { base } = vectors<Decisions>('policy/refused/decisions.json')
  const { facts, profile } = base
  const used = facts.counters.map((counter, i) => ({ ...counter, reserved: String(i), spent: '1' }))
  const budgets = budgetsOf({ ...facts, counters: used }, compiled(profile))
  const links = facts.grantChain.flatMap(() => ['grant day', 'grant total'])
  const others = ['payer day', 'payer month', 'payer total', 'tenant day', 'tenant month']
  assert.deepEqual(
    budgets.map(({ whose, period }) => `${whose} ${period}`),
    [...links, ...others, 'tenant total'],
  )
  const day = profile.limits.perDay?.find(({ asset }) => asset === facts.intent.asset)?.max
  const own = budgets.find(({ whose, period }) => whose === 'payer' && period === 'day')
  const counter = used.find(
    ({ subject, period }) =>
      subject === `principal:${facts.payer?.principalId}` && period === 'day',
  )
  const sum = BigInt(counter?.reserved ?? 0) + BigInt(counter?.spent ?? 0)
  assert.deepEqual(own, { whose: 'payer', period: 'day', used: String(sum), limit: day })
  // A budget that was not counted says nothing of what is used of it.
  assert.deepEqual(budgetsOf({ ...facts, counters: [] }, compiled(profile)), [])
})
