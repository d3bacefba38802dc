/**
 * What the chain shows of payments. Only this ends one.
 *
 * @module
 */
import { policy } from '@surety/domain'
import { instantOf, type PaymentStatus, type Scheme } from '@surety/protocol'
import type { AuthorizationFact, Chain, ChainView } from '../../ports/chain.ts'
import { Failure, type Scope } from '../../ports.ts'
import { noteRail } from '../control/system-control.ts'
import type { App } from '../runtime.ts'
import type { RailFinding } from './conclude.ts'

const SECOND_MS = 1_000

/** A payment to be looked up, and the transaction that somebody says it is in. */
export interface Looked {
  readonly payment: PaymentStatus
  readonly hint?: string | undefined
}

/** What the chain shows of some payments of one network, all in one view of it. */
export async function lookUp(
  app: App,
  network: string,
  looked: readonly Looked[],
): Promise<readonly RailFinding[]> {
  const chain = chainOf(app, network)
  const { view, facts } = await chain.authorizations(
    looked.map(({ payment, hint }) => {
      const { asset, payer, payTo, nonce, sinceBlock } = payment
      const scheme: Scheme = payment.scheme === 'upto' ? 'upto' : 'exact'
      const query = { scheme, asset, payer, payTo, nonce, sinceBlock: BigInt(sinceBlock) }
      const known = payment.transaction ?? hint
      return known === undefined || known === null ? query : { ...query, hint: known }
    }),
  )
  return facts.map((fact, i) => findingOf(app, fact, view, (looked[i] as Looked).payment))
}

/** Whether a chain answers at all. */
export async function isThere(app: App, network: string): Promise<boolean> {
  try {
    await chainOf(app, network).view()
    return true
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    return false
  }
}

/** `lookUp` for one, and `undefined` if the chain does not answer. */
export async function lookUpOne(app: App, looked: Looked): Promise<RailFinding | undefined> {
  const { network, tenantId, environment } = looked.payment
  try {
    return await noted(app, { tenantId, environment }, network, async () => {
      const [finding] = await lookUp(app, network, [looked])
      return finding
    })
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    return undefined
  }
}

/** Asks a chain for somebody who spends, and takes note of whether it answered. */
async function noted<Value>(
  app: App,
  scope: Scope,
  network: string,
  ask: () => Promise<Value>,
): Promise<Value> {
  const say = (outcome: 'answered' | 'failed') =>
    noteRail(app, scope, policy.X402_RAIL, outcome, network)
  try {
    const value = await ask()
    await say('answered')
    return value
  } catch (failure) {
    if (failure instanceof Failure) await say('failed')
    throw failure
  }
}

function findingOf(
  app: App,
  fact: AuthorizationFact,
  view: ChainView,
  payment: PaymentStatus,
): RailFinding {
  switch (fact.status) {
    case 'used': {
      const { transfer, isFinal } = fact
      const { to, value, txHash: transaction, blockNumber } = transfer
      const isUpto = payment.scheme === 'upto'
      const most = BigInt(payment.amount)
      const isIts = isUpto ? value > 0n && value <= most : value === most
      // A credential of ours moves this money to this payee and nowhere else. What differs is
      // nobody's credential that we know of, and a person must look.
      if (to !== payment.payTo || !isIts) {
        app.log.warn({ paymentId: payment.paymentId, transaction }, 'a payment moved other money')
        return { type: 'nothing' }
      }
      const type = isFinal ? 'final' : 'seen'
      const settled = isUpto ? { settled: String(value) } : {}
      return { type, transaction, blockNumber: Number(blockNumber), ...settled }
    }
    case 'cancelled':
      return fact.isFinal
        ? { type: 'disproved', reason: 'payer.authorization_cancelled' }
        : { type: 'nothing' }
    case 'unused': {
      // INVARIANT(unknown): only a final block past its validity shows that it will never be used.
      // EIP-3009 ends before that second, a permit of Permit2 with it.
      const ends = instantOf(payment.validBefore) / SECOND_MS
      const isOver = payment.scheme === 'upto' ? view.final.at > ends : view.final.at >= ends
      return isOver
        ? { type: 'disproved', reason: 'payer.authorization_expired' }
        : { type: 'nothing' }
    }
    case 'untraced':
      return { type: 'nothing' }
  }
}

/** The connection to a network; a failure if the house has none. */
function chainOf(app: App, network: string): Chain {
  const chain = app.blockchains.get(network)
  if (chain === undefined) throw new Failure('network_not_configured')
  return chain
}

/** How long a block number may have been known. Older ones only make a search longer. */
const HEAD_AGE_MAX_MS = 5_000

/** A block that is surely not younger than now; what is signed now cannot have been used before. */
export async function sinceBlock(app: App, scope: Scope, network: string): Promise<number> {
  const known = app.heads.get(network)
  const now = app.clock.now()
  if (known !== undefined && now - known.at < HEAD_AGE_MAX_MS) return known.number
  const { head } = await noted(app, scope, network, () => chainOf(app, network).view())
  const number = Number(head.number)
  app.heads.set(network, { number, at: now })
  return number
}
