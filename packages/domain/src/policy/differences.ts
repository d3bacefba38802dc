/**
 * What a request asks for against what the profile lets pass without asking anybody.
 *
 * For people who are asked: one entry for each rule that asks, from the very findings of the
 * evaluation, so that it can say nothing that was not decided. It decides nothing itself.
 *
 * @module
 */
import { type DecisionFacts, REASON_CODES, type ReasonCode } from '@surety/protocol'
import { indexOf, periodsAt, usedOf } from './counters.ts'
import { evaluate } from './evaluate.ts'
import type { CompiledProfile, Limits } from './profile/compile.ts'
import { matching } from './profile/match.ts'
import { rateCounts, rowOf } from './rates.ts'
import { levelOf } from './rules/optional/autonomy.ts'
import type { Finding } from './rules/rule.ts'

/** One rule that asks for a person: what is asked for, and what passes without. */
export interface Difference {
  readonly reasonCode: string
  readonly meaning: string
  /** Which rule of its kind, where the profile has many. */
  readonly rule: string | null
  readonly asked: string
  /** What the profile lets pass without anybody being asked. */
  readonly allowed: string
  /** How much of it was used before, where that is counted. */
  readonly used: string | null
  /** The asset in which `asked`, `allowed` and `used` are minor units; null: they are words. */
  readonly asset: string | null
}

/** A limit that a yes does not lift, and what is used of it. */
export interface Budget {
  readonly whose: 'grant' | 'payer' | 'tenant'
  readonly period: 'day' | 'month' | 'total'
  readonly used: string
  readonly limit: string
}

type Said = Partial<Pick<Difference, 'rule' | 'used' | 'asset'>> & {
  readonly asked: string
  readonly allowed: string
}
interface Asking {
  readonly facts: DecisionFacts
  readonly profile: CompiledProfile
  readonly rule: string | undefined
}

/** One for each rule behind the codes of a decision, in the order of the codes. */
export function differencesOf(
  facts: DecisionFacts,
  profile: CompiledProfile,
  reasonCodes: readonly string[],
): readonly Difference[] {
  const { findings } = evaluate(facts, profile)
  return reasonCodes.flatMap((code) => {
    const own = findings.filter((finding) => finding.code === code)
    const rules = own.length === 0 ? [{ code: code as ReasonCode, rule: undefined }] : own
    return rules.map((finding) => differenceOf(finding, facts, profile))
  })
}

function differenceOf(
  { code, rule }: Pick<Finding, 'code' | 'rule'>,
  facts: DecisionFacts,
  profile: CompiledProfile,
): Difference {
  const known = REASON_CODES[code] as { readonly meaning: string } | undefined
  const said = SAYINGS[familyOf(code)]?.({ facts, profile, rule })
  const { asked = facts.intent.action, allowed = '', used = null, asset = null } = said ?? {}
  const named = said?.rule === undefined ? (rule ?? null) : said.rule
  return {
    reasonCode: code,
    meaning: known?.meaning ?? code,
    rule: named,
    asked,
    allowed,
    used,
    asset,
  }
}

/** The kind of rule behind a code: without what it causes. */
function familyOf(code: string): string {
  return code.replace(/_(?:challenged|escalated|denied|exceeded|missing|unknown)$/, '')
}

const SAYINGS: Readonly<Record<string, (asking: Asking) => Said>> = {
  approval: ({ facts: { intent }, profile }) => {
    const tiers = profile.tiers.get(intent.asset) ?? []
    return inMoney(intent.asset, intent.amount, tiers.at(-1)?.above ?? 0n)
  },
  per_request: ({ facts: { intent }, profile }) =>
    inMoney(intent.asset, intent.amount, profile.perRequest.get(intent.asset) ?? 0n),
  unit_per_request: ({ facts: { intent }, profile }) => {
    const unit = profile.units.get(intent.asset)
    const most = (unit?.perRequest ?? 0n) / (unit?.factors.get(intent.asset) ?? 1n)
    return { ...inMoney(intent.asset, intent.amount, most), rule: unit?.unit ?? null }
  },
  risk_class: ({ facts, profile }) => {
    const open = [...profile.risk.values()].filter(({ outcome }) => outcome === 'allow')
    return { asked: facts.intent.riskClass, allowed: listed(open.map((each) => each.riskClass)) }
  },
  autonomy: ({ facts, profile, rule }) => {
    const { autonomy } = profile
    const row = autonomy?.rows.get(levelOf(facts, autonomy.unstated))
    const bands = (['low', 'medium', 'high', 'critical'] as const).filter(
      (band) => row?.[band] === 'allow',
    )
    return {
      asked: rule ?? '',
      rule: null,
      allowed: bands.map((band) => `${band} risk`).join(', '),
    }
  },
  session: ({ facts: { session }, profile, rule }) => {
    const rules = profile.profile.session
    const open = SESSIONS.filter(({ member }) => rules?.[member] === 'allow')
    const asked = SESSIONS.find(({ id }) => id === rule)?.words ?? 'a session'
    const plain = 'a session that is known, untainted and without signals'
    const allowed = listed([plain, ...open.map(({ words }) => words)])
    return { asked: session === null ? UNKNOWN_SESSION : asked, allowed }
  },
  condition: ({ profile, rule }) => {
    const written = profile.conditions.find((each) => each.rule.id === rule)?.rule.when ?? ''
    return { asked: `a request of which this is true: ${written}`, allowed: 'any other' }
  },
  rate: ({ facts, profile, rule }) => {
    const { intent, payer } = facts
    const found = matching(profile.rates.rates, intent).find(({ id }) => id === rule)
    if (found === undefined) return { asked: intent.action, allowed: '' }
    const count = rateCounts(facts.rates)(rowOf('rate', found, intent, payer?.principalId)) ?? 0
    const allowed = `${String(found.max)} in ${seconds(found.windowMs)}, of one ${found.per}`
    return { asked: 'one more', allowed, used: String(count) }
  },
  sequence: ({ facts, profile, rule }) => {
    const { intent, payer } = facts
    const found = matching(profile.rates.next, intent).find(({ id }) => id === rule)
    if (found === undefined) return { asked: intent.action, allowed: '' }
    const count = rateCounts(facts.rates)(rowOf('sequence', found, intent, payer?.principalId)) ?? 0
    const first = Object.values(found.first).flat().join(', ')
    const allowed = `none within ${seconds(found.windowMs)} after ${first || 'another'}, of one ${found.per}`
    return { asked: intent.action, allowed, used: String(count) }
  },
  fallback: ({ facts, profile }) => {
    const only = profile.profile.challengeOnly?.riskClasses
    const asked = facts.intent.riskClass
    return { asked, allowed: only === undefined ? '' : `any but ${only.join(', ')}` }
  },
  tool_manifest: ({ facts }) => ofTool(facts, 'a tool whose manifest is known'),
  tool_version: ({ facts }) => ofTool(facts, 'a tool whose version is known'),
  receipt_signature: ({ facts }) => ({
    asked: facts.intent.rail,
    allowed: 'a rail whose money is irrevocable on a verdict alone',
  }),
}

const UNKNOWN_SESSION = 'a request of which no session is known'
const SESSIONS = [
  { id: 'unknown', member: 'unknown', words: UNKNOWN_SESSION },
  { id: 'tainted', member: 'tainted', words: 'a tainted session' },
  { id: 'prompt_contagion', member: 'promptContagion', words: 'a session with contagion' },
  { id: 'bad_actor', member: 'badActor', words: 'a session with a bad actor' },
] as const

function inMoney(asset: string, asked: string, allowed: bigint): Said {
  return { asked, allowed: String(allowed), asset }
}

function ofTool({ intent }: DecisionFacts, allowed: string): Said {
  return { asked: intent.tool ?? 'a request that names no tool', allowed }
}

function listed(words: readonly string[]): string {
  return words.join(', ')
}

function seconds(windowMs: number): string {
  return `${String(windowMs / 1_000)} s`
}

/** Every budget that the payment counts against and that is limited, and what is used of it. */
export function budgetsOf(facts: DecisionFacts, profile: CompiledProfile): readonly Budget[] {
  const { intent, payer, grantChain } = facts
  const { asset } = intent
  const counters = indexOf(facts.counters)
  const starts = { ...periodsAt(facts.at), total: null }
  const budgets: Budget[] = []
  const add = (
    [whose, subject]: readonly [Budget['whose'], string],
    period: Budget['period'],
    limits: Limits | undefined,
  ): void => {
    if (limits === undefined) return
    const used = usedOf(counters, { subject, asset, period, start: starts[period] })
    const limit = String(limits.get(asset) ?? 0n)
    if (used !== undefined) budgets.push({ whose, period, used: String(used), limit })
  }
  for (const { grantHash, bounds } of grantChain) {
    const whose = ['grant', `grant:${grantHash}`] as const
    add(whose, 'day', bounds.perDay && amounts(bounds.perDay))
    add(whose, 'total', bounds.total && amounts(bounds.total))
  }
  if (payer !== null) {
    const whose = ['payer', `principal:${payer.principalId}`] as const
    add(whose, 'day', profile.perDay)
    add(whose, 'month', profile.perMonth)
    add(whose, 'total', profile.total)
  }
  const tenant = ['tenant', 'tenant'] as const
  add(tenant, 'day', profile.tenantPerDay)
  add(tenant, 'month', profile.tenantPerMonth)
  add(tenant, 'total', profile.tenantTotal)
  return budgets
}

function amounts(limits: readonly { readonly asset: string; readonly max: string }[]): Limits {
  return new Map(limits.map(({ asset, max }) => [asset, BigInt(max)]))
}
