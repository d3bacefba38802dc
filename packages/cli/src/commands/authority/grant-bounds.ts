/**
 * The bounds of a grant from what was given on the command line.
 *
 * @module
 */
import type { GrantBounds } from '@surety/protocol'
import * as checks from '../../checks.ts'
import type { Given, OptionSpec } from '../../command.ts'
import { usageError } from '../../exit.ts'
import { formatMoney } from '../../terminal/money.ts'

const RISK_CLASSES = ['read', 'compute', 'action', 'financial'] as const
const DEPTH_DEFAULT = '4'

/** The options that `grant issue` and `grant delegate` share. */
export const BOUND_OPTIONS: readonly OptionSpec[] = [
  { flags: '--asset <asset>', about: 'an asset it may spend (USD/2)', many: true },
  { flags: '--per-call <n>', about: 'at most so much at once, minor units', check: checks.amount },
  { flags: '--per-day <n>', about: 'at most so much a UTC day', check: checks.amount },
  { flags: '--total <n>', about: 'at most so much in all', check: checks.amount },
  { flags: '--count <n>', about: 'at most so many times', check: checks.wholeNumber },
  { flags: '--payee <prn>', about: 'whom it may pay', many: true, check: checks.idOf('prn') },
  { flags: '--action <name>', about: 'what it may do', many: true },
  { flags: '--tool <name>', about: 'which tool it may use', many: true },
  { flags: '--rail <name>', about: 'over which rail', many: true },
  { flags: '--risk-class <class>', about: 'up to what risk', many: true, choices: RISK_CLASSES },
  { flags: '--expires-in <duration>', about: 's, m, h or d (30d)', check: checks.duration },
  {
    flags: '--max-depth <n>',
    about: `how often it may be passed on (${DEPTH_DEFAULT})`,
    check: checks.wholeNumber,
  },
]

/** A grant without any limit on amounts is meant only if it is asked for. */
export function ensureBounded(given: Given): void {
  const isBounded = ['perCall', 'perDay', 'total'].some((name) => given.text(name) !== undefined)
  if (isBounded === given.flag('unbounded')) {
    throw usageError(
      isBounded ? 'a grant with limits is not unbounded' : 'the grant has no limit on amounts',
      'give at least one of --per-call, --per-day and --total, or --unbounded alone',
    )
  }
}

/** Bounds of a root grant: what is not given does not restrict, but for the asset. */
export function rootBounds(given: Given): GrantBounds {
  return bounds(given, { assets: ['USD/2'], maxDepth: Number(DEPTH_DEFAULT) })
}

/** Bounds of a child: what is not given is as in the parent, for nothing may be wider. */
export function childBounds(given: Given, parent: GrantBounds): GrantBounds {
  return bounds(given, parent)
}

function bounds(given: Given, inherited: GrantBounds): GrantBounds {
  const assets = given.listIfGiven('asset') ?? inherited.assets
  const limit = (name: string) => {
    const max = given.text(name)
    if (max === undefined) return undefined
    if (assets === undefined) {
      throw usageError('a limit needs to know of which asset', 'add --asset USD/2')
    }
    return assets.map((asset) => ({ asset, max }))
  }
  const count = given.text('count')
  const depth = given.text('maxDepth')
  const found: Partial<Record<keyof GrantBounds, unknown>> = {
    assets,
    actions: given.listIfGiven('action'),
    tools: given.listIfGiven('tool'),
    payees: given.listIfGiven('payee'),
    rails: given.listIfGiven('rail'),
    riskClasses: given.listIfGiven('riskClass'),
    perCall: limit('perCall'),
    perDay: limit('perDay'),
    total: limit('total'),
    count: count === undefined ? undefined : Number(count),
    maxDepth: depth === undefined ? undefined : Number(depth),
  }
  const stated = Object.entries(found).filter(([, value]) => value !== undefined)
  return { ...inherited, ...Object.fromEntries(stated) }
}

/** Bounds in words, for people. */
export function boundsFields(
  bounds: GrantBounds,
): readonly (readonly [string, string | number | undefined])[] {
  const money = (list: GrantBounds['perCall']) =>
    list?.map(({ asset, max }) => formatMoney(max, asset)).join(', ') ?? 'any'
  const words = (list: readonly string[] | undefined) =>
    list === undefined ? undefined : list.join(', ') || 'none'
  return [
    ['assets', words(bounds.assets) ?? 'any'],
    ['per call', money(bounds.perCall)],
    ['per day', money(bounds.perDay)],
    ['in all', money(bounds.total)],
    ['times', bounds.count],
    ['payees', words(bounds.payees) ?? 'any'],
    ['actions', words(bounds.actions)],
    ['tools', words(bounds.tools)],
    ['rails', words(bounds.rails)],
    ['networks', words(bounds.networks)],
    ['risk classes', words(bounds.riskClasses)],
    ['passed on', bounds.maxDepth],
  ]
}
