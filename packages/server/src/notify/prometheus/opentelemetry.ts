/**
 * The same metrics for whoever brings an OpenTelemetry SDK; without one nothing is kept or asked.
 *
 * Counters and gauges are read when the SDK collects, from where Prometheus reads them; what a
 * histogram notes is noted for both where it happens. The SDK is there before a house opens, or
 * never: a meter without a provider stays without one.
 *
 * @module
 */
import { metrics, type Observable } from '@opentelemetry/api'
import type { Histogram, Registry } from 'prom-client'
import { METRICS, type MetricName, type MetricType } from './metrics.ts'

const SCOPE = 'surety'

type Labels = Readonly<Record<string, string>>
export type Note = (value: number) => void

/** What notes a value of these labels in the histogram of that name, for both. */
export function noting(registry: Registry, name: MetricName): (labels?: Labels) => Note {
  const prometheus = registry.getSingleMetric(name) as Histogram
  const { help: description, buckets = [] }: MetricType = METRICS[name]
  const advice = { explicitBucketBoundaries: [...buckets] }
  const unit = name.endsWith('_seconds') ? 's' : ''
  const other = metrics.getMeter(SCOPE).createHistogram(name, { description, unit, advice })
  return (labels = {}) => {
    const bound = prometheus.labels(labels)
    return (value) => {
      bound.observe(value)
      other.record(value, labels)
    }
  }
}

/** Offers every counter and gauge of the table; `collect` makes the registry say how things are. */
export function offerObservables(registry: Registry, collect: () => Promise<void>): void {
  const meter = metrics.getMeter(SCOPE)
  const offered: (readonly [string, Observable])[] = []
  for (const [name, { kind, help: description }] of Object.entries(METRICS)) {
    if (kind === 'counter')
      offered.push([name, meter.createObservableCounter(name, { description })])
    if (kind === 'gauge') offered.push([name, meter.createObservableGauge(name, { description })])
  }
  const observables = offered.map(([, observable]) => observable)
  meter.addBatchObservableCallback(async (result) => {
    await collect()
    // One by one: to ask for the whole registry would begin a new span of the process’s figures.
    for (const [name, observable] of offered) {
      const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] }
      for (const { value, labels } of values) result.observe(observable, value, labels)
    }
  }, observables)
}
