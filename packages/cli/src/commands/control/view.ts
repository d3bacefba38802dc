/**
 * Controls and what they caught, for people.
 *
 * @module
 */
import type { Control, HoldInFlight } from '@surety/sdk'
import type { Answer } from '../../command.ts'
import { formatMoney } from '../../terminal/money.ts'
import { fields, styled, table } from '../../terminal/render.ts'

export const aboutOf = ({ selector }: Pick<Control, 'selector'>): string =>
  `${selector.type}:${selector.id}`

/** A control, and the holds that were under way when it was imposed. */
export function shownControl(control: Control, holds: readonly HoldInFlight[]): Answer {
  const { controlId, kind, state, until, imposed, lifted } = control
  const stands = state === 'active'
  const colour = stands ? 'red' : 'green'
  const rows = holds.map(({ gateId, state: at, amount, asset, endsBy }) => {
    return [gateId, at, formatMoney(amount, asset), endsBy]
  })
  return {
    document: holds.length === 0 ? control : { ...control, inFlight: holds },
    lines: [
      ...fields([
        ['control', controlId],
        ['stops', `${kind} on ${aboutOf(control)}`],
        ['state', styled(colour, state)],
        ['since', `${imposed.at}, ${byWhom(imposed)}`],
        ['until', until ?? 'it is lifted'],
        ['lifted', lifted === null ? '' : `${lifted.at}, ${byWhom(lifted)}`],
        ['why', imposed.justificationCode],
      ]).filter((line) => !/^lifted\s*$/.test(line)),
      ...(holds.length === 0
        ? []
        : ['', ...table(['in flight', 'state', 'held', 'ends by'], rows, '')]),
    ],
  }
}

function byWhom({ cause, signers }: Control['imposed']): string {
  if (cause !== 'operators') return `by the ${cause === 'clock' ? 'clock' : 'failing rail'}`
  return signers.map(({ operatorId, role }) => `${operatorId} as ${role}`).join(' and ')
}
