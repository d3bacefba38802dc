/**
 * The meter that Prometheus and OpenTelemetry read.
 *
 * Where something happens, a number in a map grows; names, labels and text are made when somebody
 * asks. What is stored is counted then too, by questions whose cost does not grow with history.
 *
 * @module
 */
import type { Event } from '@surety/protocol'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Backlog, Meter, MeterSources } from '../../ports.ts'
import { METRICS, type MetricName, type MetricType } from './metrics.ts'
import { type Note, noting, offerObservables } from './opentelemetry.ts'

/** What runs, as the metrics state it. */
export interface Build {
  readonly version: string
  readonly schema: number
}

/** Counts by labels, kept as text that is taken apart only when somebody asks. */
class Counts {
  readonly #counts = new Map<string, number>()

  add(labels: string): void {
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1)
  }

  /** Hands everything over to the counter of that name. */
  give(registry: Registry, name: MetricName): void {
    const counter = registry.getSingleMetric(name) as Counter
    const { labels } = METRICS[name]
    counter.reset()
    for (const [text, count] of this.#counts) {
      const values = text.split(' ')
      counter.inc(Object.fromEntries(labels.map((label, i) => [label, values[i] ?? ''])), count)
    }
  }
}

export function prometheusMeter(build: Build): Meter {
  const registry = new Registry()
  for (const [name, type] of Object.entries(METRICS)) define(registry, name, type)
  const noteEvaluation = noting(registry, 'surety_evaluation_seconds')()
  const noteCommit = noting(registry, 'surety_commit_seconds')()
  const noteCommands = noting(registry, 'surety_commit_commands')()
  const requests = noting(registry, 'surety_http_request_seconds')
  const timers = new Map<string, Note>()
  const timerOf = (method: string, route: string) => {
    const key = `${method} ${route}`
    let timer = timers.get(key)
    if (timer === undefined) {
      timer = requests({ method, route })
      timers.set(key, timer)
    }
    return timer
  }
  const counts = {
    surety_decisions_total: new Counts(),
    surety_shadow_decisions_total: new Counts(),
    surety_events_total: new Counts(),
    surety_settlements_total: new Counts(),
    surety_payments_total: new Counts(),
    surety_commit_failures_total: new Counts(),
    surety_http_requests_total: new Counts(),
  }
  let hasDefaults = false
  return {
    evaluation(work) {
      const started = performance.now()
      const value = work()
      noteEvaluation((performance.now() - started) / 1_000)
      return value
    },
    committed({ streams }) {
      for (const { events } of streams) for (const event of events) countEvent(counts, event)
    },
    commit(count, startedMs) {
      if (count === 0) return
      noteCommit((performance.now() - startedMs) / 1_000)
      noteCommands(count)
    },
    commitFailed: () => counts.surety_commit_failures_total.add(''),
    request(method, route, status, seconds) {
      counts.surety_http_requests_total.add(`${method} ${route} ${String(status)}`)
      timerOf(method, route)(seconds)
    },
    offer(sources) {
      const collect = async () => {
        for (const [name, each] of Object.entries(counts)) each.give(registry, name as MetricName)
        await setGauges(registry, sources(), build)
      }
      offerObservables(registry, collect)
      return async () => {
        // Of the whole process; their observers start when somebody first asks.
        if (!hasDefaults) collectDefaultMetrics({ register: registry })
        hasDefaults = true
        await collect()
        return { type: registry.contentType, text: await registry.metrics() }
      }
    },
  }
}

function define(registry: Registry, name: string, type: MetricType): void {
  const { help, kind } = type
  const common = { name, help, labelNames: [...type.labels], registers: [registry] }
  if (kind === 'counter') new Counter(common)
  else if (kind === 'gauge') new Gauge(common)
  else new Histogram({ ...common, buckets: [...(type.buckets ?? [])] })
}

type EventCounts = Readonly<
  Record<
    | 'surety_decisions_total'
    | 'surety_shadow_decisions_total'
    | 'surety_events_total'
    | 'surety_settlements_total'
    | 'surety_payments_total',
    Counts
  >
>

function countEvent(counts: EventCounts, { type, data }: Event): void {
  counts.surety_events_total.add(type)
  if (type === 'decisionRecorded') {
    const { decision, reasonCode, shadow } = data.decision as Decided
    counts.surety_decisions_total.add(`${decision} ${reasonCode}`)
    for (const each of shadow ?? []) {
      counts.surety_shadow_decisions_total.add(`${decision} ${each.decision}`)
    }
  }
  if (type === 'paymentMoved' || type === 'paymentReported') {
    const { state, certainty } = data.payment as Readonly<Record<string, string>>
    counts.surety_payments_total.add(`${String(state)} ${String(certainty)}`)
  }
  const receipt = data.receipt as { readonly outcome?: string } | undefined
  if (receipt?.outcome !== undefined && type !== 'gateHeldForReview') {
    counts.surety_settlements_total.add(receipt.outcome)
  }
}

interface Decided {
  readonly decision: string
  readonly reasonCode: string
  readonly shadow?: readonly { readonly decision: string }[]
}

async function setGauges(
  registry: Registry,
  { reads, at, waiting, busy }: MeterSources,
  { version, schema }: Build,
): Promise<void> {
  const gauge = (name: MetricName) => registry.getSingleMetric(name) as Gauge
  const [held, backlog] = await Promise.all([reads.held(), reads.backlog(at)])
  const money = gauge('surety_held_minor_units')
  money.reset()
  for (const { asset, amount } of held) money.set({ asset }, Number(amount))
  setBacklog(gauge, backlog)
  gauge('surety_commands_waiting').set(waiting)
  gauge('surety_requests_in_progress').set(busy)
  gauge('surety_build_info').set({ version, schema: String(schema) }, 1)
}

function setBacklog(gauge: (name: MetricName) => Gauge, backlog: Backlog): void {
  gauge('surety_receipts_unsigned').set(backlog.unsigned)
  gauge('surety_deadlines_overdue').set(backlog.overdue)
  gauge('surety_outbox_waiting').set(backlog.outbox)
}
