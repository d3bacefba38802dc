/** Tries a profile with the evaluator of the runtime: on scenarios, or in search of a way out. */
import { policy } from '@surety/domain'
import type { ProfileScenario } from '@surety/protocol'
import { stringify } from 'yaml'
import * as checks from '../../checks.ts'
import type { Answer, CommandSpec, Given } from '../../command.ts'
import { EXIT, usageError } from '../../exit.ts'
import { inspectProfile, readProfile } from '../../local/profile-file.ts'
import { isStarter, readScenarios, STARTERS, scenarioRoom } from '../../local/starters.ts'
import { formatMoney } from '../../terminal/money.ts'
import { plain, styled } from '../../terminal/render.ts'
import { SCAFFOLDED } from './init.ts'

const DAY_MS = 86_400_000
const ACTIONS_MAX = 64

export const simulate: CommandSpec = {
  name: 'simulate <file>',
  summary: 'run scenarios through the evaluator of the runtime, or search for a way to overspend',
  examples: [
    'surety profile simulate profile.yaml',
    'surety profile simulate profile.yaml --scenarios scenarios/ --json',
    'surety profile simulate profile.yaml --exceed 100000 --of USD/2 --actions 8 --within-days 1',
  ],
  options: [
    {
      flags: '--scenarios <dir>',
      about: 'scenarios of ProfileScenario.v1; else those of the starter it was scaffolded from',
    },
    {
      flags: '--exceed <amount>',
      about: 'search instead: can this be exceeded without asking anybody? ends with 1 if so',
      check: checks.amount,
    },
    { flags: '--of <asset>', about: 'of what: an asset, or a unit over all its assets: USD' },
    {
      flags: '--actions <count>',
      about: 'how many requests the schedule has at most',
      fallback: '6',
      check: checks.wholeNumber,
    },
    {
      flags: '--within-days <days>',
      about: 'how long the schedule takes at most',
      fallback: '1',
      check: checks.wholeNumber,
    },
  ],
  run: async (given) => {
    const path = given.arg(0)
    const { profile, policyHash } = readProfile(path)
    const compiled = policy.compile(profile, policyHash)
    const budget = given.text('exceed')
    return budget === undefined
      ? scenariosAnswer(compiled, scenariosFor(given, path))
      : searchAnswer(compiled, goalOf(given, budget, profile.allowlists.assets))
  },
}

/** INVARIANT(determinism): the order of scenarios is that of their names, on every machine. */
function scenariosFor(given: Given, path: string): readonly ProfileScenario[] {
  const directory = given.text('scenarios')
  if (directory !== undefined) return readScenarios(directory)
  const { text, profile } = inspectProfile(path)
  const name = SCAFFOLDED.exec(text)?.[1] ?? profile.profileId
  if (isStarter(name)) return readScenarios(scenarioRoom(name))
  throw usageError(
    `\`${path}\` does not say which starter it was scaffolded from`,
    `give --scenarios DIR, or keep the line \`# scaffolded from: NAME\` of ${STARTERS.join(', ')}`,
  )
}

function scenariosAnswer(
  compiled: policy.CompiledProfile,
  scenarios: readonly ProfileScenario[],
): Answer {
  const reports = scenarios.map((scenario) => policy.runScenario(compiled, scenario))
  const failed = reports.filter(({ ok }) => !ok).length
  const { profileId, version } = compiled.profile
  const tally = `${String(reports.length - failed)} of ${String(reports.length)} scenarios came out as expected`
  return {
    document: {
      ok: failed === 0,
      profileId,
      version,
      policyHash: compiled.policyHash,
      scenarios: reports,
    },
    lines: [...reports.flatMap(scenarioLines), '', tally],
    exit: failed === 0 ? EXIT.done : EXIT.no,
  }
}

function scenarioLines({ name, ok, steps }: policy.ScenarioReport): readonly string[] {
  const mark = ok ? styled('green', '✓') : styled('red', '✗')
  return [`${mark} ${plain(name)}`, ...steps.flatMap(stepLines)]
}

function stepLines(step: policy.StepReport): readonly string[] {
  const { request, decision, failures, shadow, expected, asExpected } = step
  const money = formatMoney(request.amount, request.asset)
  const lines = [`    ${decision.padEnd(9)} ${money}, ${request.riskClass}${named(step.name)}`]
  for (const { code, rule, meaning, remedy } of failures) {
    lines.push(plain(`        ${code}${named(rule)}: ${meaning}`), plain(`          → ${remedy}`))
  }
  if (shadow !== null && shadow !== undefined) {
    lines.push(`        enforced it would be ${shadow.decision}: ${shadow.reasonCodes.join(', ')}`)
  }
  if (!asExpected && expected !== null) {
    const codes = expected.reasonCodes === undefined ? '' : `: ${expected.reasonCodes.join(', ')}`
    lines.push(styled('red', plain(`        expected ${expected.decision}${codes}`)))
  }
  return lines
}

function named(name: string | null): string {
  return name === null ? '' : plain(` (${name})`)
}

function goalOf(given: Given, budget: string, assets: readonly string[]): policy.SearchGoal {
  const of = given.text('of') ?? assets[0]
  if (of === undefined)
    throw usageError('the profile allows no asset', 'there is nothing to exceed')
  const actionsMax = Number(given.required('actions'))
  if (actionsMax < 1 || actionsMax > ACTIONS_MAX) {
    throw usageError('--actions is out of range', `give 1 to ${String(ACTIONS_MAX)}`)
  }
  const withinMs = Number(given.required('withinDays')) * DAY_MS
  return { of, budget: BigInt(budget), actionsMax, withinMs }
}

function searchAnswer(compiled: policy.CompiledProfile, goal: policy.SearchGoal): Answer {
  const result = policy.searchOverspend(compiled, undefined, goal)
  const { found, most, decisions, exhausted } = result
  const stated = {
    of: goal.of,
    budget: String(goal.budget),
    actionsMax: goal.actionsMax,
    withinMs: goal.withinMs,
  }
  const document = {
    ok: found === null,
    policyHash: compiled.policyHash,
    ...stated,
    most: String(most),
    decisions,
    exhausted,
    scenario: found,
  }
  if (found !== null) {
    const head = `# ${String(goal.budget)} of ${goal.of} can be exceeded; save this and run it with --scenarios`
    return {
      document,
      lines: [head, stringify(found, { aliasDuplicateObjects: false }).trimEnd()],
      exit: EXIT.no,
    }
  }
  const tried = exhausted
    ? `all schedules that were to be tried were tried, with ${String(decisions)} decisions`
    : `the search stopped after ${String(decisions)} decisions; there may be a way that it did not try`
  return {
    document,
    lines: [
      `no schedule of ${String(goal.actionsMax)} requests exceeds ${String(goal.budget)} of ${goal.of}`,
      `  the most that one of them spends is ${String(most)}`,
      `  ${tried}`,
    ],
    exit: EXIT.done,
  }
}
