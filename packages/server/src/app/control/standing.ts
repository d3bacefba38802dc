/**
 * Which controls stop a request, or whoever makes it: read in the very transaction.
 *
 * INVARIANT(control): a control is effective on the next decision after its commit, and is looked
 * at again where something takes effect. Cost: one row a selector of the request.
 *
 * @module
 */
import { control, policy } from '@surety/domain'
import type { ControlSelector, Id } from '@surety/protocol'
import type { Stored } from '../../ports.ts'
import type { GrantChain } from '../grant/chain.ts'
import type { Caller } from '../runtime.ts'

type Rows = readonly Stored<control.Standing>[]

export const standingKey = (selector: ControlSelector) =>
  ({ of: 'state', family: 'standing', id: control.selectorKey(selector) }) as const
export const controlKey = (id: string) => ({ of: 'state', family: 'control', id }) as const
export const controlEpochKey = { of: 'state', family: 'controlEpoch', id: 'epoch' } as const

/** What a use case adds to its reads where a request is decided or takes effect. */
export function requestControls(
  request: Pick<control.Request, 'tenantId' | 'intent' | 'policyHash'>,
  chain: GrantChain,
) {
  const grants = chain.map(({ grantHash, document }) => {
    return { grantHash, grantorId: document.grantorId }
  })
  const payerId = chain[0]?.document.payerId
  return control.selectorsOf({ ...request, payerId, grants }).map(standingKey)
}

/** The same where a request leaves before it is known what it will cost, and whom it pays. */
export function probeControls(probe: Omit<control.Probe, 'payerId' | 'grants'>, chain: GrantChain) {
  const grants = chain.map(({ grantHash, document }) => {
    return { grantHash, grantorId: document.grantorId }
  })
  const payerId = chain[0]?.document.payerId
  return control.selectorsOfProbe({ ...probe, payerId, grants }).map(standingKey)
}

/** What controls can be about a payer's money on chains, whoever would spend it on what. */
export function payerControls({
  tenantId,
  ownerId,
}: {
  readonly tenantId: Id<'ten'>
  readonly ownerId: Id<'prn'>
}) {
  const selectors: readonly ControlSelector[] = [
    { type: 'all', id: 'everything' },
    { type: 'tenant', id: tenantId },
    { type: 'rail', id: policy.X402_RAIL },
    { type: 'effect', id: 'financial' },
    { type: 'principal', id: ownerId },
  ]
  return selectors.map(standingKey)
}

/** The oldest control that stands in one of the rows, if any. */
export function stoppedBy(rows: Rows): string | undefined {
  return rows.flatMap(({ state }) => state.active)[0]?.controlId
}

const statesOf = (rows: Rows): readonly control.Standing[] => rows.map(({ state }) => state)

/** The controls that stop a request, as the facts of its decision state them. */
export const controlFacts = (rows: Rows) => control.factsOf(statesOf(rows))
export const stopsSpend = (rows: Rows): boolean => control.stopsAny(statesOf(rows))
export const stopsRelease = (rows: Rows): boolean => control.stopsRelease(statesOf(rows))

/** What controls can be about whoever calls, whatever they ask. */
export function callerControls({ principalId, via }: Caller) {
  const selectors: ControlSelector[] = []
  if (via !== undefined) {
    selectors.push({ type: 'token', id: via.keyId }, { type: 'scope', id: via.scope })
  }
  if (principalId !== 'system') selectors.push({ type: 'principal', id: principalId })
  return selectors.map(standingKey)
}

/**
 * The control that stops the caller, if any: one on their API key or the scope of the route stops
 * every command; one on the principal does unless it is a pause, which stops only spending.
 */
export function callerStopped(rows: Rows): string | undefined {
  for (const { state } of rows) {
    const isPrincipal = state.selector?.type === 'principal'
    const found = state.active.find(({ kind }) => !isPrincipal || kind !== 'pause')
    if (found !== undefined) return found.controlId
  }
  return undefined
}
