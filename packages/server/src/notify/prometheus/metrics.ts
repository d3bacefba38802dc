/**
 * Every metric of our own: its name, what it is, and its labels. All labels are of closed sets.
 *
 * The reference page, the dashboard and the alerts are held against this table.
 *
 * @module
 */
export interface MetricType {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds, for a histogram. */
  readonly buckets?: readonly number[]
}

const DECIDING = [0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.01]
const COMMITTING = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2]
const ANSWERING = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256]

export const METRICS = {
  surety_decisions_total: {
    kind: 'counter',
    help: 'Decisions recorded, by outcome and primary reason code',
    labels: ['outcome', 'code'],
  },
  surety_shadow_decisions_total: {
    kind: 'counter',
    help: 'Decisions on which a profile in shadow was asked, by what was decided and what it would have',
    labels: ['outcome', 'shadow'],
  },
  surety_evaluation_seconds: {
    kind: 'histogram',
    help: 'Time to evaluate the facts of one decision, shadow included',
    labels: [],
    buckets: DECIDING,
  },
  surety_events_total: {
    kind: 'counter',
    help: 'Facts committed to the journal, by type',
    labels: ['type'],
  },
  surety_settlements_total: {
    kind: 'counter',
    help: 'Gates that ended with money held behind them, by outcome',
    labels: ['outcome'],
  },
  surety_payments_total: {
    kind: 'counter',
    help: 'What became known of payments on rails, by state and whether it is certain',
    labels: ['state', 'certainty'],
  },
  surety_held_minor_units: {
    kind: 'gauge',
    help: 'Money held for gates that have not ended, or held back of them, in minor units of the asset',
    labels: ['asset'],
  },
  surety_receipts_unsigned: {
    kind: 'gauge',
    help: 'Committed facts whose receipts are not signed yet',
    labels: [],
  },
  surety_deadlines_overdue: {
    kind: 'gauge',
    help: 'Deadlines that have passed and were not acted on yet',
    labels: [],
  },
  surety_outbox_waiting: {
    kind: 'gauge',
    help: 'Notices that were not delivered yet',
    labels: [],
  },
  surety_commands_waiting: {
    kind: 'gauge',
    help: 'Commands that wait for the writer',
    labels: [],
  },
  surety_requests_in_progress: {
    kind: 'gauge',
    help: 'HTTP requests that are being answered',
    labels: [],
  },
  surety_commit_seconds: {
    kind: 'histogram',
    help: 'Time to decide and commit one batch of commands, to the disk',
    labels: [],
    buckets: COMMITTING,
  },
  surety_commit_commands: {
    kind: 'histogram',
    help: 'Commands that shared one commit',
    labels: [],
    buckets: BATCHES,
  },
  surety_commit_failures_total: {
    kind: 'counter',
    help: 'Commits that failed as a whole; every command in them was answered 503',
    labels: [],
  },
  surety_http_requests_total: {
    kind: 'counter',
    help: 'HTTP requests answered, by method, route and status',
    labels: ['method', 'route', 'status'],
  },
  surety_http_request_seconds: {
    kind: 'histogram',
    help: 'Time to answer an HTTP request, by route',
    labels: ['method', 'route'],
    buckets: ANSWERING,
  },
  surety_build_info: {
    kind: 'gauge',
    help: 'One, with the version that runs and the schema of its database',
    labels: ['version', 'schema'],
  },
} as const satisfies Readonly<Record<string, MetricType>>
export type MetricName = keyof typeof METRICS
