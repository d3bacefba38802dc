/** What the SDK of OpenTelemetry collects is what Prometheus reads, for every metric there is. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { metrics } from '@opentelemetry/api'
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  MeterProvider,
  type MetricData,
  MetricReader,
} from '@opentelemetry/sdk-metrics'
import { METRICS } from '../../packages/server/src/notify/prometheus/metrics.ts'
import {
  declareAndAuthorize,
  execute,
  type Market,
  openHouse,
  openMarket,
  purchase,
  type TestHouse,
} from '../support/house.ts'
import { metricsOf } from '../support/metrics.ts'

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {
    // Nothing is kept between two collections.
  }
  protected async onShutdown(): Promise<void> {
    // Nothing is open.
  }
}

const reader = new Reader()
const provider = new MeterProvider({ readers: [reader] })
let house: TestHouse
let market: Market
before(async () => {
  // What a house commits while it is founded belongs to no house that is served.
  const founded = await openHouse()
  metrics.setGlobalMeterProvider(provider)
  house = await founded.restart()
  market = await openMarket(house)
})
after(async () => {
  await provider.shutdown()
  metrics.disable()
  await house.close()
})

/** Samples by name and labels in order, `name{a="1",b="2"}`, as both formats can be written. */
type Samples = Readonly<Record<string, number>>

const written = (name: string, labels: Readonly<Record<string, unknown>>): string => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${String(value)}"`)
  return pairs.length === 0 ? name : `${name}{${pairs.sort().join(',')}}`
}

/** A sum of times is added up in another order. */
const rounded = (value: number) => Number(value.toPrecision(9))

function samplesOfText(text: string): Samples {
  const samples: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const [, name = '', , labels = '', value] =
      /^(surety_[a-z_]+)(\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (value === undefined) continue
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, a = '', b]) => [a, b] as const)
    samples[written(name, Object.fromEntries(pairs))] = rounded(Number(value))
  }
  return samples
}

function samplesOfHistogram(name: string, { attributes, value }: DataPoint<Histogram>): Samples {
  const samples: Record<string, number> = {
    [written(`${name}_count`, attributes)]: value.count,
    [written(`${name}_sum`, attributes)]: rounded(value.sum ?? Number.NaN),
  }
  let below = 0
  for (const [i, count] of value.buckets.counts.entries()) {
    below += count
    const le = value.buckets.boundaries[i] ?? '+Inf'
    samples[written(`${name}_bucket`, { ...attributes, le })] = below
  }
  return samples
}

function samplesOf(collected: readonly MetricData[]): Samples {
  const samples: Record<string, number> = {}
  for (const { descriptor, dataPointType, dataPoints } of collected) {
    for (const point of dataPoints) {
      if (dataPointType === DataPointType.HISTOGRAM) {
        Object.assign(samples, samplesOfHistogram(descriptor.name, point as DataPoint<Histogram>))
      } else samples[written(descriptor.name, point.attributes)] = rounded(point.value as number)
    }
  }
  return samples
}

async function collected(): Promise<readonly MetricData[]> {
  const { resourceMetrics, errors } = await reader.collect()
  assert.deepEqual(errors, [])
  const [scope, ...others] = resourceMetrics.scopeMetrics
  assert.deepEqual([scope?.scope.name, others], ['surety', []])
  return scope?.metrics ?? []
}

test('every metric of the table is collected as Prometheus reads it', async () => {
  await purchase(market, '250')
  await purchase(market, '100', { status: 500 })
  await execute(market, await declareAndAuthorize(market, '40'))
  await declareAndAuthorize(market, '5000')
  const { meter } = house.running.app
  const data = {
    decision: { decision: 'allow', reasonCode: 'allowed', shadow: [{ decision: 'deny' }] },
    payment: { state: 'broadcasting', certainty: 'unknown' },
  }
  const events = ['decisionRecorded', 'paymentReported'].map((type) => ({ type, data }))
  meter.committed({ streams: [{ events }] } as never)
  // The process's own figures begin with the first answer; they are not mirrored.
  await metricsOf(house)

  const given = await collected()
  const samples = samplesOf(given)
  const text = samplesOfText(await metricsOf(house))

  assert.equal(samples['surety_decisions_total{code="allowed",outcome="allow"}'], 4)
  assert.equal(samples['surety_decisions_total{code="per_request_exceeded",outcome="deny"}'], 1)
  assert.equal(samples.surety_evaluation_seconds_count, 4)
  assert.equal(samples['surety_held_minor_units{asset="USD/2"}'], 40)
  // Prometheus asks by a request, which is one in progress.
  assert.deepEqual(samples, { ...text, surety_requests_in_progress: 0 })
  assert.equal(text.surety_requests_in_progress, 1)
  const kinds = { counter: DataPointType.SUM, gauge: DataPointType.GAUGE, histogram: 0 }
  for (const [name, { kind, help }] of Object.entries(METRICS)) {
    const found = given.find(({ descriptor }) => descriptor.name === name)
    assert.equal(found?.dataPointType, kinds[kind], name)
    assert.equal(found?.descriptor.description, help)
  }
})

test('a later collection goes on from the first', async () => {
  const before = samplesOf(await collected())
  await purchase(market, '10')
  await declareAndAuthorize(market, '7')
  const later = samplesOf(await collected())
  const grown = (name: string) => (later[name] ?? 0) - (before[name] ?? 0)
  assert.equal(grown('surety_decisions_total{code="allowed",outcome="allow"}'), 2)
  assert.equal(grown('surety_evaluation_seconds_count'), 2)
  assert.equal(grown('surety_held_minor_units{asset="USD/2"}'), 7)
})
