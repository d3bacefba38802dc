/** The server that is killed: as `surety serve` runs it, with workers that hurry. */
import { createInterface } from 'node:readline'
import { readConfig, startHouse } from '@surety/server'

const [dataDirectory = '', SURETY_CHAIN_RPC] = process.argv.slice(2)
const config = { dataDirectory, port: 0, logLevel: 'error', tickEveryMs: 20 }
const running = await startHouse(readConfig(config, { SURETY_CHAIN_RPC }))
process.stdout.write(`${running.url}\n`)
process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)))
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'tick') continue
  await running.tick()
  process.stdout.write('ticked\n')
}
