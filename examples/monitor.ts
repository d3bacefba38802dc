/**
 * Exports the metrics: shown in docs/guides/monitor.md, run by tests/docs/examples.test.ts.
 *
 * @module
 */
// #region metrics
import { metrics } from '@opentelemetry/api'
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'

export function exportMetrics(exporter: PushMetricExporter, exportIntervalMillis = 60_000) {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis })
  const provider = new MeterProvider({ readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  return provider
}
// #endregion
