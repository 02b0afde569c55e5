/** Holds the dashboard and the alert rules to the metrics: each query names metrics and labels that exist. */
import t from 'tap'
import { definitions } from '../gateway/metrics/prometheus.js'
import { readText } from './helpers/sources.js'

/** The labels of each series that Prometheus stores, by name; `job` and `instance` are its own. */
const series = new Map<string, readonly string[]>([['up', []]])
for (const { name, type, labels } of definitions) {
  if (type !== 'histogram') series.set(name, labels)
  else {
    series.set(`${name}_bucket`, [...labels, 'le'])
    series.set(`${name}_sum`, labels)
    series.set(`${name}_count`, labels)
  }
}
const ownLabels = ['job', 'instance']
const functions = [
  'absent',
  'or',
  'sum',
  'avg',
  'min',
  'max',
  'by',
  'rate',
  'increase',
  'topk',
  'histogram_quantile',
  'label_values'
]

/** Returns what is wrong with a query; nothing if all its names exist. Knows as much of PromQL as is used. */
function findFaults(query: string): string[] {
  const faults: string[] = []
  const labels = new Set<string>()
  for (const [, list] of query.matchAll(/\bby \(([^)]*)\)/g))
    for (const label of list!.split(', ')) labels.add(label)
  const values = /^label_values\(.*, (\w+)\)$/.exec(query)
  if (values !== null) labels.add(values[1]!)
  const bare = query
    .replace(/\bby \([^)]*\)/g, '')
    .replace(/, \w+\)$/, values === null ? '$&' : ')')
    .replace(/"[^"]*"/g, '""')
    .replace(/\[[^\]]*\]/g, '')
  const used: string[] = []
  for (const [, name, matchers] of bare.matchAll(/\b([a-z]\w*)\b(?:\{([^}]*)\})?(?!["=!])/g)) {
    if (functions.includes(name!) || isMatcher(bare, name!)) continue
    used.push(name!)
    const known = series.get(name!)
    if (known === undefined) {
      faults.push(`no metric ${name}`)
      continue
    }
    for (const [, label] of (matchers ?? '').matchAll(/(\w+)(?:=~|!~|!=|=)/g))
      if (![...known, ...ownLabels].includes(label!)) faults.push(`${name} has no label ${label}`)
  }
  if (used.length === 0) faults.push('no metric at all')
  const all = [...ownLabels, ...used.flatMap(name => series.get(name) ?? [])]
  for (const label of labels) if (!all.includes(label)) faults.push(`no metric there has the label ${label}`)
  return faults
}

/** Whether a name occurs in the query only as a label inside braces. */
function isMatcher(query: string, name: string): boolean {
  return !query
    .replace(/\{[^}]*\}/g, '{}')
    .split(/\W+/)
    .includes(name)
}

interface Panel {
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly w: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const dashboard = JSON.parse(readText('docs/operations/grafana-dashboard.json')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] }
}

/** The rules of the file, which is written in the plain part of YAML that this reads. */
const rules = readText('docs/operations/alerts.yml')
  .split('      - alert: ')
  .slice(1)
  .map(text => {
    const read = (key: string) => new RegExp(`^ +${key}: (.+)$`, 'm').exec(text)?.[1]
    return {
      name: text.split('\n')[0]!,
      expr: read('expr'),
      wait: read('for'),
      severity: read('severity'),
      summary: read('summary'),
      reason: read('reason')
    }
  })

t.test('what is no metric, and no label of a metric, is found', async t => {
  t.same(findFaults('sum by (route) (rate(sallyport_requests_total{outcome="ok"}[5m]))'), [])
  t.same(findFaults('label_values(sallyport_info{job=~"$job"}, instance)'), [])
  t.same(findFaults('rate(sallyport_request_total[5m])'), ['no metric sallyport_request_total'])
  t.same(findFaults('sallyport_request_run_duration_seconds{}'), [
    'no metric sallyport_request_run_duration_seconds'
  ])
  t.same(findFaults('sallyport_requests_total{reason="x"}'), ['sallyport_requests_total has no label reason'])
  t.same(findFaults('sum by (le) (sallyport_requests_total)'), ['no metric there has the label le'])
  t.same(findFaults('sum(1)'), ['no metric at all'])
})

t.test('each query of the dashboard names metrics and labels that exist', async t => {
  let queries = 0
  for (const { title, type, targets = [], gridPos } of dashboard.panels) {
    t.ok(gridPos.x + gridPos.w <= 24, `${title} is within the grid`)
    if (type !== 'row') t.ok(targets.length > 0, title)
    for (const { expr, legendFormat } of targets) {
      queries++
      t.same(findFaults(expr), [], `${title}: ${expr}`)
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        t.ok(expr.includes(label!) || !expr.includes(' by ('), `${title}: the legend has ${label}`)
    }
  }
  for (const { name, query } of dashboard.templating.list) {
    if (typeof query === 'string') continue
    t.same(findFaults((query as { query: string }).query), [], name)
  }
  t.ok(queries > 40, `${queries} queries`)
})

t.test('each alert names metrics and labels that exist, and has its reason', async t => {
  t.ok(rules.length > 15, `${rules.length} rules`)
  t.equal(new Set(rules.map(({ name }) => name)).size, rules.length, 'each name is there once')
  for (const { name, expr = '', wait, severity, summary, reason } of rules) {
    t.match(name, /^Sallyport[A-Za-z]+$/)
    t.same(findFaults(expr), [], `${name}: ${expr}`)
    t.match(wait, /^\d+[sm]$/, name)
    t.match(severity, /^(critical|warning|info)$/, name)
    t.match(summary, /^".+\."$/, name)
    t.match(reason, /^".{40,}\."$/, name)
  }
})

t.test(
  'the dashboard and the alerts count the same requests as failed: not those of players who leave',
  async t => {
    const queries = [
      ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...rules.map(({ expr = '' }) => expr)
    ]
    const failed = queries.flatMap(expr =>
      [...expr.matchAll(/sallyport_requests_total\{[^}]*?(outcome[^,}]+)/g)].map(([, matcher]) => matcher)
    )
    t.ok(failed.length >= 3, `${failed.length} queries`)
    t.same([...new Set(failed)], ['outcome=~"error|timeout|worker_lost|not_run"'])
  }
)

t.test('monitoring.md has a row for each alert', async t => {
  const named = [...readText('docs/guide/monitoring.md').matchAll(/^\| `(Sallyport\w+)` /gm)].map(
    ([, name]) => name
  )
  t.same(
    named,
    rules.map(({ name }) => name)
  )
})
