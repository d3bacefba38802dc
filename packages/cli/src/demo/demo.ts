/**
 * The demo: how an agent buys from a provider through Surety, what is refused, and the proof.
 *
 * Real parts on an embedded store, offline: a house, a provider in a process of its own, and
 * parties that only speak HTTP. A step that does not come out as it must is told as such.
 *
 * @module
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, CommandHost } from '../command.ts'
import { EXIT } from '../exit.ts'
import { plain, styled, wrapped } from '../terminal/render.ts'
import { mutationRefused, replayRefused } from './binding.ts'
import { budgetRaceNoOverspend, challengeWaits, overLimitDenied } from './limits.ts'
import { type Balances, balances } from './moves.ts'
import {
  approvalDenied,
  approvalGrantedPaid,
  approvalSingleUse,
  quorumTwoOfThree,
  selfApprovalRefused,
} from './people/approvals.ts'
import { killSwitchDualControl, killSwitchStops, resumePays } from './people/controls.ts'
import { replayMoneyImpact, shadowModeReports } from './people/policy-change.ts'
import { isConserved, proofSteps } from './proofs.ts'
import {
  badEvidenceRefunded,
  ledgerPurchaseReleased,
  unauthenticEvidenceIgnored,
} from './purchases.ts'
import { defaultDeny, grantAttenuated, profileApplied } from './rules.ts'
import { type OpenStage, openStage, type Stage } from './stage.ts'
import type { Step } from './step.ts'
import { type DemoSummary, prepareOut, type StepSummary, writeSummary } from './summary.ts'

import {
  chainEqualsBooks,
  hostileOfferRefused,
  lostAnswerUnknown,
  overCapDenied,
  purchaseCaptured,
  ssrfRefused,
  unknownResolved,
} from './x402/steps.ts'

/** Plays all steps; answers with the summary, and exits 0 only if each came out as it must. */
export async function runDemo(out: string | undefined, host: CommandHost): Promise<Answer> {
  const started = performance.now()
  if (out !== undefined) prepareOut(out)
  const interrupted = onInterrupt()
  let open: OpenStage | undefined
  try {
    open = await openStage()
    const { stage } = open
    tellCast(stage, host)
    const opening = await balances(stage)
    const bundles = join(out ?? stage.scratch, 'bundles')
    const steps = await playAll(stepsOf(bundles, opening), stage, host)
    const closing = await balances(stage)
    const conserved = isConserved(opening, closing)
    const summary: DemoSummary = {
      schemaVersion: 'DemoSummary.v1',
      ok: conserved && steps.every(({ ok }) => ok),
      durationMs: Math.round(performance.now() - started),
      steps,
      balances: { opening, closing, conserved },
    }
    if (out !== undefined) {
      copyFileSync(stage.jwksFile, join(out, 'jwks.json'))
      writeSummary(out, summary)
    }
    const lines = endLines(summary, out)
    return { document: summary, lines, exit: summary.ok ? EXIT.done : EXIT.no }
  } finally {
    await open?.close()
    interrupted.forget()
  }
}

function stepsOf(bundles: string, opening: Balances): readonly Step[] {
  return [
    defaultDeny,
    profileApplied,
    grantAttenuated,
    ledgerPurchaseReleased,
    badEvidenceRefunded,
    unauthenticEvidenceIgnored,
    overLimitDenied,
    challengeWaits,
    mutationRefused,
    replayRefused,
    budgetRaceNoOverspend,
    approvalGrantedPaid,
    approvalDenied,
    selfApprovalRefused,
    approvalSingleUse,
    quorumTwoOfThree,
    shadowModeReports,
    replayMoneyImpact,
    purchaseCaptured,
    overCapDenied,
    lostAnswerUnknown,
    unknownResolved,
    hostileOfferRefused,
    ssrfRefused,
    chainEqualsBooks,
    killSwitchDualControl,
    killSwitchStops,
    resumePays,
    ...proofSteps(bundles, () => opening),
  ]
}

async function playAll(
  steps: readonly Step[],
  stage: Stage,
  host: CommandHost,
): Promise<readonly StepSummary[]> {
  const played: StepSummary[] = []
  for (const [i, step] of steps.entries()) {
    played.push(await play(step, i + 1, stage, host))
  }
  return played
}

async function play(
  step: Step,
  number: number,
  stage: Stage,
  host: CommandHost,
): Promise<StepSummary> {
  const started = performance.now()
  const failures: string[] = []
  const expect = (holds: boolean, what: string) => {
    if (!holds) failures.push(what)
  }
  let facts: Omit<StepSummary, 'id' | 'ok' | 'durationMs'> = { outcome: 'failed' }
  let story: readonly string[] = []
  try {
    const { story: told, ...rest } = await step.play(stage, expect)
    facts = rest
    story = told
  } catch (fault) {
    failures.push(fault instanceof Error ? fault.message : String(fault))
  }
  const durationMs = Math.round(performance.now() - started)
  const ok = failures.length === 0
  tellStep({ step, number, story, failures, durationMs }, host)
  return { id: step.id, ok, ...facts, durationMs }
}

function tellCast(stage: Stage, { say }: CommandHost): void {
  const { payer, lead, buyer, provider, providerPid } = stage
  const line = (name: string, what: string) => say(`  ${styled('bold', name.padEnd(7))} ${what}`)
  say(styled('bold', 'An agent buys a weather forecast, through Surety'))
  say('')
  line(payer.name, 'pays: it has put in 100.00 USD')
  line(lead.name, 'an agent that Acme trusts with some of it, by a signed grant')
  line(buyer.name, 'an agent that Scout sends to buy')
  line(
    provider.name,
    `sells forecasts, in a process of its own (${String(providerPid)}), with its own key`,
  )
  say('')
}

interface PlayedStep {
  readonly step: Step
  readonly number: number
  readonly story: readonly string[]
  readonly failures: readonly string[]
  readonly durationMs: number
}

const TITLE_WIDTH = 44
const WIDTH_MIN = 40
const WIDTH_MAX = 96
const INDENT = '     '

function tellStep({ step, number, story, failures, durationMs }: PlayedStep, host: CommandHost) {
  const { say } = host
  const mark = failures.length === 0 ? styled('green', '✓') : styled('red', '✗')
  const title = styled('bold', step.title.padEnd(TITLE_WIDTH))
  say(
    `${String(number).padStart(2)} ${mark} ${title} ${styled('dim', `${step.id}  ${String(durationMs)} ms`)}`,
  )
  const width = storyWidth(process.stdout.columns)
  for (const line of wrapped(story.join(' '), width)) say(`${INDENT}${line}`)
  for (const failure of failures) {
    say(styled('red', `     ✗ it must hold, and does not: ${plain(failure)}`))
  }
}

/** Some terminals say that they have no columns at all. */
function storyWidth(columns: number | undefined): number {
  const stated = columns !== undefined && columns > 0 ? columns : WIDTH_MAX
  return Math.max(Math.min(stated, WIDTH_MAX), WIDTH_MIN) - INDENT.length
}

function endLines(summary: DemoSummary, out: string | undefined): readonly string[] {
  const { steps, ok, durationMs } = summary
  const good = steps.filter((step) => step.ok).length
  const seconds = `${String(Math.floor(durationMs / 1_000))}.${String(Math.floor((durationMs % 1_000) / 100))} s`
  const verdict = `${String(good)} of ${String(steps.length)} steps came out as they must, in ${seconds}`
  const kept =
    out === undefined
      ? []
      : [
          `  kept in ${out}; look for yourself, without a server:`,
          `  npx surety verify ${join(out, 'bundles', firstSettled(steps))} --keys ${join(out, 'jwks.json')}`,
        ]
  return ['', `${ok ? styled('green', '✓') : styled('red', '✗')} ${verdict}`, ...kept]
}

function firstSettled(steps: readonly StepSummary[]): string {
  return steps.find(({ id }) => id === 'bundle_verified')?.gateId ?? ''
}

/** An interrupted demo leaves nothing behind: what listens for `exit` kills and sweeps. */
function onInterrupt(): { forget(): void } {
  const stop = (signal: NodeJS.Signals) => {
    for (const each of SIGNALS) process.off(each, stop)
    process.exit(128 + (signal === 'SIGINT' ? 2 : signal === 'SIGHUP' ? 1 : 15))
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  return {
    forget: () => {
      for (const signal of SIGNALS) process.off(signal, stop)
    },
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
