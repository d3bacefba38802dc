/**
 * The paid path over HTTP: declare, authorize, execute, prove, read the receipts.
 *
 * @module
 */

import { type declareAndAuthorize, draftIntent, presentation, statement } from '../support/house.ts'
import { type BenchHouse, cpuSeconds, freshKey } from './house.ts'
import { closedLoop, type Measured, openLoop, round, Wire } from './wire.ts'

type Gate = Awaited<ReturnType<typeof declareAndAuthorize>>

export interface HttpMeasure extends Measured {
  readonly name: string
  readonly cpuUsPerOp: number
}

function wires(house: BenchHouse, count: number, apiKey: string): Promise<readonly Wire[]> {
  return Promise.all(Array.from({ length: count }, () => Wire.open(house.url, apiKey)))
}

/** Signs intents ahead, so that the client's signatures do not count against the server. */
export function signIntents(house: BenchHouse, count: number): readonly string[] {
  return Array.from({ length: count }, () =>
    JSON.stringify({ intent: draftIntent(house.market, '1', { expiresInMs: 3_600_000 }).jws }),
  )
}

async function expect201(
  wire: Wire,
  path: string,
  body?: string,
): Promise<{ ms: number; body: string }> {
  const sent = await wire.send('POST', path, body, freshKey())
  if (sent.status !== 201)
    throw new Error(`${path}: ${String(sent.status)} ${sent.body.slice(0, 300)}`)
  return sent
}

async function timed(
  house: BenchHouse,
  name: string,
  run: () => Promise<Measured>,
): Promise<HttpMeasure> {
  const before = cpuSeconds(house.pid)
  const result = await run()
  const cpu = cpuSeconds(house.pid) - before
  return { name, ...result, cpuUsPerOp: round((cpu * 1e6) / result.operations) }
}

/** Declares gates; answers their ids. */
export async function declareMany(
  house: BenchHouse,
  intents: readonly string[],
  clients: number,
): Promise<{ readonly ids: readonly string[]; readonly measure: HttpMeasure }> {
  const open = await wires(house, clients, house.market.agent.apiKey)
  const ids: string[] = []
  const measure = await timed(house, `declare, ${String(clients)} clients`, () =>
    closedLoop(open, intents.length, async (wire, index) => {
      const sent = await expect201(wire, '/v1/gates', intents[index])
      ids.push(/"gateId":"([^"]+)"/.exec(sent.body)?.[1] as string)
      return sent.ms
    }),
  )
  for (const wire of open) wire.close()
  return { ids, measure }
}

/** Authorizes declared gates as fast as the clients can, or at a fixed rate. */
export async function authorizeMany(
  house: BenchHouse,
  ids: readonly string[],
  load: { readonly clients: number; readonly perSecond?: number },
): Promise<HttpMeasure> {
  const open = await wires(house, load.clients, house.market.agent.apiKey)
  const job = async (wire: Wire, index: number): Promise<number> => {
    const sent = await expect201(wire, `/v1/gates/${ids[index] as string}/authorize`)
    if (!sent.body.includes('"state":"authorized"')) throw new Error(sent.body.slice(0, 300))
    return sent.ms
  }
  const { perSecond } = load
  const name =
    perSecond === undefined
      ? `authorize, ${String(load.clients)} clients`
      : `authorize, open loop at ${String(perSecond)}/s`
  const measure = await timed(house, name, () =>
    perSecond === undefined
      ? closedLoop(open, ids.length, job)
      : openLoop(open, ids.length, perSecond, job),
  )
  for (const wire of open) wire.close()
  return measure
}

/** The whole path for each intent: declared, authorized, executed, proven, receipts read. */
export async function lifecycles(
  house: BenchHouse,
  intents: readonly string[],
  clients: number,
): Promise<HttpMeasure> {
  const { agent, provider } = house.market
  const agents = await wires(house, clients, agent.apiKey)
  const providers = await wires(house, clients, provider.apiKey)
  const measure = await timed(house, `full lifecycle, ${String(clients)} clients`, () =>
    closedLoop(agents, intents.length, async (wire, index) => {
      const started = performance.now()
      const declared = await expect201(wire, '/v1/gates', intents[index])
      const path = `/v1/gates/${/"gateId":"([^"]+)"/.exec(declared.body)?.[1] as string}`
      const authorized = JSON.parse((await expect201(wire, `${path}/authorize`)).body) as Gate
      const other = providers[agents.indexOf(wire)] as Wire
      await expect201(other, `${path}/execute`, JSON.stringify(presentation(authorized)))
      const response = statement(house.market, authorized)
      await expect201(other, `${path}/evidence`, JSON.stringify({ response }))
      const read = await wire.send('GET', path)
      if (!read.body.includes('"state":"settled"')) throw new Error(read.body.slice(0, 300))
      return performance.now() - started
    }),
  )
  for (const wire of [...agents, ...providers]) wire.close()
  return measure
}
