/**
 * A recorded decision with the facts it was made from: what is exported, and replayed.
 *
 * Rules: spec/replay.md.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import { ID_RANDOM_BITS, mintId } from '../id.ts'
import type { Instant } from '../instant.ts'
import { parseOwnJson } from '../parse-json.ts'
import { document, HashText } from '../schema.ts'
import { DecisionFacts, PolicyDecision } from './decision.ts'
import type { Event } from './event.ts'

export const DecisionRecord = document(
  'DecisionRecord.v1',
  {
    decisionHash: HashText,
    decision: PolicyDecision,
    facts: Type.Union([DecisionFacts, Type.Null()], {
      description: 'null: they are not there any more, and the decision cannot be made again',
    }),
  },
  'A decision as it was recorded, and everything it was made from.',
)
export type DecisionRecord = Static<typeof DecisionRecord>

/** The record of a decision that an event states, with its facts as they were kept. */
export function decisionRecordOf(
  { data }: Pick<Event, 'data'>,
  facts: string | undefined,
): DecisionRecord {
  return {
    schemaVersion: 'DecisionRecord.v1',
    decisionHash: data.decisionHash as string,
    decision: data.decision as PolicyDecision,
    facts: facts === undefined ? null : (parseOwnJson(facts) as unknown as DecisionFacts),
  }
}

const RANDOM_MAX = (1n << ID_RANDOM_BITS) - 1n

/**
 * Between which ids the gates lie that were declared in a span, both ends inclusive: ids sort by
 * the time of their making.
 */
export function gatesDeclared(span: {
  readonly since?: Instant | undefined
  readonly until?: Instant | undefined
}): { readonly after: string; readonly upTo: string } {
  const { since, until } = span
  const isFirst = since === undefined || since === 0
  return {
    after: isFirst ? 'gat_' : mintId('gat', (since - 1) as Instant, RANDOM_MAX),
    upTo: until === undefined ? 'gat_~' : mintId('gat', until, RANDOM_MAX),
  }
}
