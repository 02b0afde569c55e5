/** Holds the layout: the imports of folders, the doors of dependencies, and what no file may have. */

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { root } from './helpers/paths.js'
import {
  findCycles,
  houses,
  listEdges,
  listRoomImports,
  readAllowedImports,
  readPart
} from './helpers/rooms.js'
import { listFiles, readSource, readSources, readText } from './helpers/sources.js'

const product = readSources(houses)
const around = readSources(['bench', 'examples'])

/** What files of a folder may import, beside Node's own modules. */
const allowed: Record<string, (from: string, path: string) => boolean> = {
  shared: from => from.startsWith('shared/') || isPackage(from),
  gateway: (from, path) =>
    from.startsWith('gateway/') ||
    from.startsWith('shared/') ||
    isPackage(from) ||
    // The program has the commands of the tools.
    (path === 'gateway/program/commands.ts' && from === 'tools/commands.ts'),
  workers: from => from.startsWith('workers/') || from.startsWith('shared/') || isPackage(from),
  client: from => from.startsWith('client/') || from.startsWith('shared/') || isPackage(from),
  testing: from => !/^(test|bench|examples)\//.test(from),
  tools: from => /^(tools|client|shared|gateway\/development|gateway\/console)\//.test(from),
  bench: (from, path) =>
    from.startsWith('bench/') ||
    (from === 'superjson' && path.startsWith('bench/floors/')) ||
    // One floor is the encoding of settings alone.
    (path === 'bench/servers/hundred-keys.ts' && from.startsWith('shared/values/')) ||
    // One case is the memory of a table alone.
    (path === 'bench/servers/interest.ts' && from.startsWith('gateway/cluster/interest/')) ||
    // Cases about several gateways start a nats-server, and one floor is its client alone.
    from === 'tools/cluster/nats-server.ts' ||
    (from === '@nats-io/transport-node' && path === 'bench/floors/nats.ts') ||
    [
      'gateway/index.ts',
      'workers/index.ts',
      'client/index.ts',
      'client/node.ts',
      'sallyport',
      'sallyport/worker',
      'ws',
      'piscina'
    ].includes(from),
  examples: (from, path) =>
    from.startsWith(path.split('/').slice(0, 2).join('/')) ||
    ['sallyport', 'sallyport/worker', 'sallyport/client', 'sallyport/testing'].includes(from) ||
    (from === 'ws' && path.endsWith('/play.ts'))
}

/**
 * The one file that may import a dependency; types of it may be imported anywhere. The client may not import
 * the gateway, so `ws` has a door on either side.
 */
const doors: Record<string, readonly string[]> = {
  ws: ['gateway/http/web-socket.ts', 'client/node.ts'],
  chokidar: ['gateway/development/watcher.ts'],
  pino: ['gateway/telemetry/json-log.ts'],
  piscina: ['gateway/isolation/thread.ts'],
  'prom-client': ['gateway/metrics/prometheus.ts'],
  superjson: ['shared/values/superjson.ts'],
  // No module imports it: the console's page does, and gateway/console/page-files.ts serves it to the page.
  uplot: []
}

/** Dependencies of which only types are used: anywhere, and by whoever compiles against ours. */
const typeOnly = ['@standard-schema/spec']

/** Packages of the game that it may have, of which types are used, by one file. It loads them when asked. */
const optionalPeers = { '@opentelemetry/api': 'shared/tracing/open-telemetry.ts' }

/** NATS' client, which only gateways of a cluster need; and the one file that imports it, when asked. */
const natsClient = { name: '@nats-io/transport-node', door: 'gateway/cluster/bus/nats-connection.ts' }

/** Whoever looks for a default export there, nobody else has one. */
const defaultExports = ['bench/floors/pool-run-worker.ts', 'examples/starter/sallyport.config.ts']

/** What a client in a browser will import, and so what may not need Node. */
const forBrowsers = [
  'shared/close-codes.ts',
  'shared/errors.ts',
  'shared/address.ts',
  'shared/bodies/rich-body.ts',
  'shared/bodies/untrusted-value.ts'
]

/** What only Node imports of the client, by a condition in `package.json`, and what only that imports. */
const nodeEntry = 'client/node.ts'
const onlyForNode = [nodeEntry, 'client/base/node-pace.ts']

/** Files that may use the time of day: for time stamps, sessions' numbers, moves' and certificates. */
const timeDoors = {
  read: 'shared/clock.ts',
  use: [
    'gateway/cluster/bus/local-log.ts',
    'gateway/cluster/console/looked-at.ts',
    'gateway/cluster/cuts/cuts.ts',
    'gateway/cluster/parking/parking.ts',
    'gateway/cluster/parking/restorer.ts',
    'gateway/console/audit.ts',
    'gateway/console/console.ts',
    'gateway/console/session-calls.ts',
    'gateway/console/worker-views.ts',
    'gateway/http/listener.ts',
    'gateway/sessions/registry.ts',
    'gateway/telemetry/json-log.ts',
    'gateway/telemetry/log-ring.ts',
    'gateway/tracing/request-spans.ts',
    'shared/text/log.ts'
  ]
}

const mostLines = 300

/** Files that a room may have. */
const mostFiles = 12

function isNode(from: string): boolean {
  return from.startsWith('node:')
}

function isPackage(from: string): boolean {
  return (
    /^[@a-z][\w./@-]*$/.test(from) &&
    !/^(shared|gateway|workers|client|testing|tools|bench|examples|test)\//.test(from)
  )
}

function wrongImports(folder: string): string[] {
  return [...product, ...around]
    .filter(source => source.folder === folder)
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => !isNode(from) && !allowed[folder]!(from, path))
        .map(({ from }) => `${path} imports ${from}`)
    )
}

t.test('shared imports only shared', async t => t.same(wrongImports('shared'), []))

t.test('the gateway imports only itself and shared', async t => t.same(wrongImports('gateway'), []))

t.test('workers import only themselves and shared', async t => t.same(wrongImports('workers'), []))

t.test('the client imports only itself and shared', async t => t.same(wrongImports('client'), []))

t.test('what tests of games import knows nothing of our own tests', async t =>
  t.same(wrongImports('testing'), [])
)

t.test(
  'the tools are clients: they import the client, and of the gateway only types and the loader',
  async t => t.same(wrongImports('tools'), [])
)

/** The files that a file loads when it is loaded: its imports, and theirs. */
function loadedWith(path: string): string[] {
  const reached = new Set([path])
  for (const each of reached) {
    for (const [, from] of readText(each).matchAll(/^import (?!type).*? from '(\.[^']+)\.js'/gm))
      reached.add(`${join(dirname(each), from!)}.ts`)
  }
  return [...reached]
}

t.test('the tools are loaded when one is run, and not with the gateway', async t => {
  const loaded = loadedWith('tools/commands.ts')
  t.ok(loaded.length > 1)
  t.same(
    loaded.filter(path => dirname(path) !== 'tools'),
    []
  )
})

t.test('the program tells a fault, its help and its version before it loads the gateway', async t => {
  const loaded = loadedWith('gateway/program/run.ts')
  t.ok(loaded.includes('gateway/program/gateway-command.ts') && loaded.length < 100, `${loaded.length} files`)
  t.same(
    loaded.filter(path => /^(workers|gateway\/(core|gateway|start|sessions|pool|dispatch)\b)/.test(path)),
    []
  )
})

t.test('the bench imports what users import, and the dependencies that its floors are about', async t =>
  t.same(wrongImports('bench'), [])
)

t.test('an example imports what users import and its own files, and its client ws', async t =>
  t.same(wrongImports('examples'), [])
)

t.test('each dependency is imported by its doors only, beside types', async t => {
  const { dependencies: needed, optionalDependencies } = JSON.parse(readText('package.json'))
  const dependencies = Object.keys({ ...needed, ...optionalDependencies })
  t.same([...Object.keys(doors), ...typeOnly].sort(), dependencies.sort(), 'every dependency has its door')
  for (const name of dependencies) {
    const users = product.filter(({ imports }) =>
      imports.some(({ from, isTypeOnly }) => !isTypeOnly && (from === name || from.startsWith(`${name}/`)))
    )
    t.same(
      users.map(({ path }) => path),
      doors[name] ?? [],
      name
    )
  }
})

t.test('no file imports a package that is no dependency', async t => {
  const { dependencies: needed, optionalDependencies } = JSON.parse(readText('package.json'))
  const dependencies = { ...needed, ...optionalDependencies, ...optionalPeers, [natsClient.name]: '' }
  const strays = product.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => isPackage(from) && !isNode(from))
      .filter(({ from }) => !Object.hasOwn(dependencies, from))
      .map(({ from }) => `${path} imports ${from}`)
  )
  t.same(strays, [])
})

t.test('each optional package of the game is a peer dependency, and named by one file', async t => {
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(readText('package.json'))
  for (const [name, door] of Object.entries(optionalPeers)) {
    t.ok(peerDependencies[name])
    t.ok(peerDependenciesMeta[name].optional)
    const users = product.filter(({ path }) => readText(path).includes(`'${name}'`))
    t.same(
      users.map(({ path, imports }) => [path, imports.every(each => each.from !== name || each.isTypeOnly)]),
      [[door, true]]
    )
  }
})

t.test("NATS' client, which need not be installed, is imported by one file, and only when asked", async t => {
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(readText('package.json'))
  const { name, door } = natsClient
  t.ok(peerDependencies[name])
  t.ok(peerDependenciesMeta[name].optional)
  const users = product.filter(({ imports }) =>
    imports.some(({ from, isTypeOnly }) => from === name && !isTypeOnly)
  )
  t.same(
    users.map(({ path }) => path),
    [door]
  )
  t.match(readText(door), `await import('${name}')`)
  t.notMatch(readText(door), /^import (?!type\b)[^\n]*@nats-io/m)
})

t.test('tsx, which need not be installed, is named by one file', async t => {
  const users = product.filter(({ path }) => /['"`]tsx[/'"`]/.test(readText(path)))
  t.same(
    users.map(({ path }) => path),
    ['gateway/development/typescript.ts']
  )
})

t.test('what browsers will use needs nothing of Node', async t => {
  const byPath = new Map(product.map(source => [source.path, source]))
  const queue = [...forBrowsers, ...product.map(({ path }) => path).filter(isForBrowsers)]
  t.ok(queue.length > forBrowsers.length)
  const reached = new Set<string>()
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    const source = byPath.get(path)
    t.ok(source, `${path} is there`)
    t.notMatch(readText(path), /\b(Buffer|process|setImmediate)\b[.(]/, `${path} uses no global of Node`)
    for (const { from } of source?.imports ?? []) {
      if (from === 'superjson') continue
      t.match(from, /^(shared|client)\//, `${path} imports ${from}`)
      if (byPath.has(from)) queue.push(from)
    }
  }
})

function isForBrowsers(path: string): boolean {
  return path.startsWith('shared/wire/') || (path.startsWith('client/') && !onlyForNode.includes(path))
}

t.test('nothing has a default export but what somebody looks for there', async t => {
  const all = [...product, ...around, ...readSources(['test'])]
  t.same(
    all
      .filter(({ hasDefaultExport }) => hasDefaultExport)
      .map(({ path }) => path)
      .sort(),
    defaultExports
  )
})

t.test(`no file of the product or the examples is longer than ${mostLines} lines`, async t => {
  const scripts = [...houses, 'examples'].flatMap(listFiles).filter(path => /\.[jt]s$/.test(path))
  t.ok(scripts.includes('examples/chat/page/chat.js'), 'those of pages, too')
  t.same(
    scripts
      .map(path => ({ path, lines: readText(path).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > mostLines)
      .map(({ path, lines }) => `${path}: ${lines}`),
    []
  )
})

t.test('each any says why it is one', async t => {
  const all = [...product, ...around, ...readSources(['test'])]
  t.same(
    all.flatMap(({ path, unexcusedAnys }) => unexcusedAnys.map(line => `${path}:${line}`)),
    []
  )
})

t.test('no test matches a list with t.match, which passes for a longer list too', async t => {
  t.same(
    readSources(['test']).flatMap(({ path, looseMatches }) => looseMatches.map(line => `${path}:${line}`)),
    [],
    'matchRows compares the length'
  )
  const source = 't.match(a, [1])\nt.match(a, { b: [1] })\nb.match(/c/, [1])\nt.same(a, [1])\n'
  t.same(readSource('a.test.ts', source).looseMatches, [1])
})

t.test('the time of day is read in one file, and used for what is shown and for nothing else', async t => {
  const readers = product.filter(({ path }) => /\bDate\.now\b|\bnew Date\(\)/.test(readText(path)))
  t.same(
    readers.map(({ path }) => path),
    [timeDoors.read]
  )
  const users = product.filter(({ path }) => /(?<!performance\.)\bnow\(\)/.test(readText(path)))
  t.same(
    users.map(({ path }) => path).filter(path => path !== timeDoors.read),
    timeDoors.use
  )
})

t.test('what is left to do is in no file', async t => {
  const word = new RegExp(`\\b${['TO', 'DO'].join('')}\\b`)
  t.same(
    listFiles().filter(path => word.test(readText(path))),
    []
  )
})

t.test(
  'the file of a thread that Piscina requires is CommonJS, and imports nothing but by import()',
  async t => {
    // Node aborts the process if a thread is ended while `require` loads an ES module.
    t.notMatch(readText('workers/main.cts'), /^(?:import|export) /m)
    t.match(readText('workers/main.cts'), /^module\.exports = import\('\.\/thread\.js'\)/m)
    t.match(readText('gateway/isolation/thread.ts'), "'../../workers/main.cjs'")
  }
)

t.test('rooms import each other as the table of ARCHITECTURE.md says, no more and no less', async t => {
  const imports = listRoomImports(listEdges(product, true))
  const allowed = readAllowedImports()
  t.ok(allowed.length > 50, `the table allows ${allowed.length} imports`)
  t.same(
    imports.filter(each => !allowed.includes(each)),
    [],
    'no import is one that the table does not allow'
  )
  t.same(
    allowed.filter(each => !imports.includes(each)),
    [],
    'the table allows nothing that no import needs'
  )
  t.same([...new Set(allowed)], allowed, 'and nothing twice')
})

t.test('files do not import each other in a circle; their types may, within one room', async t => {
  t.same(findCycles(listEdges(product, false)), [], 'no cycle of values')
  const overRooms = findCycles(listEdges(product, true)).filter(files => new Set(files.map(dirname)).size > 1)
  t.same(overRooms, [], 'no cycle of types over more than one room')
})

t.test('rooms do not import each other in a circle', async t => {
  const edges = listEdges(product, true).map(({ path, from }) => ({
    path: dirname(path),
    from: dirname(from)
  }))
  t.same(findCycles(edges.filter(({ path, from }) => path !== from)), [])
})

t.test('the finder of cycles finds each, and nothing that is none', async t => {
  const edges = (text: string) =>
    text.split(' ').map(each => ({ path: each.split('>')[0]!, from: each.split('>')[1]! }))
  t.same(findCycles(edges('a>b b>c a>c d>c')), [], 'two ways to one file are no cycle')
  t.same(findCycles(edges('a>b b>c c>a c>d')), [['a', 'b', 'c']])
  t.same(findCycles(edges('x>a a>b b>a b>c c>d d>c')), [
    ['c', 'd'],
    ['a', 'b']
  ])
  t.same(findCycles(edges('a>a')), [['a']], 'a file that imports itself')
})

t.test(`a room has from 2 to ${mostFiles} files`, async t => {
  const counts = new Map<string, number>()
  for (const { path } of product) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
  t.same(
    [...counts].filter(([, count]) => count < 2 || count > mostFiles),
    []
  )
})

t.test('ARCHITECTURE.md has a row for each room, with its tests, and names each scenario', async t => {
  const part = readPart('The rooms')
  const linksOf = (text: string) => [...text.matchAll(/\]\((test\/[^)]+)\)/g)].map(([, path]) => path!)
  const rows = new Map<string, string[]>()
  for (const line of part.split('\n')) {
    const room = /^\| `([^`]+)\/`/.exec(line)?.[1]
    if (room !== undefined) rows.set(room, linksOf(line))
  }
  t.same([...rows.keys()].sort(), [...new Set(product.map(({ path }) => dirname(path)))].sort())
  for (const [room, links] of rows) {
    const own = `test/${room}`
    if (existsSync(join(root, own))) t.ok(links.includes(own), `the row of ${room} names ${own}`)
  }
  const named = linksOf(part)
  const scenarios = listFiles('test/scenarios').filter(path => path.endsWith('.test.ts'))
  t.same(
    scenarios.filter(path => !named.includes(path) && !named.includes(dirname(path))),
    []
  )
})

t.test('ARCHITECTURE.md lists the files that take all sessions for local', async t => {
  const marked = product.filter(({ path }) => readText(path).includes('LOCAL-SESSIONS:'))
  const listed = [
    ...readPart("What concerns one gateway's sessions only").matchAll(/\]\(([^)]+\.ts)\)/g)
  ].map(([, path]) => path!)
  t.ok(listed.length > 5)
  t.same([...listed].sort(), marked.map(({ path }) => path).sort())
})

t.test('the reader of sources sees each form of import, of default export and of any', async t => {
  const { imports, hasDefaultExport, unexcusedAnys } = readSource(
    'gateway/example.ts',
    `import { a } from '../shared/a.js'
import type { B } from 'ws'
import { type C } from 'piscina'
import { type D, d } from './d.js'
import './e.js'
export * from '../workers/f.js'
export type { G } from '../workers/g.js'
const h = await import('superjson')
type I = import('../workers/i.js').I
// biome-ignore lint/suspicious/noExplicitAny: a reason
type J = any
type K = any
`
  )
  t.same(imports, [
    { from: 'shared/a.ts', isTypeOnly: false },
    { from: 'ws', isTypeOnly: true },
    { from: 'piscina', isTypeOnly: true },
    { from: 'gateway/d.ts', isTypeOnly: false },
    { from: 'gateway/e.ts', isTypeOnly: false },
    { from: 'workers/f.ts', isTypeOnly: false },
    { from: 'workers/g.ts', isTypeOnly: true },
    { from: 'superjson', isTypeOnly: false },
    { from: 'workers/i.ts', isTypeOnly: true }
  ])
  t.equal(hasDefaultExport, false)
  t.same(unexcusedAnys, [12])
  for (const form of [
    'export default 1',
    'export default class {}',
    'const a = 1\nexport { a as default }',
    'export default function b () {}'
  ]) {
    t.equal(readSource('a.ts', form).hasDefaultExport, true, form)
  }
})
