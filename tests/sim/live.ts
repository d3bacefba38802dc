/**
 * Lives one simulated life, step by step.
 *
 * @module
 */
import { type Life, type Outcome, Simulation } from './sim.ts'
import { ALL, CHANGES, type Deed, FIRST, GO_ON, MONEY, type Step } from './steps.ts'

export interface Lived {
  readonly digest: string
  readonly gates: number
  /** How often each thing happened. */
  readonly seen: ReadonlyMap<string, number>
}

/** Throws at the first step after which something does not hold; the message says which. */
export async function live({ seed, steps, examineEvery }: Life): Promise<Lived> {
  const sim = new Simulation(seed)
  await sim.begin()
  for (const deed of FIRST) await together(sim, [deed])
  for (let step = 1; step <= steps; step += 1) {
    try {
      await oneStep(sim)
      await sim.assertBooks()
      if (step % examineEvery === 0) await sim.examine()
    } catch (cause) {
      throw new Error(`step ${String(step)} of seed ${String(seed)}`, { cause })
    }
  }
  await sim.noticeDeadlines()
  const digest = await sim.end()
  return { digest, gates: sim.model.gates.size, seen: sim.model.seen }
}

async function oneStep(sim: Simulation): Promise<void> {
  const { dice } = sim
  await sim.pass()
  const roll = dice.below(60)
  if (roll === 0) return sim.crash()
  if (roll <= 4) return sim.noticeDeadlines()
  if (roll <= 14) {
    const count = 2 + dice.below(5)
    const deeds = Array.from({ length: count }, () => dice.pick(MONEY))
    // Now and then the very same thing, asked for several times at once.
    return together(sim, dice.oneIn(3) ? deeds.fill(deeds[0] as Deed) : deeds)
  }
  if (roll <= 20) return changeUnderneath(sim)
  return together(sim, [dice.pick(ALL)])
}

/** INVARIANT(control): what changes between authorization and effect counts. */
async function changeUnderneath(sim: Simulation): Promise<void> {
  sim.watched = sim.gate(({ status }) => status === 'authorized')?.gateId
  if (sim.watched === undefined) return together(sim, [sim.dice.pick(ALL)])
  await together(sim, [sim.dice.pick(CHANGES)])
  await together(sim, [GO_ON])
  sim.watched = undefined
}

/** Asks for all of it at once, and learns from the answers. */
async function together(sim: Simulation, deeds: readonly Deed[]): Promise<void> {
  const steps: Step[] = []
  for (const deed of deeds) {
    const step = deed(sim)
    if (step !== undefined) steps.push(step)
  }
  if (steps.length > 1 && sim.dice.oneIn(3)) steps.fill(steps[0] as Step)
  const outcomes = await Promise.all(steps.map(({ who, call }) => sim.ask(who, call)))
  const alone = steps.length === 1
  const before = new Set([...sim.model.gates.values()].filter(({ isUsed }) => isUsed))
  // Money that comes back is learned first: the model does not know the order of the commit.
  for (const isGain of [true, false]) {
    for (const [i, { learn }] of steps.entries()) {
      const outcome = outcomes[i] as Outcome
      if (gains(outcome) === isGain) learn(outcome, alone)
    }
  }
  const after = [...sim.model.gates.values()].filter(({ isUsed }) => isUsed)
  sim.assertBudgets(after.filter((gate) => !before.has(gate)))
}

function gains(outcome: Outcome): boolean {
  return 'signed' in outcome && outcome.signed.view.state !== 'authorized'
}
