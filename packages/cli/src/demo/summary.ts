/**
 * What the demo leaves behind where it is asked to: `DemoSummary.v1`.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeOver } from '../local/files.ts'
import type { Balances } from './moves.ts'
import type { StepFacts, StepId } from './step.ts'

export interface StepSummary extends StepFacts {
  readonly id: StepId
  readonly ok: boolean
  readonly durationMs: number
}

export interface DemoSummary {
  readonly schemaVersion: 'DemoSummary.v1'
  readonly ok: boolean
  readonly durationMs: number
  readonly steps: readonly StepSummary[]
  readonly balances: {
    readonly opening: Balances
    readonly closing: Balances
    readonly conserved: boolean
  }
}

/** Makes the directory, and clears bundles that an earlier demo left in it. */
export function prepareOut(directory: string): void {
  const bundles = join(directory, 'bundles')
  mkdirSync(directory, { recursive: true })
  if (!existsSync(bundles)) return
  for (const name of readdirSync(bundles)) {
    if (/^gat_[0-9a-z]{26}$/.test(name)) rmSync(join(bundles, name), { recursive: true })
  }
}

export function writeSummary(directory: string, summary: DemoSummary): void {
  writeOver(join(directory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
}
