/**
 * `npm run test:crash`: kills a server at random, at least 200 times, and checks that nothing that
 * was promised is lost. A failing run is repeated by its seed.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { type Counts, chain } from './chain.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200' }, seed: { type: 'string' } },
})
const RUNS_OF_ONE_DIRECTORY = 14
const runs = Number(values.runs)
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const counts: Counts = { runs: 0, kills: 0, answers: 0, again: 0, answered: 0, heldBack: 0 }
const started = performance.now()

process.stderr.write(`npm run test:crash -- --seed=${String(seed)} --runs=${String(runs)}\n`)
try {
  for (let link = 0; counts.runs < runs; link += 1) {
    await chain(seed + link, Math.min(RUNS_OF_ONE_DIRECTORY, runs - counts.runs), counts)
    const seconds = Math.round((performance.now() - started) / 1_000)
    process.stderr.write(`${String(counts.runs)} of ${String(runs)} runs, ${String(seconds)} s\n`)
  }
} catch (cause) {
  process.stderr.write(`after ${String(counts.runs)} runs from seed ${String(seed)}:\n`)
  process.exitCode = 1
  process.stderr.write(`${inWords(cause)}\n`)
}
const { kills, answers, again, answered } = counts
process.stdout.write(
  `${String(counts.runs)} runs, ${String(kills)} kills, ${String(answers)} acknowledged answers checked, ${String(again)} unanswered requests completed once, ${String(answered)} answers of people kept, seed ${String(seed)}\n`,
)

function inWords(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  return `${fault.stack ?? fault.message}${fault.cause === undefined ? '' : `\n${inWords(fault.cause)}`}`
}
