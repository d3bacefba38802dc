/**
 * Recorded decisions with the facts they were made from, a page at a time.
 *
 * @module
 */
import {
  type DecisionRecord,
  decisionRecordOf,
  gatesDeclared,
  type Instant,
  type JsonObject,
} from '@surety/protocol'
import type { Page } from '../../ports.ts'
import type { Listing } from '../read.ts'
import { type App, type Caller, gateStream } from '../runtime.ts'

export interface DecisionSpan {
  readonly since: Instant | undefined
  readonly until: Instant | undefined
}

/**
 * The decisions on gates that were declared in a span, the oldest gate first. The limit counts
 * gates; all decisions on one gate come together. Cost: the gates of the page and their events.
 */
export async function listDecisions(
  app: App,
  { scope }: Caller,
  page: Page,
  span: DecisionSpan,
): Promise<Listing> {
  const { after, upTo } = gatesDeclared(span)
  const from = page.after === undefined || page.after < after ? after : page.after
  const rows = await app.store.reads.states(scope, 'gate', { ...page, after: from })
  const wanted = rows.filter(({ id }) => id <= upTo)
  const items: DecisionRecord[] = []
  for (const { id } of wanted) {
    const events = await app.store.reads.events(scope, gateStream(id))
    const decisions = events.filter(({ type }) => type === 'decisionRecorded')
    if (decisions.length === 0) continue
    const documents = await app.store.reads.documents(scope, id)
    for (const event of decisions) {
      const { inputHash } = event.data.decision as DecisionRecord['decision']
      items.push(decisionRecordOf(event, documents.get(`facts-${inputHash}.json`)))
    }
  }
  const isLast = wanted.length < page.limit
  const next = isLast ? null : (wanted.at(-1)?.id ?? null)
  return { items: items as unknown as readonly JsonObject[], next }
}
