/** The four outcomes of a decision. */
import type { Static } from '@sinclair/typebox'
import { words } from '../schema.ts'

export const DecisionOutcome = words(['allow', 'challenge', 'escalate', 'deny'])
export type DecisionOutcome = Static<typeof DecisionOutcome>
