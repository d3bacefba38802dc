/**
 * How soon a kill switch stops a house that is busy: the last allowance that anybody is told of.
 *
 * @module
 */
import type { Id } from '@surety/protocol'
import { newKeyPair, Party } from '@surety/sdk'
import { host, type Member, roleAct } from '../support/house.ts'
import { lift, send, together } from '../support/people/controls.ts'
import type { BenchHouse } from './house.ts'
import { declareMany, signIntents } from './http.ts'
import { openLoop, round, Wire } from './wire.ts'

const PER_SECOND = 1_000
const DECISIONS = 4_000
/** When two people have had enough: the load has been steady for as long. */
const AFTER_MS = 2_000
const CLIENTS = 64

/**
 * Decisions come at a fixed rate, whatever the answers do; two people’s signed order is sent in the
 * middle of them. The target is 250 ms from its commit; what is measured begins when it is sent,
 * and so holds its own way through the queue as well.
 */
export async function killSwitchUnderLoad(house: BenchHouse) {
  const second = await secondCommander(house)
  const both = [house.operator, second] as const
  const { ids } = await declareMany(house, signIntents(house, DECISIONS), CLIENTS)
  const wires = await Promise.all(
    Array.from({ length: CLIENTS }, () => Wire.open(house.url, house.market.agent.apiKey)),
  )
  let allowed = 0
  let lastAllowedAt = 0
  const load = openLoop(wires, ids.length, PER_SECOND, async (wire, index) => {
    const sent = await wire.send('POST', `/v1/gates/${ids[index] as string}/authorize`)
    if (sent.body.includes('"state":"authorized"')) {
      allowed += 1
      lastAllowedAt = performance.now()
    } else if (!sent.body.includes('control_kill_switch')) {
      throw new Error(`${String(sent.status)} ${sent.body.slice(0, 300)}`)
    }
    return sent.ms
  })
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS))
  const orders = together(both, { type: 'all', id: 'everything' })
  const sentAt = performance.now()
  const control = await send(house.operator, ...orders)
  const answeredAt = performance.now()
  const { opsPerSecond, p99ms } = await load
  for (const wire of wires) wire.close()
  await lift(both, control)
  return {
    figure: 'kill switch under load',
    perSecond: opsPerSecond,
    allowed,
    denied: ids.length - allowed,
    orderAnsweredMs: round(answeredAt - sentAt),
    /** From the sending of the order to the last allowance that was told. */
    lastAllowanceMs: round(Math.max(0, lastAllowedAt - sentAt)),
    /** The same from when the order was answered, and so surely committed. */
    afterAnswerMs: round(Math.max(0, lastAllowedAt - answeredAt)),
    decisionP99Ms: p99ms,
  }
}

/** Signs what one person alone may not order, and calls nobody. */
async function secondCommander({ operator, founded }: BenchHouse): Promise<Member> {
  const { tenantId, environment } = founded
  const keys = [newKeyPair('action', host)]
  const named = keys.map(({ publicKey, purpose }) => ({ publicKey, purpose }))
  const made = await operator.client.call('postPrincipals', {
    body: { kind: 'person', name: 'second', keys: named },
  })
  const principalId = made.principalId as Id<'prn'>
  const action = roleAct(operator, principalId, 'incident_commander')
  await operator.client.call('postPrincipalsRoles', { params: { principalId }, body: { action } })
  const party = new Party({ tenantId, environment, principalId, keys }, host)
  return { party, principalId, client: operator.client, apiKey: operator.apiKey }
}
