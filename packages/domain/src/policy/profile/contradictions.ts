/**
 * What a profile contradicts in itself. A profile that does is never applied.
 *
 * Rules: spec/profile.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import { ASSETS, type Profile, UNIT_DECIMALS } from '@surety/protocol'
import { compileRates } from '../rates.ts'
import { limitsOf } from './compile.ts'
import { compileCondition } from './conditions.ts'
import { matchingMax } from './match.ts'

/** How many rates and sequences may concern one request: each is a few rows to read. */
export const RATES_PER_REQUEST_MAX = 24

/** Where in the document, and what is said there. */
export interface Remark {
  readonly path: readonly (string | number)[]
  readonly message: string
  /** Where in the text of an expression, counted from 0. */
  readonly offset?: number
}

/** The first contradiction in words, if there is one. */
export function contradictionOf(profile: Profile): string | undefined {
  return contradictionsOf(profile)[0]?.message
}

/** Every contradiction, in the order of spec/profile.md. */
export function contradictionsOf(profile: Profile): readonly Remark[] {
  return [
    ...strayAssets(profile),
    ...unlimitedAssets(profile),
    ...twofold(profile),
    ...latencies(profile),
    ...units(profile),
    ...tooManyRates(profile),
    ...conditions(profile),
    ...autonomy(profile),
    ...wallets(profile),
  ]
}

type Path = readonly (string | number)[]

function strayAssets(profile: Profile): Remark[] {
  const listed = new Set(profile.allowlists.assets)
  const { limits, irrevocable, settlement, approvalTiers, session, autonomy: levels } = profile
  const { units: _, ...byAsset } = limits
  const found: Remark[] = []
  const check = (list: readonly { readonly asset: string }[] | undefined, path: Path): void => {
    for (const [i, { asset }] of (list ?? []).entries()) {
      if (listed.has(asset)) continue
      const message = `\`${asset}\` has a limit or tier but is not an allowed asset`
      found.push({ path: [...path, i, 'asset'], message })
    }
  }
  for (const [name, list] of Object.entries(byAsset)) check(list, ['limits', name])
  check(irrevocable?.max, ['irrevocable', 'max'])
  check(settlement.autoReleaseMax, ['settlement', 'autoReleaseMax'])
  check(approvalTiers, ['approvalTiers'])
  check(session?.escalateAbove, ['session', 'escalateAbove'])
  for (const [i, band] of (levels?.bands ?? []).entries()) {
    check(band.above, ['autonomy', 'bands', i, 'above'])
  }
  for (const [i, each] of (profile.wallets?.assignments ?? []).entries()) {
    check(each.perRequest, ['wallets', 'assignments', i, 'perRequest'])
  }
  return found
}

function unlimitedAssets({ allowlists, limits }: Profile): Remark[] {
  const perRequest = limitsOf(limits.perRequest)
  return allowlists.assets.flatMap((asset, i) =>
    perRequest.has(asset)
      ? []
      : [
          {
            path: ['allowlists', 'assets', i],
            message: `\`${asset}\` is allowed but has no limit per request`,
          },
        ],
  )
}

/** What may stand once only. */
function twofold(profile: Profile): Remark[] {
  const found: Remark[] = []
  const once = <Item>(
    list: readonly Item[] | undefined,
    place: string,
    nameOf: (item: Item, place: number) => string,
    message: string,
  ): void => {
    const seen = new Set<string>()
    for (const [i, item] of (list ?? []).entries()) {
      const name = nameOf(item, i)
      if (seen.has(name)) found.push({ path: [...place.split('.'), i], message })
      seen.add(name)
    }
  }
  const id = (rule: { readonly id: string }): string => rule.id
  const tier = ({ asset, above }: Profile['approvalTiers'][number]): string => `${asset} ${above}`
  const { limits, settlement, autonomy: levels } = profile
  once(profile.approvalTiers, 'approvalTiers', tier, 'two tiers begin at one amount')
  once(profile.risk, 'risk', (entry) => entry.riskClass, 'a risk class is listed twice')
  const verifiers = settlement.verifiers
  once(verifiers, 'settlement.verifiers', (each) => each.verifier, 'a verifier is listed twice')
  const { origins = [] } = profile.x402 ?? {}
  once(origins, 'x402.origins', ({ origin }) => origin, 'an origin is listed twice')
  const alias = (each: (typeof origins)[number], i: number): string => each.alias ?? ` ${i}`
  once(origins, 'x402.origins', alias, 'two origins have one alias')
  once(limits.units, 'limits.units', ({ unit }) => unit, 'a unit is listed twice')
  once(profile.rates, 'rates', id, 'two rates have one id')
  once(profile.sequences, 'sequences', id, 'two sequences have one id')
  once(profile.conditions, 'conditions', id, 'two conditions have one id')
  const level = ({ level: of }: { readonly level: number }): string => String(of)
  once(levels?.matrix, 'autonomy.matrix', level, 'a level of autonomy is listed twice')
  return found
}

function latencies({ settlement }: Profile): Remark[] {
  return settlement.verifiers.flatMap((entry, i) =>
    entry.verifier === 'latency' && entry.amberMs < entry.greenMs
      ? [
          {
            path: ['settlement', 'verifiers', i, 'amberMs'],
            message: 'the amber latency is below the green one',
          },
        ]
      : [],
  )
}

function units({ limits, allowlists }: Profile): Remark[] {
  const found: Remark[] = []
  for (const [i, { unit, assets }] of (limits.units ?? []).entries()) {
    const path = ['limits', 'units', i]
    if (!UNIT_DECIMALS.has(unit)) {
      found.push({ path: [...path, 'unit'], message: `there is no unit \`${unit}\`` })
      continue
    }
    for (const [j, asset] of assets.entries()) {
      if (ASSETS.get(asset)?.unit === unit) continue
      const message = `\`${asset}\` is not an asset of the unit \`${unit}\``
      found.push({ path: [...path, 'assets', j], message })
    }
    for (const asset of allowlists.assets) {
      if (ASSETS.get(asset)?.unit !== unit || assets.includes(asset)) continue
      const message = `\`${asset}\` is allowed and of the unit \`${unit}\` but is not counted for it`
      found.push({ path: [...path, 'assets'], message })
    }
  }
  return found
}

function tooManyRates(profile: Profile): Remark[] {
  const { rates, next, first } = compileRates(profile)
  const both = matchingMax(rates) + Math.max(matchingMax(next), matchingMax(first))
  if (both <= RATES_PER_REQUEST_MAX) return []
  const message = `${both} rates and sequences could concern one request; ${RATES_PER_REQUEST_MAX} may`
  return [{ path: [profile.rates === undefined ? 'sequences' : 'rates'], message }]
}

function conditions({ conditions: rules = [] }: Profile): Remark[] {
  return rules.flatMap(({ id, when }, i) => {
    const compiled = compileCondition(when)
    if (compiled.ok) return []
    const { message, offset } = compiled.fault
    return [{ path: ['conditions', i, 'when'], message: `condition \`${id}\`: ${message}`, offset }]
  })
}

const STRICTNESS = { allow: 0, challenge: 1, escalate: 2, deny: 3 } as const
const BANDS = ['low', 'medium', 'high', 'critical'] as const

/** More autonomy is never stricter, and more risk never less strict. */
function autonomy({ autonomy: levels }: Profile): Remark[] {
  const found: Remark[] = []
  const rows = [...(levels?.matrix ?? []).entries()].sort(([, a], [, b]) => a.level - b.level)
  for (const [place, [i, row]] of rows.entries()) {
    const path = ['autonomy', 'matrix', i]
    for (const [j, band] of BANDS.entries()) {
      const lower = rows[place - 1]?.[1]
      if (lower !== undefined && STRICTNESS[row[band]] > STRICTNESS[lower[band]]) {
        const message = `level ${row.level} is stricter about ${band} risk than level ${lower.level}`
        found.push({ path: [...path, band], message })
      }
      const milder = BANDS[j - 1]
      if (milder !== undefined && STRICTNESS[row[band]] < STRICTNESS[row[milder]]) {
        const message = `level ${row.level} is stricter about ${milder} risk than about ${band} risk`
        found.push({ path: [...path, band], message })
      }
    }
  }
  return found
}

/** What is dangerous has a wallet of its own, and what is shared has a cap. */
function wallets({ wallets: rules }: Profile): Remark[] {
  return (rules?.assignments ?? []).flatMap((each, i) => {
    if (each.kind === 'dedicated') return []
    const path = ['wallets', 'assignments', i]
    const found: Remark[] = []
    if (each.perRequest === undefined) {
      found.push({ path, message: `the pooled wallet \`${each.walletId}\` has no cap per request` })
    }
    if (each.riskClasses?.includes('financial') !== false) {
      const message = `the pooled wallet \`${each.walletId}\` serves financial risk: dedicate one to it`
      found.push({ path: [...path, ...(each.riskClasses ? ['riskClasses'] : [])], message })
    }
    return found
  })
}
