/**
 * `npm run test:x402-crash`: kills a server at random while it buys, 200 times, and checks that
 * nothing was paid twice and nothing was lost. A failing run is repeated by its seed.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { crashes } from './crashes.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string' } },
})
const KILLS_OF_ONE_TOWN = 20
const kills = Number(values.kills)
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const started = performance.now()

for (let done = 0; done < kills; done += KILLS_OF_ONE_TOWN) {
  const seedNow = seed + done
  process.stderr.write(`npm run test:x402-crash -- --seed=${String(seedNow)} --kills=20\n`)
  const counts = await crashes(seedNow, Math.min(KILLS_OF_ONE_TOWN, kills - done))
  const seconds = Math.round((performance.now() - started) / 1_000)
  process.stdout.write(`${JSON.stringify({ seed: seedNow, ...counts, seconds })}\n`)
}
