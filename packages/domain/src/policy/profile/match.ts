/**
 * Which of many rules concern a request: found by name, not by trying each.
 *
 * @module
 */
import type { ExecutionIntent, RateRule } from '@surety/protocol'

export type Match = NonNullable<RateRule['match']>

/** A request matches if every list that is present names its member. */
function matches(match: Match, intent: ExecutionIntent): boolean {
  const { actions, tools, payees, riskClasses } = match
  return (
    names(actions, intent.action) &&
    names(tools, intent.tool) &&
    names(payees, intent.payee) &&
    names(riskClasses, intent.riskClass)
  )
}

function names(list: readonly string[] | undefined, name: string | undefined): boolean {
  return list === undefined || (name !== undefined && list.includes(name))
}

interface Entry<Rule> {
  readonly rule: Rule
  readonly match: Match
  readonly place: number
}

const DIMENSIONS = ['tools', 'payees', 'actions', 'riskClasses'] as const
type Dimension = (typeof DIMENSIONS)[number]

/** Rules by the first dimension that they name; those that name none concern every request. */
export interface MatchIndex<Rule> {
  readonly always: readonly Entry<Rule>[]
  readonly by: Readonly<Record<Dimension, ReadonlyMap<string, readonly Entry<Rule>[]>>>
}

export function matchIndexOf<Rule>(
  rules: readonly Rule[],
  matchOf: (rule: Rule) => Match,
): MatchIndex<Rule> {
  const always: Entry<Rule>[] = []
  const by = {
    tools: new Map<string, Entry<Rule>[]>(),
    payees: new Map<string, Entry<Rule>[]>(),
    actions: new Map<string, Entry<Rule>[]>(),
    riskClasses: new Map<string, Entry<Rule>[]>(),
  }
  for (const [place, rule] of rules.entries()) {
    const match = matchOf(rule)
    const entry = { rule, match, place }
    const dimension = DIMENSIONS.find((name) => match[name] !== undefined)
    if (dimension === undefined) always.push(entry)
    else for (const name of match[dimension] ?? []) push(by[dimension], name, entry)
  }
  return { always, by }
}

function push<Item>(map: Map<string, Item[]>, name: string, item: Item): void {
  const list = map.get(name)
  if (list === undefined) map.set(name, [item])
  else list.push(item)
}

/** The rules that concern a request, in the order of the profile. */
export function matching<Rule>(index: MatchIndex<Rule>, intent: ExecutionIntent): readonly Rule[] {
  const { always, by } = index
  const found = [
    ...always,
    ...(intent.tool === undefined ? [] : (by.tools.get(intent.tool) ?? [])),
    ...(by.payees.get(intent.payee) ?? []),
    ...(by.actions.get(intent.action) ?? []),
    ...(by.riskClasses.get(intent.riskClass) ?? []),
  ].filter(({ match }) => matches(match, intent))
  return found.sort((a, b) => a.place - b.place).map(({ rule }) => rule)
}

/** How many rules may concern one request at most. */
export function matchingMax<Rule>({ always, by }: MatchIndex<Rule>): number {
  const most = (lists: ReadonlyMap<string, readonly Entry<Rule>[]>): number =>
    Math.max(0, ...[...lists.values()].map((list) => list.length))
  return DIMENSIONS.reduce((sum, name) => sum + most(by[name]), always.length)
}
