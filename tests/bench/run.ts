/**
 * `npm run bench`: JSON lines, each a figure with the CPU behind it; the machine's limits first.
 *
 * `-- --large` goes on to 100,000 stored gates. No figure here passes or fails anything.
 *
 * @module
 */
import { approvalRoundTrip } from './approvals.ts'
import { benchDecision } from './decision.ts'
import { openBenchHouse, residentMb } from './house.ts'
import { authorizeMany, declareMany, lifecycles, signIntents } from './http.ts'
import { killSwitchUnderLoad } from './kill-switch.ts'
import { diskLimit, echoLimit, signatureLimits } from './limits.ts'
import { verification } from './proof.ts'
import { reconcileUnknown } from './reconcile.ts'
import { replayFigures } from './replay.ts'
import { comparePurchases } from './x402.ts'

function print(figure: object): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`)
}

const STORED = 20_000
const STORED_LARGE = 100_000
const SAMPLE = 2_000

print({ limit: diskLimit() })
for (const limit of signatureLimits()) print({ limit })
print({ limit: await echoLimit() })
for (const decision of benchDecision()) print({ decision })
print(await approvalRoundTrip())

for (const figure of await comparePurchases()) print(figure)
print(await reconcileUnknown())

const house = await openBenchHouse()
try {
  print({ figure: 'empty start', ms: Math.round(house.startMs) })
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  print({ figure: 'idle RSS', mb: residentMb(house.pid) })
  for (const figure of await verification(house)) print(figure)
  // What the first thousand requests compile and cache does not count.
  const warm = await declareMany(house, signIntents(house, SAMPLE), 64)
  await authorizeMany(house, warm.ids, { clients: 64 })
  const stored = SAMPLE
  const rounds = process.argv.includes('--large') ? [STORED, STORED_LARGE] : [STORED]
  await sample(stored)
  print(await killSwitchUnderLoad(house))
  let filled = stored + 3 * SAMPLE
  for (const goal of rounds) {
    while (filled < goal) {
      const { ids } = await declareMany(house, signIntents(house, SAMPLE), 64)
      await authorizeMany(house, ids, { clients: 64 })
      filled += SAMPLE
    }
    await sample(filled)
    filled += 3 * SAMPLE
    for (const figure of await replayFigures(house)) print({ stored: filled, ...figure })
    await house.restart()
    print({
      figure: 'restart',
      stored: filled,
      ms: Math.round(house.startMs),
      rssMb: residentMb(house.pid),
    })
  }
} finally {
  await house.close()
}

async function sample(stored: number): Promise<void> {
  const declared = await declareMany(house, signIntents(house, SAMPLE), 64)
  print({ stored, ...declared.measure })
  print({ stored, ...(await authorizeMany(house, declared.ids, { clients: 64 })) })
  const paced = await declareMany(house, signIntents(house, SAMPLE), 64)
  print({ stored, ...(await authorizeMany(house, paced.ids, { clients: 64, perSecond: 1_000 })) })
  print({ stored, ...(await lifecycles(house, signIntents(house, SAMPLE), 16)) })
}
