/**
 * The answer of a purchase, kept for a while so that it can be given again to the same key.
 *
 * INVARIANT(redaction): what agents bought is theirs; the house lets go of it in time.
 *
 * @module
 */
import { addMs, type Instant, instantOf, type ResponseObservation } from '@surety/protocol'
import type { DueRow } from '../../../ports.ts'
import type { App } from '../../runtime.ts'

/** What is kept of the answer to a purchase. */
export const ANSWER_DOCUMENT = 'answer.json'
/** A day: as long as anybody may still ask with the same key after a failure. */
const ANSWER_KEPT_MS = 86_400_000

const PREFIX = 'ans_'

/** The deadline of a gate's kept answer; the gate has others of its own. */
export function answerRow(gateId: string): string {
  return gateId.replace(/^gat_/, PREFIX)
}

/** When an answer is let go of; `null` if it was not kept. */
export function forgottenAt({ answerHash, completedAt }: ResponseObservation): Instant | null {
  return answerHash === null ? null : addMs(instantOf(completedAt), ANSWER_KEPT_MS)
}

export function isAnswerRow({ id }: DueRow): boolean {
  return id.startsWith(PREFIX)
}

/** Lets go of an answer, unless its payment is still open: it is evidence until then. */
export async function forgetAnswer(app: App, row: DueRow): Promise<void> {
  const gateId = row.id.replace(/^ans_/, 'gat_')
  const { state } = await app.store.reads.state(row.scope, 'gate', gateId)
  if (state.status !== 'executing') await app.store.forget(row, gateId, ANSWER_DOCUMENT)
}
