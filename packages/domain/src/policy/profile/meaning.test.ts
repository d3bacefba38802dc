/** What is said about profiles without running them: advice, and comparison. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Profile } from '@surety/protocol'
import fc from 'fast-check'
import { ASSETS, compiled, factsOf, OTHER, PAYEE, profileOf, vectors } from '../../fixtures.test.ts'
import { evaluate } from '../evaluate.ts'
import { adviceOn } from './advice.ts'
import { compareProfiles } from './compare.ts'

const SEVERITY = ['allow', 'challenge', 'escalate', 'deny'] as const
const amount = fc.constantFrom('0', '1', '2', '3')
const limits = fc.array(fc.record({ asset: fc.constantFrom(...ASSETS), max: amount }), {
  maxLength: 3,
})
const option = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined })
const outcome = fc.constantFrom(...SEVERITY)

const anyProfile = fc
  .record({
    assets: fc.subarray([...ASSETS]),
    payees: option(fc.subarray([PAYEE, OTHER])),
    actions: option(fc.subarray(['purchase', 'refund'])),
    perRequest: limits,
    perDay: option(limits),
    unit: option(amount),
    action: outcome,
    mode: fc.constantFrom('enforce', 'soft' as const),
    condition: fc.boolean(),
    tiers: fc.uniqueArray(
      fc.record({
        asset: fc.constantFrom(...ASSETS),
        above: amount,
        approvers: fc.integer({ min: 1, max: 2 }),
        role: fc.constant('reviewer'),
        raise: fc.constantFrom('challenge', 'escalate' as const),
      }),
      { maxLength: 2, selector: ({ asset, above }) => `${asset} ${above}` },
    ),
  })
  .map((drawn): Profile => {
    const base = profileOf()
    const { assets, payees, actions, perRequest, perDay, unit, tiers } = drawn
    const units = [{ unit: 'USD', assets: ['USD/2'], perRequest: unit ?? '0' }]
    return {
      ...base,
      mode: drawn.mode,
      allowlists: {
        ...base.allowlists,
        assets,
        ...(payees === undefined ? {} : { payees }),
        ...(actions === undefined ? {} : { actions }),
      },
      limits: {
        perRequest,
        ...(perDay === undefined ? {} : { perDay }),
        ...(unit === undefined ? {} : { units }),
      },
      risk: [{ riskClass: 'action', outcome: drawn.action }],
      approvalTiers: tiers,
      ...(drawn.condition
        ? { conditions: [{ id: 'c', when: 'intent.amount > 1', outcome: 'deny' }] }
        : {}),
    }
  })

/** Goal: what is only tightened lets nothing through that was not let through before. */
test('a change that only tightens never loosens a decision', () => {
  let met = 0
  const intent = fc.record({ amount, asset: fc.constantFrom(...ASSETS) })
  const drawn = fc.tuple(anyProfile, anyProfile, fc.boolean())
  fc.assert(
    fc.property(drawn, intent, ([before, other, part], asked) => {
      // Half of the time one member alone differs, so that pure tightenings are met often.
      const after = part ? { ...before, limits: other.limits } : other
      const changes = compareProfiles(before, after)
      if (changes.some(({ direction }) => direction !== 'tightened')) return
      met += changes.length > 0 ? 1 : 0
      const facts = factsOf({ intent: asked })
      const [was, is] = [before, after].map((each) => evaluate(facts, compiled(each)).decision)
      assert.ok(SEVERITY.indexOf(is ?? 'allow') >= SEVERITY.indexOf(was ?? 'deny'))
    }),
    { numRuns: 4_000 },
  )
  assert.ok(met > 50, String(met))
})

test('two profiles that say the same differ in nothing, and each change is said once', () => {
  const { base } = vectors<{ base: Profile }>('policy/valid/profile-contradictions.json')
  assert.deepEqual(compareProfiles(base, structuredClone(base)), [])
  const cases: readonly (readonly [Partial<Profile>, string])[] = [
    [{ version: 2 }, 'changed version'],
    [{ mode: 'soft' }, 'loosened mode'],
    [{ modes: { rate: 'shadow' } }, 'loosened modes.rate'],
    [
      { allowlists: { ...base.allowlists, actions: ['purchase', 'order'] } },
      'loosened allowlists.actions',
    ],
    [{ allowlists: { ...base.allowlists, rails: [] } }, 'tightened allowlists.rails'],
    [{ limits: { ...base.limits, perDay: [] } }, 'tightened limits.perDay'],
    [{ risk: base.risk.slice(1) }, 'tightened risk'],
    [{ rates: base.rates?.slice(1) ?? [] }, 'loosened rates.calls'],
    [{ sequences: [] }, 'loosened sequences.export-then-pay'],
    [
      { conditions: base.conditions?.map((rule) => ({ ...rule, role: 'oncall' })) ?? [] },
      'changed conditions.night',
    ],
    [
      { challengeOnly: { raise: 'escalate', approvers: 1, role: 'oncall' } },
      'tightened challengeOnly',
    ],
    [{ strictBinding: false }, 'changed strictBinding'],
    [{ settlement: { ...base.settlement, onSilence: 'release' } }, 'changed settlement.onSilence'],
    [
      { settlement: { ...base.settlement, holdback: { basisPoints: 1, windowMs: 1 } } },
      'changed settlement.holdback',
    ],
  ]
  for (const [changes, expected] of cases) {
    const [first] = compareProfiles(base, { ...base, ...changes })
    assert.equal(`${first?.direction} ${first?.path}`, expected)
  }
})

/** What can hardly be meant of the profile of the vectors. */
const BASE_ADVICE = [
  'autonomy.bands.0.riskClasses',
  'sequences.0.first.actions',
  'wallets.rails.0',
  'compliance.toolManifestHash',
  'compliance.knownToolVersion',
]

test('what can hardly be meant is said, in its place', () => {
  const { base } = vectors<{ base: Profile }>('policy/valid/profile-contradictions.json')
  const usd = (max: string) => [{ asset: 'USD/2', max }]
  const sound = profileOf({ limits: { perRequest: usd('10'), perDay: usd('30') } })
  const tier = { asset: 'USD/2', approvers: 1, role: 'reviewer', raise: 'escalate' } as const
  const cases: readonly (readonly [Partial<Profile>, string])[] = [
    [{}, ''],
    [{ limits: { perRequest: usd('31'), perDay: usd('30') } }, 'limits.perRequest.0.max'],
    [
      { limits: { perRequest: usd('1'), tenantPerDay: usd('9'), perDay: usd('10') } },
      'limits.perDay.0.max',
    ],
    [{ limits: { perRequest: [...usd('1'), ...usd('2')] } }, 'limits.perRequest.1'],
    [
      {
        limits: {
          perRequest: usd('9'),
          units: [{ unit: 'USD', assets: ['USD/2'], perRequest: '9', perDay: '8' }],
        },
      },
      'limits.units.0.perRequest',
    ],
    [{ approvalTiers: [{ ...tier, above: '10' }] }, 'approvalTiers.0.above'],
    [{ approvalTiers: [{ ...tier, above: '9' }] }, ''],
    [{ risk: [{ riskClass: 'read', outcome: 'allow', approvers: 2 }] }, 'risk.0'],
    [{ risk: [{ riskClass: 'read', outcome: 'escalate', role: 'boss' }] }, 'risk.0.role'],
    [{ approvalTiers: [{ ...tier, above: '5', role: 'payer' }] }, 'approvalTiers.0.role'],
    [{ rollout: [{ mode: 'soft' }, { environments: ['sandbox'], mode: 'off' }] }, 'rollout.1'],
    [{ modes: { session: 'shadow' } }, 'modes.session'],
    [{ autonomy: { unstated: 3, bands: [], matrix: [] } }, 'autonomy.unstated'],
    [
      {
        rates: [
          {
            id: 'r',
            per: 'agent',
            match: { riskClasses: ['financial'] },
            max: 1,
            windowMs: 10_000,
            outcome: 'deny',
          },
        ],
      },
      'rates.0.match.riskClasses',
    ],
    [{ conditions: [{ id: 'c', when: ' false ', outcome: 'deny' }] }, 'conditions.0.when'],
    [{ wallets: { rails: ['card'], assignments: [] } }, 'wallets.rails.0'],
    [
      { settlement: { ...sound.settlement, mode: 'manual', autoReleaseMax: usd('5') } },
      'settlement.autoReleaseMax',
    ],
    [
      { settlement: { ...sound.settlement, autoReleaseMax: usd('11') } },
      'settlement.autoReleaseMax.0.max',
    ],
  ]
  for (const [changes, expected] of cases) {
    const found = adviceOn({ ...sound, ...changes }).map(({ path }) => path.join('.'))
    assert.deepEqual(found, expected === '' ? [] : [expected])
  }
  assert.deepEqual(
    adviceOn(base).map(({ path }) => path.join('.')),
    BASE_ADVICE,
  )
})

test('a share that is never held back is advised against, in its place', () => {
  const sound = profileOf({ limits: { perRequest: [{ asset: 'USD/2', max: '10' }] } })
  const said = (changes: Partial<Profile['settlement']>, rails = ['ledger'], basisPoints = 1_000) =>
    adviceOn({
      ...sound,
      allowlists: { ...sound.allowlists, rails },
      settlement: { ...sound.settlement, holdback: { basisPoints, windowMs: 1 }, ...changes },
    }).map(({ path }) => path.join('.'))
  assert.deepEqual(said({}), [])
  assert.deepEqual(said({}, ['x402-evm', 'ledger']), [])
  assert.deepEqual(said({}, ['x402-evm']), ['settlement.holdback'])
  assert.deepEqual(said({ mode: 'manual' }), ['settlement.holdback'])
  assert.deepEqual(said({}, ['ledger'], 999), ['settlement.holdback.basisPoints'])
  const autoReleaseMax = [{ asset: 'USD/2', max: '9' }]
  assert.deepEqual(said({ autoReleaseMax }), ['settlement.holdback.basisPoints'])
})

test('a rule on what nobody states yet denies everything, and that is said', () => {
  const open = { unknown: 'allow', tainted: 'deny', promptContagion: 'deny', badActor: 'deny' }
  const said = (changes: object) =>
    adviceOn(profileOf(changes as Partial<Profile>)).map(({ path }) => path.join('.'))
  assert.deepEqual(said({ compliance: { toolManifestHash: true } }), [
    'compliance.toolManifestHash',
  ])
  assert.deepEqual(said({ compliance: { knownToolVersion: true } }), [
    'compliance.knownToolVersion',
  ])
  assert.deepEqual(said({ compliance: { quote: true, toolManifestHash: false } }), [])
  assert.deepEqual(said({ session: { ...open, unknown: 'deny' } }), ['session.unknown'])
  assert.deepEqual(said({ session: open }), [])
})
