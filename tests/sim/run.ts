/**
 * `npm run sim -- --seed=7 --steps=100000`: one long life, or many where no seed is given.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { live } from './live.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    steps: { type: 'string', default: '5000' },
    lives: { type: 'string', default: '1' },
  },
})
const first = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
const steps = Number(values.steps)

for (let seed = first; seed < first + Number(values.lives); seed += 1) {
  const started = performance.now()
  process.stderr.write(`npm run sim -- --seed=${String(seed)} --steps=${String(steps)}\n`)
  const { digest, gates, seen } = await live({ seed, steps, examineEvery: 500 })
  for (const [what, times] of [...seen].sort()) {
    process.stderr.write(`  ${String(times).padStart(7)}  ${what}\n`)
  }
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  process.stdout.write(
    `seed ${String(seed)}: ${String(steps)} steps, ${String(gates)} gates, ${digest.slice(0, 16)}, ${seconds} s\n`,
  )
}
