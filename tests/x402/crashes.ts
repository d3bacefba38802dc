/**
 * Buys, kills the server at a random moment, starts it again, asks again under the same keys, and
 * in the end counts: on the chain, in the books, and what the buyer was told.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { PAYEES } from '@surety/local-chain'
import { fsck } from '@surety/server'
import { pass } from '../support/house.ts'
import { openMeteredTown } from './metered.ts'
import { moneyOf, type Town } from './town.ts'

export interface CrashCounts {
  kills: number
  purchases: number
  /** How often a kill left a buyer without an answer. */
  unanswered: number
  /** Minor units that the chain had before the last start. */
  paidUnderFire: number
  captured: number
  /** Of those, how many took less than was held. */
  partly: number
  voided: number
}

const SERVER = fileURLToPath(new URL('../crash/server.ts', import.meta.url))
const BUYERS = 4
const PRICE = 10_000n
/** What is bought under a key, by its number: at its price, or by use, with what it takes. */
const WARES = [
  { path: '/weather', costs: PRICE },
  { path: '/metered?take=1', costs: 1n },
  { path: '/weather', costs: PRICE },
  { path: '/metered?take=33333', costs: 33_333n },
  { path: '/metered?take=0', costs: 0n },
  { path: '/metered', costs: 50_000n },
] as const

function wareOf(key: string): (typeof WARES)[number] {
  const [, kill = '0', buyer = '0'] = key.split('-')
  return WARES[(Number(kill) * BUYERS + Number(buyer)) % WARES.length] ?? WARES[0]
}
const KILL_WITHIN_MS = 120
const BEGUN_WITHIN_MS = 10_000
const VALID_MS = 61_000
const DAY_SECONDS = 86_400

/** The same numbers for the same seed (mulberry32). */
function drawing(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

interface Served {
  readonly child: ChildProcess
  readonly url: string
}

async function serve(town: Town): Promise<Served> {
  const node = `${town.world.network}=${town.world.rpcUrl}`
  const args = ['--conditions=@surety/source', SERVER, town.house.directory, node]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, url: line.toString().trim() }
}

/** What was last said under a key, for whoever asks why nothing was bought. */
const refusals = new Map<string, string>()

/** What a buyer was told under a key: the gate and its state, or nothing. */
async function ask(town: Town, url: string, key: string): Promise<Told | undefined> {
  const resource = `${town.world.urls.express ?? ''}${wareOf(key).path}`
  try {
    const answer = await fetch(`${url}/v1/fetch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${town.agent.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify({ url: resource, grantHash: town.grantHash }),
    })
    const said = (await answer.json()) as { readonly gate?: Told; readonly code?: string }
    refusals.set(key, `${said.code ?? 'none'} ${JSON.stringify(said).slice(0, 400)}`)
    return said.gate
  } catch {
    // Killed before it could answer: the buyer knows nothing, and asks again.
    return undefined
  }
}

interface Told {
  readonly gateId: string
  readonly state: string
  readonly settlement: { readonly captured: string; readonly refunded: string } | null
}

const FAULTS = [
  { type: 'none' },
  { type: 'none' },
  { type: 'drop' },
  { type: 'fail', status: 503 },
  { type: 'slow', ms: 60 },
] as const

/** Kills a server so many times while it buys. Throws if a payment was made twice or was lost. */
export async function crashes(seed: number, kills: number): Promise<CrashCounts> {
  const draw = drawing(seed)
  const none = { kills: 0, purchases: 0, unanswered: 0, paidUnderFire: 0 }
  const counts: CrashCounts = { ...none, captured: 0, partly: 0, voided: 0 }
  const town = await openMeteredTown({ world: { sellers: ['express'] }, fund: 100_000_000n })
  try {
    const had = await town.world.balance(PAYEES.express)
    await town.house.running.stop()
    const told = new Map<string, Told | undefined>()
    while (counts.kills < kills) {
      const { child, url } = await serve(town)
      await town.world.breakSeller('express', FAULTS[draw(FAULTS.length)] ?? { type: 'none' })
      const late = draw(4) === 0
      await town.world.breakFacilitator(
        late ? { type: 'pending', settlesAfterMs: draw(80) } : { type: 'none' },
      )
      const open = [...told].flatMap(([key, known]) => (known === undefined ? [key] : []))
      const fresh = Array.from(
        { length: BUYERS },
        (_, i) => `purchase-${String(counts.kills)}-${String(i)}`,
      )
      let answered = 0
      const asked = [...open, ...fresh].map(async (key) => {
        const now = await ask(town, url, key)
        if (now === undefined) counts.unanswered += 1
        else answered += 1
        remember(told, key, now)
      })
      // A slow machine must not be killed before it has begun: some kills wait for answers.
      await reached(() => answered, draw(BUYERS))
      await new Promise((resolve) => setTimeout(resolve, draw(KILL_WITHIN_MS)))
      child.kill('SIGKILL')
      await Promise.all([once(child, 'close'), ...asked])
      counts.kills += 1
    }
    const soFar = (await town.world.balance(PAYEES.express)) - had
    counts.paidUnderFire = Number(soFar)
    const captured = await settleAll(town, told, counts)
    const earned = (await town.world.balance(PAYEES.express)) - had
    assert.equal(earned, captured, 'the chain has what was captured')
    counts.purchases = told.size
    return counts
  } finally {
    await town.close()
  }
}

async function reached(count: () => number, goal: number): Promise<void> {
  const started = performance.now()
  while (count() < goal && performance.now() - started < BEGUN_WITHIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** INVARIANT(once): whatever was said about a key before, it is about the same gate. */
function remember(told: Map<string, Told | undefined>, key: string, now: Told | undefined): void {
  const before = told.get(key)
  if (before !== undefined && now !== undefined) assert.equal(now.gateId, before.gateId, key)
  told.set(key, now ?? before)
}

/** Serves once more, asks for every key, lets all that is unknown end, and counts. */
async function settleAll(
  town: Town,
  told: Map<string, Told | undefined>,
  counts: CrashCounts,
): Promise<bigint> {
  let captured = 0n
  town.house = await town.house.restart()
  const { running } = town.house
  await town.world.breakSeller('express', { type: 'none' })
  await town.world.breakFacilitator({ type: 'none' })
  await running.tick()
  for (const key of told.keys()) remember(told, key, await ask(town, running.url, key))
  pass(2 * VALID_MS)
  // Far: the clock of the house may be ahead of the chain's by what earlier tests let pass.
  await town.world.warp(DAY_SECONDS)
  await running.tick()
  const gates = new Set<string>()
  for (const key of told.keys()) {
    const now = await ask(town, running.url, key)
    assert.ok(now !== undefined, `nothing is known of ${key}: ${refusals.get(key) ?? ''}`)
    remember(told, key, now)
    gates.add(now.gateId)
    assert.ok(now.state === 'settled' || now.state === 'voided', `${key} is ${now.state}`)
    if (now.state === 'settled') counts.captured += 1
    else counts.voided += 1
    const took = BigInt(now.settlement?.captured ?? 0)
    captured += took
    // INVARIANT(budget): a purchase costs what its seller takes, or nothing; never more.
    assert.equal(took, now.state === 'settled' ? wareOf(key).costs : 0n, key)
    if (took > 0n && now.settlement?.refunded !== '0') counts.partly += 1
  }
  assert.equal(gates.size, told.size, 'a purchase for each key')
  const { booked, available, onChain } = await moneyOf(town)
  assert.deepEqual([booked, available], [onChain, onChain], 'the books have what the chain has')
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
  return captured
}
