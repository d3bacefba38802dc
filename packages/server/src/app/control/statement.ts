/**
 * How an act on a control is written: its own stream, the row of its selector, and the epoch.
 *
 * @module
 */
import { control } from '@surety/domain'
import type { EmergencyControlEvent, JsonObject } from '@surety/protocol'
import type { Stored } from '../../ports.ts'
import type { Writing } from '../write-set.ts'

export const controlStream = (controlId: string): string => `control:${controlId}`

interface Before {
  readonly control: Stored<control.Control>
  readonly standing: Stored<control.Standing>
  readonly epoch: Stored<{ readonly epoch: number }>
}

/** Appends what was ordered. What is revoked has its own end, and so needs no row to look up. */
export function appendAct(
  writing: Writing,
  before: Before,
  fact: control.ControlStated,
): control.Control {
  const { controlId, kind, selector, act, at, epoch } = fact.statement
  const stream = controlStream(controlId)
  const state = control.evolve(before.control.state, fact)
  writing.append(
    { family: 'control', id: controlId, stream, before: before.control },
    [fact],
    state,
  )
  const place = { family: 'controlEpoch', id: 'epoch', stream: 'controls:epoch' } as const
  const advanced = { type: 'controlEpochAdvanced', epoch, controlId }
  writing.append({ ...place, before: before.epoch }, [advanced], { epoch })
  if (kind === 'revoke') return state
  const moved: control.StandingEvent =
    act === 'imposed'
      ? { type: 'controlStood', selector, controlId, kind, imposedAt: at }
      : { type: 'controlFell', controlId }
  const id = control.selectorKey(selector)
  const row = control.stand(before.standing.state, moved)
  const of = { family: 'standing', id, stream: `standing:${id}`, before: before.standing } as const
  writing.append(of, [moved], row)
  return state
}

/** A control as callers see it. */
export function controlView(state: control.Control): JsonObject {
  if (state.status === 'none') throw new Error('there is no such control')
  const { controlId, kind, selector, until, epoch, at, ...order } = state.imposed
  const lifted = state.status === 'lifted' ? state.lifted : null
  return {
    controlId,
    state: state.status,
    kind,
    selector,
    until,
    imposed: actView({ ...order, epoch, at }),
    lifted: lifted === null ? null : actView(lifted),
  } as unknown as JsonObject
}

type Act = Pick<EmergencyControlEvent, 'epoch' | 'at' | 'cause' | 'signers' | 'justificationCode'>

function actView({ epoch, at, cause, signers, justificationCode }: Act) {
  return { epoch, at, cause, signers, justificationCode }
}

/** What is told to the outside: ids and words. */
export function noticeOf(statement: EmergencyControlEvent): JsonObject {
  const { controlId, kind, selector, cause, at } = statement
  return { controlId, kind, selector, cause, at } as unknown as JsonObject
}
