/**
 * The controls that stand on one selector, as one row: what a decision looks up.
 *
 * @module
 */
import type { ControlFacts, ControlSelector, Id } from '@surety/protocol'

type Kind = ControlFacts['kind']

export interface Standing {
  readonly selector: ControlSelector | null
  /** The oldest first. */
  readonly active: readonly {
    readonly controlId: Id<'ctl'>
    readonly kind: Kind
    readonly imposedAt: string
  }[]
}

export type StandingEvent =
  | {
      readonly type: 'controlStood'
      readonly selector: ControlSelector
      readonly controlId: Id<'ctl'>
      readonly kind: Kind
      readonly imposedAt: string
    }
  | { readonly type: 'controlFell'; readonly controlId: Id<'ctl'> }

export const none: Standing = { selector: null, active: [] }

export function stand(standing: Standing, event: StandingEvent): Standing {
  if (event.type === 'controlStood') {
    const { selector, controlId, kind, imposedAt } = event
    return { selector, active: [...standing.active, { controlId, kind, imposedAt }] }
  }
  const active = standing.active.filter(({ controlId }) => controlId !== event.controlId)
  if (active.length === standing.active.length) throw new Error('a control fell that did not stand')
  return { ...standing, active }
}

/** What rows of a request's selectors say: of each selector and kind, the oldest control. */
export function factsOf(rows: readonly Standing[]): ControlFacts[] {
  return rows.flatMap(({ selector, active }) =>
    selector === null
      ? []
      : active
          .filter((each, i) => active.findIndex(({ kind }) => kind === each.kind) === i)
          .map((each) => ({ ...each, selector })),
  )
}

/** Whether anything stands: what stops new spend and its commit. */
export function stopsAny(rows: readonly Standing[]): boolean {
  return rows.some(({ active }) => active.length > 0)
}

/**
 * Whether money may not be released to whom it was held for. A pause lets what was begun end;
 * refunds always go on.
 */
export function stopsRelease(rows: readonly Standing[]): boolean {
  return rows.some(({ active }) => active.some(({ kind }) => kind !== 'pause'))
}
