/**
 * Which notices an emergency control holds back: they wait in the outbox until it is lifted.
 *
 * @module
 */
import { control } from '@surety/domain'
import type { OutboxRow } from '../../ports.ts'
import type { App } from '../runtime.ts'
import { standingKey } from './standing.ts'

/** The name under which all that leaves through the file of notices can be stopped. */
const NOTICES = 'notices'

/** The rows that are stopped, by the name of their way out or of their topic. */
export async function noticesStopped(
  app: App,
  rows: readonly OutboxRow[],
): Promise<ReadonlySet<OutboxRow>> {
  const stopped = new Set<OutboxRow>()
  for (const row of rows) {
    const found = await Promise.all(
      [NOTICES, row.topic].map((id) => {
        const key = standingKey({ type: 'webhook', id })
        return app.store.reads.state(row.scope, key.family, key.id)
      }),
    )
    if (control.stopsAny(found.map(({ state }) => state))) stopped.add(row)
  }
  return stopped
}
