/**
 * What a scenario comes to under a profile, step by step, and whether it is what was expected.
 *
 * @module
 */
import {
  type DecisionOutcome,
  type Obligation,
  type ProfileScenario,
  REASON_CODES,
  type ReasonCode,
} from '@surety/protocol'
import type { CompiledProfile } from '../profile/compile.ts'
import { type Simulated, type Step, simulate, worldOf } from './world.ts'

export interface Failure {
  readonly code: ReasonCode
  /** The rule of the profile, where there are several of the kind. */
  readonly rule: string | null
  readonly meaning: string
  readonly remedy: string
}

export interface StepReport {
  readonly at: string
  readonly name: string | null
  readonly request: Step['request'] & { readonly asset: string }
  readonly decision: DecisionOutcome
  readonly reasonCodes: readonly ReasonCode[]
  readonly failures: readonly Failure[]
  readonly obligations: readonly Obligation[]
  readonly shadow: Simulated['evaluation']['shadow'] | null
  readonly expected: NonNullable<Step['expect']> | null
  readonly asExpected: boolean
}

export interface ScenarioReport {
  readonly name: string
  readonly ok: boolean
  readonly steps: readonly StepReport[]
}

/** Runs a scenario from its beginning. */
export function runScenario(profile: CompiledProfile, scenario: ProfileScenario): ScenarioReport {
  let world = worldOf(scenario.given)
  const steps = scenario.steps.map((step) => {
    const simulated = simulate(profile, world, step)
    world = simulated.after
    return reportOf(step, simulated)
  })
  return { name: scenario.name, ok: steps.every(({ asExpected }) => asExpected), steps }
}

function reportOf(step: Step, { facts, evaluation }: Simulated): StepReport {
  const { decision, reasonCodes, findings, obligations, shadow } = evaluation
  const failures = findings.map(({ code, rule }) => {
    const { meaning, remedy } = REASON_CODES[code]
    return { code, rule: rule ?? null, meaning, remedy }
  })
  return {
    at: facts.at,
    name: step.name ?? null,
    request: { ...step.request, asset: facts.intent.asset },
    decision,
    reasonCodes,
    failures,
    obligations,
    shadow: shadow ?? null,
    expected: step.expect ?? null,
    asExpected: isExpected(step.expect, decision, reasonCodes),
  }
}

function isExpected(
  expected: Step['expect'],
  decision: DecisionOutcome,
  reasonCodes: readonly ReasonCode[],
): boolean {
  if (expected === undefined) return true
  const codes = expected.reasonCodes ?? reasonCodes
  return expected.decision === decision && codes.join(' ') === reasonCodes.join(' ')
}
