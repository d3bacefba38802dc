import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CheckResult,
  type Colour,
  type Limit,
  Profile,
  ProviderResponse,
  parseAs,
  type Verifier,
} from '@surety/protocol'
import fc from 'fast-check'
import { ASSETS, type PatchStep, patched, vectors } from '../fixtures.test.ts'
import { type BodyFacts, check, colourOf, heldBackOf, type Verdict, verdictOf } from './evidence.ts'

interface Base {
  readonly settlement: Profile['settlement']
  readonly statement: ProviderResponse | null
  readonly body: BodyFacts | null
  readonly amount: string
  readonly asset: string
}
interface Verdicts {
  readonly base: Base
  readonly cases: readonly {
    readonly name: string
    readonly patch: readonly PatchStep[]
    readonly checks: readonly CheckResult[]
    readonly colour: Colour
    readonly verdict: Verdict
  }[]
}

for (const name of ['valid', 'refused'] as const) {
  test(`settlement/${name}/verdicts: evidence comes out as it says`, () => {
    const { base, cases } = vectors<Verdicts>(`settlement/${name}/verdicts.json`)
    for (const each of cases) {
      const { settlement, statement, body, amount, asset } = patched(base, each.patch)
      assert.ok(parseAs(Profile.properties.settlement, settlement).ok, each.name)
      assert.ok(statement === null || parseAs(ProviderResponse, statement).ok, each.name)
      const checks = statement === null ? [] : check(settlement.verifiers, statement, body)
      assert.deepEqual(checks, each.checks, each.name)
      const colour = colourOf(checks)
      assert.equal(colour, each.colour, each.name)
      const verdict = verdictOf(colour, settlement, BigInt(amount), asset)
      assert.equal(verdict, each.verdict, each.name)
      assert.equal(verdict === 'release', name === 'valid', each.name)
    }
  })
}

const { base } = vectors<Verdicts>('settlement/valid/verdicts.json')
const verifier: fc.Arbitrary<Verifier> = fc.oneof(
  fc.constant({ verifier: 'status' as const }),
  fc.constant({ verifier: 'hash' as const }),
  fc.constant({ verifier: 'schema' as const, schema: {} }),
  fc.constant({ verifier: 'latency' as const, greenMs: 1, amberMs: 2 }),
)
const limits: fc.Arbitrary<Limit[]> = fc.array(
  fc.record({ asset: fc.constantFrom(...ASSETS), max: fc.constantFrom('0', '1', '2') }),
  { maxLength: 2 },
)
const settlement = fc.record(
  {
    mode: fc.constantFrom('automatic', 'manual' as const),
    verifiers: fc.uniqueArray(verifier, {
      selector: (each) => each.verifier,
      minLength: 1,
      maxLength: 4,
    }),
    onSilence: fc.constantFrom('release', 'refund', 'review' as const),
    evidenceWithinMs: fc.constant(1),
    autoReleaseMax: limits,
  },
  { requiredKeys: ['mode', 'verifiers', 'onSilence', 'evidenceWithinMs'] },
) as fc.Arbitrary<Profile['settlement']>
const statement = fc
  .record({ status: fc.constantFrom(199, 200, 299, 300), took: fc.constantFrom(0, 1, 2, 3) })
  .map(({ status, took }) => ({
    ...(base.statement as ProviderResponse),
    status,
    completedAt: `2026-11-20T09:30:00.00${took}Z`,
  }))
const body = fc.option(fc.record({ schemaHolds: fc.constantFrom(true, false, null) }))
const amount = fc.bigInt({ min: 0n, max: 3n })
const asset = fc.constantFrom(...ASSETS)

test('no evidence is never green', () => {
  assert.equal(colourOf([]), 'none')
  fc.assert(
    fc.property(settlement, statement, ({ verifiers }, said) => {
      const wants = verifiers.some(({ verifier: is }) => is === 'hash' || is === 'schema')
      const colour = colourOf(check(verifiers, said, null))
      if (wants) assert.notEqual(colour, 'green')
    }),
  )
})

test('green means that every verifier is green, and the worst of them counts', () => {
  const rank = ['green', 'amber', 'red']
  fc.assert(
    fc.property(settlement, statement, body, ({ verifiers }, said, seen) => {
      const checks = check(verifiers, said, seen)
      const worst = Math.max(...checks.map(({ colour }) => rank.indexOf(colour)))
      assert.equal(colourOf(checks), rank[worst])
      assert.equal(checks.length, verifiers.length)
    }),
    { numRuns: 500 },
  )
})

test('manual never releases nor refunds, amber and red never release', () => {
  const colour = fc.constantFrom('green', 'amber', 'red', 'none' as const)
  fc.assert(
    fc.property(settlement, colour, amount, asset, (terms, is, of, what) => {
      const verdict = verdictOf(is, terms, of, what)
      if (terms.mode === 'manual') assert.equal(verdict, 'review')
      if (is === 'amber' || is === 'red') assert.notEqual(verdict, 'release')
      if (is === 'green' || is === 'amber') assert.notEqual(verdict, 'refund')
    }),
    { numRuns: 500 },
  )
})

test('nothing above its ceiling, or without one where there are ceilings, releases by itself', () => {
  const colour = fc.constantFrom('green', 'none' as const)
  fc.assert(
    fc.property(settlement, colour, amount, asset, (terms, is, of, what) => {
      if (terms.autoReleaseMax === undefined) return
      const own = terms.autoReleaseMax.filter((limit) => limit.asset === what)
      const fits = own.length > 0 && own.every(({ max }) => of <= BigInt(max))
      if (!fits) assert.notEqual(verdictOf(is, terms, of, what), 'release')
    }),
    { numRuns: 1_000 },
  )
})

test('a share of what is released is held back, rounded down, and of nothing else', () => {
  interface Shares {
    readonly cases: readonly {
      readonly verdict: Verdict | 'capture'
      readonly basisPoints: number | null
      readonly amount: string
      readonly heldBack: string
    }[]
  }
  const { cases } = vectors<Shares>('settlement/valid/holdback.json')
  for (const { verdict, basisPoints, amount: of, heldBack } of cases) {
    const terms = basisPoints === null ? {} : { holdback: { basisPoints, windowMs: 1 } }
    assert.equal(heldBackOf(verdict, terms, BigInt(of)), BigInt(heldBack), `${verdict} ${of}`)
  }
})
