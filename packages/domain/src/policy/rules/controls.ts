/** INVARIANT(control): what an operator has stopped is stopped, whatever the profile allows. */
import type { ControlFacts, DecisionFacts, ReasonCode } from '@surety/protocol'
import type { Findings } from './rule.ts'

const CODES = {
  pause: 'control_paused',
  quarantine: 'control_quarantined',
  kill_switch: 'control_kill_switch',
} as const satisfies Readonly<Record<ControlFacts['kind'], ReasonCode>>

export function checkControls(
  { facts }: { readonly facts: Pick<DecisionFacts, 'controls'> },
  findings: Findings,
): void {
  for (const { kind } of facts.controls) findings.fail(CODES[kind])
}
