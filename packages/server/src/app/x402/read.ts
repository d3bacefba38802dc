/** Where a payment is: the one record, as every door shows it. */
import {
  err,
  instantOf,
  type JsonObject,
  ok,
  type ProblemCode,
  type Result,
} from '@surety/protocol'
import { gateView } from '../gate/view.ts'
import { readGate } from '../read.ts'
import type { App, Caller } from '../runtime.ts'

/** INVARIANT(one-truth): the payment of its gate; who may not see the gate sees no payment. */
export async function readPayment(
  app: App,
  caller: Caller,
  paymentId: string,
): Promise<Result<JsonObject, ProblemCode>> {
  const gateId = await app.store.reads.unique(caller.scope, 'payment', paymentId)
  if (gateId === undefined) return err('payment_not_found')
  const seen = await readGate(app, caller, gateId)
  if (!seen.ok) return err('payment_not_found')
  const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
  if (!('payment' in state) || state.payment === undefined) return err('payment_not_found')
  const { settlement } = gateView(state) as { settlement: JsonObject }
  return ok({
    ...state.payment,
    settlementStatus: settlement.status ?? 'held',
    ageMs: Math.max(0, app.clock.now() - instantOf(state.decision.decidedAt)),
    checkStatusUrl: `/v1/payments/${paymentId}`,
  } as unknown as JsonObject)
}
