/**
 * One data directory, killed again and again.
 *
 * @module
 */
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { Dice } from '../sim/world.ts'
import { Load } from './load.ts'
import { type Budget, buildTown, newBudget, type Town } from './town.ts'
import {
  askAgain,
  checkFacts,
  checkHeldBack,
  checkLock,
  checkReplays,
  checkWhole,
} from './verify.ts'
import { checkApprovals, checkControls } from './verify-people.ts'
import { Victim } from './victim.ts'
import { Wire } from './wire.ts'

export interface Counts {
  runs: number
  kills: number
  /** Answers that clients had, and that were still true. */
  answers: number
  /** Requests that a kill left without an answer, asked again. */
  again: number
  /** Answers of people that were told, and are kept. */
  answered: number
  /** Shares that were held back and have gone on, or were contested, at each look. */
  heldBack: number
}

const LOAD_MAX_MS = 220
const STARTUP_MAX_MS = 500
const SHUTDOWN_MAX_MS = 12
const REPLAYS_MAX = 12

/** Kills and checks `runs` times; throws at the first thing that does not hold. */
export async function chain(seed: number, runs: number, counts: Counts): Promise<void> {
  const dice = new Dice(seed)
  const town = await buildTown()
  try {
    const street: Street = { town, dice, counts, victim: new Victim(town.directory) }
    await street.victim.ready()
    for (let run = 1; run <= runs; run += 1) {
      try {
        await crashOnce(street)
      } catch (cause) {
        await street.victim.kill()
        throw new Error(`run ${String(run)} of seed ${String(seed)}`, { cause })
      }
      counts.runs += 1
    }
    await street.victim.stop()
    await checkWhole(town)
  } finally {
    await town.house.close()
  }
}

/** What goes on from crash to crash. */
interface Street {
  readonly town: Town
  readonly dice: Dice
  readonly counts: Counts
  victim: Victim
}

async function crashOnce(street: Street): Promise<void> {
  const { town, dice, counts, victim } = street
  const budget = newBudget(town)
  const wire = new Wire(victim.url)
  const load = new Load(town, wire, dice)
  // A fault of the load is told once the server is gone, with the run that it belongs to.
  const loaded = load.run(budget).catch((fault: unknown) => ({ fault }))
  await after(dice.below(LOAD_MAX_MS))
  if (dice.oneIn(6)) {
    victim.askToStop()
    await after(dice.below(SHUTDOWN_MAX_MS))
  }
  await victim.kill()
  const ended = await loaded
  if (ended !== undefined) throw ended.fault
  wire.close()
  counts.kills += 1
  if (dice.oneIn(2)) tearNotices(town)
  if (dice.oneIn(8)) await killAtStart(street)
  street.victim = new Victim(town.directory)
  // What is stopped is examined while the next process begins.
  await checkWhole(town)
  await street.victim.ready()
  await check(street, budget, load)
}

async function check(
  { town, victim, dice, counts }: Street,
  budget: Budget,
  { asked }: Load,
): Promise<void> {
  checkLock(town)
  const wire = new Wire(victim.url)
  counts.again += await askAgain(wire, asked)
  const sample = Array.from({ length: Math.min(REPLAYS_MAX, asked.length) }, () => dice.pick(asked))
  await checkReplays(wire, [...asked.slice(-3), ...sample])
  await checkControls(town, wire, budget, asked)
  const due = new Date().toISOString()
  await victim.tick()
  counts.heldBack += checkHeldBack(town, due, asked)
  counts.answered += checkApprovals(town, asked)
  counts.answers += await checkFacts(town, wire, budget, asked)
  wire.close()
}

/** A write that the machine did not finish: the beginning of a line, and nothing after it. */
function tearNotices({ directory }: Town): void {
  const file = join(directory, 'notices.jsonl')
  if (existsSync(file)) appendFileSync(file, '{"position":9999,"tenantId":"ten_')
}

async function killAtStart({ town, dice, counts }: Street): Promise<void> {
  const unborn = new Victim(town.directory)
  await after(dice.below(STARTUP_MAX_MS))
  await unborn.kill()
  counts.kills += 1
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
