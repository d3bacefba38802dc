/** How much risk the level of autonomy carries: the level of the grants, the band of the risk. */
import type { DecisionFacts } from '@surety/protocol'
import type { CompiledAutonomy, CompiledBand } from '../../profile/compile.ts'
import type { Findings, RuleInput } from '../rule.ts'
import { failWith } from './consequence.ts'

export function checkAutonomy(input: RuleInput, findings: Findings): void {
  const { autonomy } = input.profile
  if (autonomy === undefined) return
  const level = levelOf(input.facts, autonomy.unstated)
  const band = bandOf(input, autonomy)
  const row = autonomy.rows.get(level)
  const outcome = row?.[band] ?? 'deny'
  if (outcome === 'allow') return
  const { approvers, role } = row ?? {}
  failWith(
    'autonomy',
    {
      id: `level ${level}, ${band} risk`,
      outcome,
      ...(approvers === undefined ? {} : { approvers }),
      ...(role === undefined ? {} : { role }),
    },
    findings,
  )
}

/** The lowest level that a grant of the chain states. */
export function levelOf(facts: DecisionFacts, unstated: number): number {
  let level: number | undefined
  for (const { bounds } of facts.grantChain) {
    if (bounds.autonomy === undefined) continue
    if (level === undefined || bounds.autonomy < level) level = bounds.autonomy
  }
  return level ?? unstated
}

/** The gravest band whose every member holds. */
function bandOf(input: RuleInput, { bands }: CompiledAutonomy): CompiledBand['band'] | 'low' {
  return bands.find((band) => holds(band, input))?.band ?? 'low'
}

function holds(band: CompiledBand, { facts, amount }: RuleInput): boolean {
  const { intent, rail } = facts
  const { riskClasses, sideEffecting, irrevocable, above } = band
  if (riskClasses !== undefined && !riskClasses.has(intent.riskClass)) return false
  if (sideEffecting !== undefined && sideEffecting !== intent.sideEffecting) return false
  // A rail that is not known is taken for irrevocable.
  const isIrrevocable = rail?.irrevocable !== 'on_verdict'
  if (irrevocable !== undefined && irrevocable !== isIrrevocable) return false
  return above === undefined || amount > (above.get(intent.asset) ?? 0n)
}
