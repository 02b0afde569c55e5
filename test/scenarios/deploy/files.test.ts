/** The files of `deploy/`: each is valid for the program that reads it, and says what the code says. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { flagOf, variableOf } from '../../../gateway/options/option-row.js'
import { optionTable } from '../../../gateway/options/option-table.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'
import { whyNo } from '../../helpers/server-programs.js'

const run = promisify(execFile)
const read = (name: string) => readFileSync(join(root, 'deploy', name), 'utf8')
const defaultOf = (name: string) => Number(optionTable.find(row => row.name === name)?.defaultValue)

/** Milliseconds for the end of the process itself, beside the steps of the gateway. */
const margin = 5_000
/** Milliseconds that a gateway may take to end once it is told to. */
const endsWithin =
  defaultOf('drainTimeout') + defaultOf('drainSpread') + 4 * defaultOf('closeTimeout') + margin
/** The same for one of several gateways. */
const endsInClusterWithin = endsWithin + defaultOf('drainSpread') + defaultOf('handoverTimeout')

t.test('the variables and options that the files set are those of the gateway', async t => {
  const variables = ['SALLYPORT_CONFIG', ...optionTable.map(({ name }) => variableOf(name))]
  const flags = optionTable.map(({ name }) => `--${flagOf(name)}`)
  for (const name of readdirSync(join(root, 'deploy'))) {
    const text = read(name)
    for (const [variable] of text.matchAll(/SALLYPORT_[A-Z_]+/g)) t.ok(variables.includes(variable), variable)
    for (const [, flag] of text.matchAll(/(?:gateway: |\S )(--(?:trusted|hosts|port)[a-z-]*)/g))
      t.ok(flags.includes(flag!), flag!)
  }
})

t.test('each supervisor waits for longer than a drain and a close take', async t => {
  const [, stop] = /^TimeoutStopSec=(\d+)$/m.exec(read('sallyport.service'))!
  t.ok(Number(stop) * 1_000 > endsInClusterWithin, `systemd: ${stop} s`)
  const [deployment] = parseAllDocuments(read('kubernetes.yaml')).map(each => each.toJS())
  const pod = deployment.spec.template.spec
  const preStop = Number(pod.containers[0].lifecycle.preStop.exec.command[1])
  t.ok(pod.terminationGracePeriodSeconds > preStop + endsWithin / 1_000, 'Kubernetes')
  const { apps } = createRequire(import.meta.url)(join(root, 'deploy/ecosystem.config.cjs'))
  t.ok(apps[0].kill_timeout > endsInClusterWithin, 'pm2')
  const guide = readFileSync(join(root, 'docs/guide/deploy.md'), 'utf8')
  for (const [text, seconds] of guide.matchAll(/(?:--stop-timeout |stop_grace_period: )(\d+)/g))
    t.ok(Number(seconds) * 1_000 > endsInClusterWithin, text)
  t.match(apps[0], { exec_mode: 'fork', instances: 1, treekill: false })
})

t.test('systemd takes the unit, without a warning', { skip: whyNo('systemd-analyze') }, async t => {
  const unit = join(t.testdir({}), 'sallyport.service')
  writeFileSync(unit, read('sallyport.service').replace('/usr/bin/node', process.execPath))
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit])
  t.same({ stdout, stderr }, { stdout: '', stderr: '' })
})

t.test('the manifest of a cluster: gateways and NATS find each other, and a drain has its time', async t => {
  const documents = parseAllDocuments(read('kubernetes-cluster.yaml'))
  for (const { errors, warnings } of documents) t.same([errors, warnings], [[], []])
  const all = documents.map(each => each.toJS())
  const find = (kind: string, name: string) =>
    all.find(each => each.kind === kind && each.metadata.name === name)
  for (const name of ['sallyport', 'nats']) {
    const { spec } = find('StatefulSet', name)
    t.same(spec.selector.matchLabels, spec.template.metadata.labels, name)
    t.equal(find('Service', spec.serviceName).spec.clusterIP, 'None')
    for (const selector of [
      find('Service', name).spec.selector,
      find('Service', spec.serviceName).spec.selector,
      find('PodDisruptionBudget', name).spec.selector.matchLabels
    ])
      t.same(selector, spec.template.metadata.labels, name)
  }
  const nats = find('StatefulSet', 'nats')
  const hosts = Array.from({ length: nats.spec.replicas }, (_, index) => `nats-${index}.nats`)
  const { spec: pod } = find('StatefulSet', 'sallyport').spec.template
  const [container] = pod.containers
  const env = new Map(container.env.map((each: Record<string, unknown>) => [each['name'], each]))
  const variable = (name: string) => (env.get(name) as { value?: string }).value
  t.equal(variable('SALLYPORT_NATS'), hosts.map(host => `nats://${host}:4222`).join(','))
  t.equal(variable('SALLYPORT_CLUSTER_REPLICAS'), String(hosts.length))
  t.match(env.get('SALLYPORT_FRONTEND_ID'), { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } })
  const preStop = Number(container.lifecycle.preStop.exec.command[1])
  const least = preStop + endsInClusterWithin / 1_000
  t.ok(pod.terminationGracePeriodSeconds > least, `${least} s are needed`)
  t.equal(pod.enableServiceLinks, false)
  const alone = parseAllDocuments(read('kubernetes.yaml'))[0]!.toJS().spec.template.spec.containers[0]
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
    t.same(container[probe], alone[probe], `${probe} is that of a gateway alone`)
  const config: string = find('ConfigMap', 'nats').data['nats.conf']
  t.same(
    [...config.matchAll(/nats:\/\/(\S+):6222/g)].map(([, host]) => host),
    hosts
  )
  t.match(config, `user: ${variable('SALLYPORT_NATS_USER')},`)
})

t.test('a gateway whose root is read-only has a temporary folder that is not', async t => {
  for (const [file, kind] of [
    ['kubernetes.yaml', 'Deployment'],
    ['kubernetes-cluster.yaml', 'StatefulSet']
  ] as const) {
    const all = parseAllDocuments(read(file)).map(each => each.toJS())
    const { spec } = all.find(each => each.kind === kind && each.metadata.name === 'sallyport').spec.template
    const [container] = spec.containers
    t.equal(container.securityContext.readOnlyRootFilesystem, true, file)
    matchRows(t, container.volumeMounts, [{ name: 'tmp', mountPath: '/tmp' }])
    matchRows(t, spec.volumes, [{ name: 'tmp', emptyDir: {} }])
  }
})

t.test('nats-server takes its part of that manifest', { skip: whyNo('nats-server') }, async t => {
  const documents = parseAllDocuments(read('kubernetes-cluster.yaml')).map(each => each.toJS())
  const file = join(t.testdir({}), 'nats.conf')
  writeFileSync(file, documents.find(({ kind }) => kind === 'ConfigMap').data['nats.conf'])
  const env = { PATH: process.env['PATH'], POD_NAME: 'nats-0', NATS_PASSWORD: 'ab12cd' }
  const { stderr } = await run('nats-server', ['-t', '-c', file], { env })
  t.match(stderr, /configuration file .* is valid/)
})

t.test("Kubernetes' manifest: its names and ports fit together", async t => {
  const documents = parseAllDocuments(read('kubernetes.yaml'))
  for (const { errors, warnings } of documents) t.same([errors, warnings], [[], []])
  const [deployment, service] = documents.map(each => each.toJS())
  t.match(deployment, { apiVersion: 'apps/v1', kind: 'Deployment' })
  t.match(service, { apiVersion: 'v1', kind: 'Service' })
  const { metadata, spec: pod } = deployment.spec.template
  t.same(deployment.spec.selector.matchLabels, metadata.labels)
  t.same(service.spec.selector, metadata.labels)
  const [container] = pod.containers
  const ports = Object.fromEntries(
    container.ports.map(({ name, containerPort }: Record<string, unknown>) => [name, containerPort])
  )
  const variables = Object.fromEntries(
    container.env.map(({ name, value }: Record<string, string>) => [name, value])
  )
  t.equal(ports[service.spec.ports[0].targetPort], Number(variables['SALLYPORT_PORT']))
  t.equal(ports.internal, Number(variables['SALLYPORT_INTERNAL_PORT']))
  t.equal(metadata.annotations['prometheus.io/port'], variables['SALLYPORT_INTERNAL_PORT'])
  t.equal(pod.enableServiceLinks, false, 'else SALLYPORT_PORT would be that of the service')
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
    t.match(container[probe].httpGet, {
      path: probe === 'livenessProbe' ? '/livez' : '/readyz',
      port: 'internal'
    })
})

t.test(
  "Docker's image runs the program itself below an init, not as root, and asks the right port",
  async t => {
    const text = read('Dockerfile').replace(/\\\n\s*/g, '')
    const instructions = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    for (const line of instructions)
      t.match(line, /^(FROM|WORKDIR|COPY|RUN|ENV|USER|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT) \S/)
    const [, entry] = /^ENTRYPOINT (.*)$/m.exec(text)!
    const [init, , node, , program] = JSON.parse(entry!)
    t.same([init, node], ['/usr/bin/tini', 'node'])
    t.ok(existsSync(join(root, program.replace('node_modules/sallyport/', ''))), program)
    t.match(text, /^USER node$/m)
    t.match(text, new RegExp(`^EXPOSE ${defaultOf('port')}$`, 'm'))
    t.match(text, /^STOPSIGNAL SIGTERM$/m)
  }
)

t.test(
  'the limits of the kernel are names of this kernel, and its values are numbers',
  { skip: process.platform !== 'linux' && 'they are Linux’' },
  async t => {
    for (const line of read('sysctl.conf').split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const [, isOptional, name, value] = /^(-?)([a-z0-9_.]+) = (\d+(?: \d+){0,2})$/.exec(line) ?? []
      t.ok(value, line)
      // A container has a part of them only.
      const path = join('/proc/sys', name!.replaceAll('.', '/'))
      if (isOptional === '' && existsSync(path))
        t.equal(readFileSync(path, 'utf8').trim().split(/\s+/).length, value!.split(' ').length, name!)
    }
  }
)
