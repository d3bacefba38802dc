/**
 * Pages: an opaque cursor, a limit, and never an offset.
 *
 * @module
 */
import { Type } from '@sinclair/typebox'
import { err, fromBase64url, fromUtf8, ok, toBase64url, toUtf8 } from '@surety/protocol'
import type { Listing } from '../app/read.ts'
import type { Page } from '../ports.ts'
import type { Reply } from './route.ts'

const LIMIT_DEFAULT = 50

export const pageQuery = {
  cursor: Type.Optional(Type.String({ maxLength: 256, pattern: '^[A-Za-z0-9_-]+$' })),
  limit: Type.Optional(
    Type.String({ pattern: '^(?:[1-9][0-9]?|1[0-9][0-9]|200)$', description: '1 to 200' }),
  ),
}

/** Answers one page; the cursor is the last id looked at, so that pages stay stable. */
export async function paged(
  query: { readonly cursor?: string; readonly limit?: string },
  descending: boolean,
  list: (page: Page) => Promise<Listing>,
): Promise<Reply> {
  const bytes = query.cursor === undefined ? undefined : fromBase64url(query.cursor)
  const after = bytes === undefined ? undefined : fromUtf8(bytes)
  if (query.cursor !== undefined && after === undefined) return err('cursor_invalid')
  const { items, next } = await list({
    after,
    descending,
    limit: Number(query.limit ?? LIMIT_DEFAULT),
  })
  const cursor = next === null ? null : toBase64url(toUtf8(next))
  return ok({ type: 'body', body: { items, next: cursor } })
}
