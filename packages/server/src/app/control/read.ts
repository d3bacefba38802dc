/**
 * Questions about controls: which stand, and what was under way when they were imposed.
 *
 * @module
 */
import { control, type gate } from '@surety/domain'
import { err, type JsonObject, ok, type ProblemCode, type Result } from '@surety/protocol'
import type { Page } from '../../ports.ts'
import { grantChain } from '../grant/chain.ts'
import { type Listing, list } from '../read.ts'
import { receiptsAt } from '../receipts.ts'
import type { App, Caller } from '../runtime.ts'
import { controlStream, controlView } from './statement.ts'

type Found<Value> = Promise<Result<Value, ProblemCode>>

/** A control, with its signed statements. */
export async function readControl(app: App, caller: Caller, controlId: string): Found<JsonObject> {
  const { state } = await app.store.reads.state(caller.scope, 'control', controlId)
  if (state.status === 'none') return err('control_not_found')
  const receipts = await receiptsAt(app, caller.scope, controlStream(controlId), 'all')
  return ok({ ...controlView(state), receipts: receipts as never })
}

/** The newest first. */
export function listControls(
  app: App,
  caller: Caller,
  page: Page,
  status: string | undefined,
): Promise<Listing> {
  return list(app, caller, {
    family: 'control',
    page,
    sees: (state) => state.status !== 'none' && (status === undefined || state.status === status),
    view: (state) => controlView(state),
  })
}

type InFlight = Extract<gate.Gate, { status: 'authorized' | 'executing' | 'settled' }>

/** How many gates under way one page looks at. */
const SCAN_MAX = 1_000

/**
 * What is under way of that which a control is about: money is held for it. Cost: the gates that
 * are under way, `SCAN_MAX` at most, never the history.
 */
export async function inFlight(
  app: App,
  caller: Caller,
  controlId: string,
  page: Omit<Page, 'descending'>,
): Promise<Listing> {
  const { state } = await app.store.reads.state(caller.scope, 'control', controlId)
  if (state.status === 'none') return { items: [], next: null }
  const key = control.selectorKey(state.imposed.selector)
  const items: JsonObject[] = []
  let { after } = page
  for (let scanned = 0; scanned < SCAN_MAX; ) {
    const ids = await app.store.reads.open(caller.scope, 'gat_', { after, limit: page.limit })
    for (const gateId of ids) {
      after = gateId
      const found = await gateUnder(app, caller, gateId, key)
      if (found !== undefined) items.push(holdView(found))
      if (items.length === page.limit) return { items, next: gateId }
    }
    scanned += ids.length
    if (ids.length < page.limit) return { items, next: null }
  }
  return { items, next: after ?? null }
}

/** The gate, if it is under way or a part of it is held back, and the control is about it. */
export async function gateUnder(
  app: App,
  { scope }: Caller,
  gateId: string,
  key: string,
): Promise<InFlight | undefined> {
  const { state } = await app.store.reads.state(scope, 'gate', gateId)
  const isHeldBack = state.status === 'settled' && state.holdback !== undefined
  if (state.status !== 'authorized' && state.status !== 'executing' && !isHeldBack) return undefined
  const { intent, authorization } = state
  const chain = await grantChain(app, scope, intent.grantHash)
  const selectors = control.selectorsOf({
    tenantId: scope.tenantId,
    intent,
    payerId: authorization.payerId,
    grants: chain.map(({ grantHash, document }) => ({ grantHash, grantorId: document.grantorId })),
    policyHash: authorization.policyHash,
  })
  return selectors.some((selector) => control.selectorKey(selector) === key) ? state : undefined
}

/** A hold under way: how much, for whom, and what ends it by itself. */
function holdView(state: InFlight): JsonObject {
  const { gateId, status, authorization, partition } = state
  const { holdId, agentId, payerId, payee, asset } = authorization
  const held = { holdId, agentId, payerId, payee, amount: partition.held, asset }
  return {
    gateId,
    state: status,
    ...held,
    endsBy: endOf(state),
    drainable: status === 'authorized',
  }
}

function endOf(state: InFlight): string {
  if (state.status === 'authorized') return state.authorization.notAfter
  if (state.status === 'executing') return state.evidenceBy
  if (state.holdback === undefined) throw new Error('nothing is held back')
  return state.holdback.until
}
