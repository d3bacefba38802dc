/**
 * Emergency controls as operators order them.
 *
 * @module
 */
import type { ControlOrder, ControlSelector, OperatorRole } from '@surety/protocol'
import type { Control } from '@surety/sdk'
import type { Member } from '../house.ts'

type Command = ControlOrder['command']

interface Ordering {
  readonly command?: Command
  readonly role?: OperatorRole
  readonly until?: string | null
  readonly controlId?: ControlOrder['controlId']
}

/** An order by one person: to pause, as whoever is on call, unless said otherwise. */
export function stopping(by: Member, selector: ControlSelector, how: Ordering = {}) {
  const { command = 'pause', role = 'oncall', until = null, controlId } = how
  const draft = { command, selector, until, ...(controlId === undefined ? {} : { controlId }) }
  return by.party.order(draft, { role, justificationCode: 'incident-1' })
}

/** An order to drain what a control has caught. */
export function draining(by: Member, controlId: string, selector: ControlSelector): string {
  const id = controlId as ControlOrder['controlId']
  return stopping(by, selector, { command: 'drain', controlId: id }).jws
}

/** Sends orders; the first signer calls. */
export function send(by: Member, ...actions: readonly string[]): Promise<Control> {
  return by.client.call('postControls', { body: { actions } })
}

/** What one person may do alone. */
export async function stop(by: Member, selector: ControlSelector, how: Ordering = {}) {
  return send(by, stopping(by, selector, how).jws)
}

/** What takes two: both sign the same order, the first sends it. */
export function together(
  [first, second]: readonly [Member, Member],
  selector: ControlSelector,
  how: Ordering = {},
) {
  const strict = { command: 'kill_switch', role: 'incident_commander', ...how } as const
  const { order, jws } = stopping(first, selector, strict)
  const { controlId } = order
  return [jws, stopping(second, selector, { ...strict, controlId }).jws] as const
}

/** Lifts a control, in the role given. */
export function lift(
  by: readonly Member[],
  control: Control,
  role: OperatorRole = 'incident_commander',
) {
  const { selector, controlId } = control
  const how = {
    command: 'resume',
    role,
    controlId: controlId as ControlOrder['controlId'],
  } as const
  const [first] = by
  if (first === undefined) throw new Error('nobody lifts')
  return send(first, ...by.map((each) => stopping(each, selector as ControlSelector, how).jws))
}
