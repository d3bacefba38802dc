/** The dashboard and the alerts as files: they load, and name only what is exported. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { METRICS } from '../../packages/server/src/notify/prometheus/metrics.ts'
import { openHouse, type TestHouse } from '../support/house.ts'
import { metricsOf } from '../support/metrics.ts'
import { selectedBy } from '../support/promql.ts'

const read = (path: string) => readFileSync(new URL(`../../ops/${path}`, import.meta.url), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets: readonly { readonly expr: string; readonly refId: string }[]
}

const { groups } = parse(read('prometheus/alerts.yaml')) as {
  groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(read('grafana/surety.json')) as {
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string }[] }
}
const expressions = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
]

let house: TestHouse
let exported: ReadonlySet<string>
before(async () => {
  house = await openHouse()
  const text = await metricsOf(house)
  exported = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name))
})
after(() => house.close())

/** What Prometheus adds by itself. */
const OF_PROMETHEUS = { up: ['job', 'instance'] } as const

test('every expression is PromQL, and selects what is exported, by labels that it has', () => {
  let examined = 0
  for (const expression of expressions) {
    for (const { metric, labels } of selectedBy(expression)) {
      const name = metric.replace(/_(?:bucket|sum|count)$/, '')
      examined += 1
      if (Object.hasOwn(OF_PROMETHEUS, metric)) continue
      assert.ok(exported.has(name), `${metric} in ${expression}`)
      if (!Object.hasOwn(METRICS, name)) continue
      const { kind, labels: own } = METRICS[name as keyof typeof METRICS]
      const known = [...own, 'job', 'instance', ...(kind === 'histogram' ? ['le'] : [])]
      for (const label of labels) assert.ok(known.includes(label), `${label} of ${metric}`)
      assert.equal(metric !== name, kind === 'histogram', `${metric} is a ${kind}`)
    }
  }
  assert.ok(examined > 30)
})

test('a slip in an expression is seen', () => {
  for (const wrong of ['sum(rate(x[5m])', 'x{a=1}', 'rate(x[5 m])', 'sum by (le (x)', 'x > > 1']) {
    assert.throws(() => selectedBy(wrong), SyntaxError, wrong)
  }
})

test('an alert has a name of its own, a severity, and says what to do', () => {
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  for (const { alert, labels, annotations, ...rule } of rules) {
    assert.match(alert, /^Surety[A-Za-z]+$/)
    assert.ok(['page', 'warn', 'info'].includes(labels.severity ?? ''), alert)
    assert.ok(annotations.summary && annotations.description, alert)
    assert.match(rule.for ?? '1m', /^\d+[smh]$/)
  }
})

test('the dashboard has panels that do not overlap, each with something to show', () => {
  const { panels, templating, uid } = dashboard
  assert.equal(uid, 'surety')
  assert.ok(templating.list.some(({ name }) => name === 'datasource'))
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const taken = new Set<string>()
  for (const { title, gridPos, targets } of panels) {
    assert.ok(title !== '' && targets.length > 0, title)
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(x < 24 && !taken.has(`${String(x)} ${String(y)}`), title)
        taken.add(`${String(x)} ${String(y)}`)
      }
    }
  }
})

test('the scrape job asks for what is there, with a credential from a file', () => {
  const { scrape_configs: jobs } = parse(read('prometheus/scrape.yaml')) as {
    scrape_configs: readonly { metrics_path: string; authorization: { credentials_file: string } }[]
  }
  assert.equal(jobs[0]?.metrics_path, '/metrics')
  assert.ok(jobs[0]?.authorization.credentials_file.startsWith('/'))
})
