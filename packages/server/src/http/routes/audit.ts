/** What people decided, for finance and compliance. */
import { Type } from '@sinclair/typebox'
import { closed, InstantText, words } from '@surety/protocol'
import { type AuditSpan, exportAudit } from '../../app/gate/approval/export-audit.ts'
import { type Route, route, streamed } from '../route.ts'

const TYPES = {
  jsonl: 'application/jsonl',
  csv: 'text/csv; charset=utf-8; header=present',
} as const

const audit = route({
  method: 'GET',
  path: '/v1/audit/actions',
  summary: 'Export what people decided: who, when, why, about what',
  description:
    'JSON lines or CSV, in the order of the journal; the last row carries a statement, signed by Surety, over all bytes before it. spec/audit.md says how to verify it.',
  scope: 'read:all',
  params: null,
  query: closed({
    format: Type.Optional(words(['jsonl', 'csv'])),
    since: Type.Optional(InstantText),
    until: Type.Optional(InstantText),
  }),
  body: null,
  status: 200,
  answer: Type.String(),
  streams: ['application/jsonl', 'text/csv'],
  problems: [],
  handle: async ({ app, caller, query }) => {
    const { format = 'jsonl', ...span } = query as Partial<AuditSpan>
    return streamed(TYPES[format], exportAudit(app, caller, { format, ...span }))
  },
})

export const auditRoutes: readonly Route[] = [audit]
