/**
 * Empties what a control has caught before it began: authorizations that nobody has presented are
 * given back, and their money with them. What is executing is left to end: its work may be done.
 *
 * @module
 */
import { control } from '@surety/domain'
import { type ControlSelector, err, type Id, type JsonObject, ok } from '@surety/protocol'
import type { Idempotency, UseCase } from '../../ports.ts'
import { voidInto } from '../gate/end-gate.ts'
import { actRefusal, type SignedAct, verifyOwnAct } from '../principal/operator-action.ts'
import { type Answer, type App, type Call, type Caller, gateKey, principalKey } from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { gateUnder } from './read.ts'
import { controlKey } from './standing.ts'
import { controlStream } from './statement.ts'

interface Draining {
  readonly act: SignedAct<'control'>
  /** What the control was about when this was prepared; each gate is looked at again. */
  readonly gateIds: readonly Id<'gat'>[]
  readonly next: Id<'gat'> | null
}
type Reads = ReturnType<typeof reads>

function reads({ act, gateIds }: Draining) {
  return {
    operator: principalKey(act.object.operatorId),
    control: controlKey(act.object.control.controlId),
    gates: gateIds.map((id) => gateKey(id)),
  }
}

const drain: UseCase<Draining, Reads, Answer> = {
  reads,
  decide: (read, { act, gateIds, next }, stamp) => {
    const refused = actRefusal(read.operator.state, act, stamp.atText)
    if (refused !== undefined) return { type: 'refuse', code: refused, detail: act.object.role }
    const { object, hash: actionHash, kid } = act
    const { operatorId, role } = object
    const signer = { operatorId, role, kid, actionHash }
    const { controlId, selector } = object.control
    const before = read.control
    const decided = control.decide(before.state, { type: 'drain', selector, signer })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal, detail: decided.detail }
    const writing = new Writing(stamp)
    const voided = gateIds.filter((_, i) => {
      const found = read.gates[i]
      // One that has moved on since is not ours to end.
      return found?.state.status === 'authorized' && voidInto(writing, found, stamp)
    })
    const executing = gateIds.filter((_, i) => read.gates[i]?.state.status === 'executing')
    const state = decided.value.reduce(control.evolve, before.state)
    const stream = controlStream(controlId)
    writing.append({ family: 'control', id: controlId, stream, before }, decided.value, state)
    return writing
      .unique({
        family: 'drain',
        key: actionHash,
        owner: controlId,
        refusal: 'control_drained_already',
      })
      .document(controlId, `action-${actionHash}.jws`, act.jws)
      .answer({ controlId, voided, executing, next } as unknown as JsonObject, stream)
  },
}

/** How many gates under way one drain looks at: they end in one commit. */
const GATES_MAX = 64

/** One commit says who ordered the drain and gives the authorizations back. */
export function drainControl(
  app: App,
  caller: Caller,
  call: { readonly controlId: string; readonly action: string; readonly after: string | undefined },
  idempotency: Idempotency | null,
): Call<Draining, Reads> {
  return {
    useCase: drain,
    idempotency,
    prepare: async () => {
      const act = await verifyOwnAct(app, caller, call.action, ['control'])
      if (!act.ok) return act
      const { controlId, command, selector } = act.value.object.control
      if (command !== 'drain') return err('schema_mismatch', 'the order is not to drain')
      if (controlId !== call.controlId) return err('control_not_found', call.controlId)
      return ok({ act: act.value, ...(await gatesUnder(app, caller, selector, call.after)) })
    },
  }
}

async function gatesUnder(
  app: App,
  caller: Caller,
  selector: ControlSelector,
  after: string | undefined,
) {
  const key = control.selectorKey(selector)
  const page = { after, limit: GATES_MAX }
  const ids = (await app.store.reads.open(caller.scope, 'gat_', page)) as readonly Id<'gat'>[]
  const gateIds: Id<'gat'>[] = []
  for (const gateId of ids) {
    if ((await gateUnder(app, caller, gateId, key)) !== undefined) gateIds.push(gateId)
  }
  return { gateIds, next: ids.length < GATES_MAX ? null : (ids.at(-1) ?? null) }
}
