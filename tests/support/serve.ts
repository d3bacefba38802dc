/**
 * A house in a process of its own, for tests of what it writes: serves until its input ends.
 *
 * @module
 */
import { openHouse } from './house.ts'

const house = await openHouse({ logLevel: 'debug', tickEveryMs: 20 })
const { url } = house.running
process.stderr.write(`READY ${JSON.stringify({ url, apiKey: house.founded.apiKey })}\n`)
process.stdin.resume()
process.stdin.once('end', () => void house.close())
