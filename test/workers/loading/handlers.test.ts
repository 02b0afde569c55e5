/** Which routes a folder offers, and the errors for one that can't be loaded. */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createGateway } from '../../../gateway/index.js'
import { createLogger } from '../../../shared/text/log.js'
import type { BackendSession } from '../../../workers/api/backend-session.js'
import { BackendSessionService } from '../../../workers/api/backend-session-service.js'
import type { HandlerContext } from '../../../workers/api/context.js'
import { HandlerApp } from '../../../workers/loading/app.js'
import { type Handler, loadHandlers } from '../../../workers/loading/handlers.js'
import type { Messenger } from '../../../workers/operations/messenger.js'
import type { SessionOperations } from '../../../workers/operations/session-operations.js'
import type { ChannelService } from '../../../workers/pinus/channel-service.js'
import { matchRows } from '../../helpers/match-rows.js'
import { fixture } from '../../helpers/paths.js'

// Fixtures are plain JavaScript. They are not compiled, and so are not in dist.
const handlersFixture = (name: string) => fixture(`handlers-${name}`)

const service = {} as BackendSessionService
const channelService = {} as ChannelService
const app = new HandlerApp({
  backendSessionService: service,
  channelService,
  serverId: 'gateway-1',
  worker: { index: 3 },
  messenger: {} as Messenger
})
const session = {} as BackendSession
const context = {} as HandlerContext

const imports = "import { handler } from 'sallyport/worker'; import { body } from './_schema.js'\n"
const requires = `const { handler } = require('sallyport/worker'); const { z } = require('zod')
const numbers = z.object({ points: z.string().transform(Number) })
`

const load = async (folder: string) => (await loadHandlers(folder, app)).handlers

function call(handlers: readonly Handler[], route: string, body?: unknown) {
  return handlers.find(each => each.route === route)?.call(body, session, context)
}

t.test('what a factory or a class is given has the services by their names', t => {
  t.equal(app.get('backendSessionService'), service)
  t.equal(app.backendSessionService, service)
  t.equal(app.get('channelService'), channelService)
  t.equal(app.channelService, channelService)
  t.equal(app.get('serverId'), 'gateway-1')
  t.equal(app.get('constructor'), undefined)
  t.same(app.worker, { index: 3 })
  t.end()
})

t.test('a folder offers what its modules do, sorted, each in its own form', async t => {
  const handlers = await load(handlersFixture('forms'))
  t.same(
    handlers.map(({ route, file }) => [route, file]),
    [
      ['async-factory.index', 'async-factory.js'],
      ['chat.room.send', join('chat', 'room.mjs')],
      ['cjs-class.ask', 'cjs-class.cjs'],
      ['cjs-exports.one', 'cjs-exports.cjs'],
      ['cjs-exports.two', 'cjs-exports.cjs'],
      ['cjs-factory.index', 'cjs-factory.cjs'],
      ['cjs-object.one', 'cjs-object.cjs'],
      ['cjs-object.two', 'cjs-object.cjs'],
      ['cjs-old-class.ask', 'cjs-old-class.cjs'],
      ['class.field', 'class.js'],
      ['class.inherited', 'class.js'],
      ['class.later', 'class.js'],
      ['class.overridden', 'class.js'],
      ['class.whoami', 'class.js'],
      ['compiled-named.add', 'compiled-named.cjs'],
      ['compiled.entry', 'compiled.cjs'],
      ['compiled.named', 'compiled.cjs'],
      ['deep.er.still.here', join('deep', 'er', 'still.js')],
      ['named.add', 'named.js'],
      ['named.arrow', 'named.js'],
      ['named.later', 'named.js'],
      ['object.say', 'object.js'],
      ['object.toString', 'object.js'],
      ['pinus.entry', 'pinus.js']
    ]
  )
  for (const { options } of handlers) t.same(options, {})
})

t.test('a handler gets body, session and context, and its object as this', async t => {
  const handlers = await load(handlersFixture('forms'))
  const [body, first, second] = call(handlers, 'chat.room.send', 'hi') as unknown[]
  t.equal(body, 'hi')
  t.equal(first, session)
  t.equal(second, context)
  t.same(call(handlers, 'named.add', 1), { add: 1, self: true }, 'a named export has no this')
  t.same(await call(handlers, 'named.later', 2), { later: 2 })
  t.same(call(handlers, 'class.whoami', 3), { name: 'of worker 3', body: 3 })
  t.equal(call(handlers, 'class.inherited'), 'hello')
  t.equal(call(handlers, 'class.overridden'), 'own')
  t.equal(call(handlers, 'class.field'), 'of worker 3')
  t.equal(call(handlers, 'object.say', 'x'), 'the object: x')
  t.equal(call(handlers, 'cjs-exports.two'), 2)
  for (const route of ['async-factory.index', 'pinus.entry', 'compiled.entry', 'cjs-factory.index'])
    t.equal(call(handlers, route), 3, route)
  for (const route of ['cjs-class.ask', 'cjs-old-class.ask']) t.equal(call(handlers, route), 3, route)
  t.same(call(handlers, 'compiled.named', 4), { named: 4 })
  t.same(call(handlers, 'compiled-named.add', 5), { add: 5 })
})

t.test(
  'options are those of the handler, above those of its folder, above those of the folders around',
  async t => {
    const handlers = await load(handlersFixture('options'))
    t.same(Object.fromEntries(handlers.map(({ route, options }) => [route, options])), {
      'plain.run': {},
      'declared.find': { concurrent: true },
      'declared.move': { affinity: 'room', timeout: 0 },
      'declared.plain': {},
      'declared.keep': { timeout: 5 },
      'slow.job.run': { timeout: 60_000, affinity: 'uid' },
      'slow.job.quick': { timeout: 10, affinity: 'uid' },
      'slow.inner.job.run': { timeout: 60_000, affinity: 'room', concurrent: true },
      'slow.inner.job.quick': { timeout: 10, affinity: 'room', concurrent: true },
      'cjs.job.run': { timeout: 100, concurrent: true },
      'standard.job.run': { timeout: 7 }
    })
    t.same(call(handlers, 'declared.find', 1), { body: 1, self: undefined })
    t.same(call(handlers, 'declared.keep', 2), { body: 2, self: 'the object' })
  }
)

t.test(
  'handlers with schemas are found in each form, and a filter sees the body before its schema',
  async t => {
    const declare = 'handler({ body, timeout: 10 }, ({ points }) => points)'
    const folder = t.testdir({
      '_options.js': 'export const [concurrent, timeout] = [true, 5]',
      '_schema.js': `import { z } from 'zod'; export const body = z.object({ points: z.string().transform(Number) })`,
      '_hooks.js':
        'export function before({ text }) { if (text !== undefined) return { body: { points: text } } }',
      'named.js': `${imports}export const add = ${declare}`,
      'class.js': `${imports}export default class { base = 40
      add = handler({ body, timeout: 10 }, function ({ points }) { return this === undefined ? 0 : points }) }`,
      'factory.js': `${imports}export default async () => ({ add: ${declare} })`,
      'object.js': `${imports}export default { add: ${declare} }`,
      'common.cjs': `${requires}exports.add = ${declare.replace('body', 'body: numbers')}`,
      'common-factory.cjs': `${requires}module.exports = () => ({ add: ${declare.replace('body', 'body: numbers')} })`
    })
    const handlers = await load(folder)
    t.equal(handlers.length, 6)
    for (const { route, options } of handlers) {
      t.same(options, { concurrent: true, timeout: 10 }, `the handler's own win: ${route}`)
      t.equal(call(handlers, route, { points: '3' }), 3, route)
      t.equal(call(handlers, route, { text: '4' }), 4, `${route}, what a filter made of the body is checked`)
      for (const body of [{ text: 5 }, { points: 5 }])
        t.throws(() => call(handlers, route, body), { code: 'BODY_INVALID' }, route)
    }
  }
)

t.test('hooks are found in each form, with the options of their folder', async t => {
  for (const [name, text] of [
    ['_hooks.js', 'export const onConnect = () => 1; export function onStop () { return this }'],
    ['_hooks.cjs', 'exports.onConnect = () => 1; exports.onStop = function () { return this.onConnect() }'],
    ['_hooks.mjs', 'export default { onConnect: () => 1, onStop () { return this.onConnect() } }']
  ] as const) {
    const folder = t.testdir({
      [name]: text,
      '_options.js': 'export const [concurrent, affinity, timeout] = [true, "match", 5]',
      'a.js': 'export const run = () => {}'
    })
    const { handlers, sessionHooks, hooks } = await loadHandlers(folder, app)
    t.same(
      handlers.map(({ route }) => route),
      ['a.run']
    )
    matchRows(t, sessionHooks, [
      { route: '_hooks.onConnect', file: name, options: { affinity: 'match', timeout: 5 } }
    ])
    t.notOk('concurrent' in sessionHooks[0]!.options, 'but for concurrent: a hook has its place in the lane')
    t.equal(hooks.stop?.(app), name === '_hooks.js' ? undefined : 1, name)
  }
})

t.test('where there are no hooks, nothing is said to be run', async t => {
  const { sessionHooks, hooks } = await loadHandlers(handlersFixture('forms'), app)
  t.same([sessionHooks, hooks.stop], [[], undefined])
})

t.test(
  'hooks of folders come in order, with the options of each, and skip sessions without a value',
  async t => {
    const told =
      'export const onDrop = () => "told"; export const onResume = onDrop; export const onClose = onDrop'
    const folder = t.testdir({
      '_hooks.js': told,
      a: { '_options.js': 'export const affinity = "match"', '_hooks.js': told, 'a.js': one },
      b: {
        inner: { '_options.js': 'export const affinity = "uid"', '_hooks.cjs': 'exports.onClose = () => 1' }
      }
    })
    const { sessionHooks } = await loadHandlers(folder, app)
    t.same(
      sessionHooks.map(({ route, options }) => [route, options.affinity]),
      [
        ['_hooks.onDrop', undefined],
        ['_hooks.onResume', undefined],
        ['_hooks.onClose', undefined],
        ['a._hooks.onDrop', 'match'],
        ['a._hooks.onResume', 'match'],
        ['a._hooks.onClose', 'match'],
        ['b.inner._hooks.onClose', 'uid']
      ]
    )
    const service = new BackendSessionService({} as SessionOperations)
    const of = (route: string) => sessionHooks.find(each => each.route === route)!
    const call = (route: string, uid: string | null, settings: object) =>
      of(route).call(
        undefined,
        service.create({ id: 1, frontendId: 'gateway-1', uid, settings }),
        {} as HandlerContext
      )
    t.equal(call('_hooks.onDrop', null, {}), 'told')
    t.equal(call('a._hooks.onDrop', 'red', {}), undefined)
    t.equal(call('a._hooks.onDrop', null, { match: 1 }), 'told')
    t.equal(call('b.inner._hooks.onClose', null, { match: 1 }), undefined)
    t.equal(call('b.inner._hooks.onClose', 'red', {}), 1)
  }
)

const one = 'export const run = () => {}\n'
const worker = "import { handler } from 'sallyport/worker'\n"

/** Folders that can't be loaded: their files, and what the error says. */
const rows: Record<string, [files: NonNullable<Parameters<Test['testdir']>[0]>, ...says: RegExp[]]> = {
  'a module with a syntax error': [
    { 'fine.js': one, 'odd.js': 'export const =' },
    /odd\.js does not load: /,
    /SyntaxError/
  ],
  'a CommonJS module with a syntax error': [
    { 'odd.cjs': 'exports.a = (' },
    /odd\.cjs does not load: /,
    /SyntaxError/
  ],
  'a module that throws as it loads': [
    { chat: { 'odd.js': "throw new Error('no database')" } },
    /chat.odd\.js does not load: Error: no database \(.*odd\.js:1:7\)$/
  ],
  'a module that throws no Error': [{ 'odd.js': "throw 'a word'" }, /odd\.js does not load: a word/],
  'a module whose import is missing': [
    { 'odd.js': "import './gone.js'\n" },
    /odd\.js does not load: /,
    /gone\.js/
  ],
  'a module whose package is missing': [
    { 'odd.js': "import 'no-such-package-here'\n" },
    /odd\.js does not load: /,
    /no-such-package-here/
  ],
  'two modules of one name': [
    { 'a.js': one, 'a.mjs': one },
    /^Two handlers claim the route "a\.run": a\.js and a\.mjs in /
  ],
  'a module and a folder that meet': [
    { 'a.b.js': one, a: { 'b.js': one } },
    /claim the route "a\.b\.run": a.b\.js and a\.b\.js/
  ],
  'a name that a module exports twice': [
    { 'a.js': `${one}export default { run: () => {} }` },
    /^a\.js exports two handlers named "run"$/
  ],
  'an empty folder': [{}, /^No handlers were found in .*: no module there exports a function$/],
  'a folder with nothing to offer': [
    { 'a.js': 'export const _run = () => {}', '_b.js': one, 'c.json': '{}', 'd.d.ts': one },
    /^No handlers were found in /
  ],
  'a default export that makes nothing': [
    { 'a.js': 'export default () => {}' },
    /^The default export of a\.js must be a class, or a function that returns an object of handlers; it returned undefined$/
  ],
  'a default export that makes a function': [
    { 'a.js': 'export default async () => () => {}' },
    /a\.js must be .* it returned .*\(function\)$/
  ],
  'a default export that is a handler': [
    { 'a.js': 'export default async body => ({ body })' },
    /^The default export of a\.js makes an object without handlers; a handler itself is a named export$/
  ],
  'a factory that throws': [
    { 'a.js': "export default () => { throw new Error('no app') }" },
    /^The default export of a\.js failed: Error: no app \(.*a\.js:1:\d+\)$/
  ],
  'a class that throws': [
    { 'a.js': "export default class { constructor () { throw new Error('no app') } }" },
    /^The default export of a\.js failed: Error: no app \(.*a\.js:1:\d+\)$/
  ],
  'a route that is too long': [
    { [`${'x'.repeat(250)}.js`]: 'export const tenletters = () => {}' },
    /^The route "x{250}\.tenletters" of x+\.js is longer than 255 bytes$/
  ],
  'a handler without a function': [
    { 'a.js': `${worker}export const run = handler({ timeout: 5 })` },
    /a\.js does not load: TypeError: Expected `run` of a handler to be a function, got undefined/
  ],
  'a timeout in words': [
    { 'a.js': `${worker}export const run = handler({ timeout: '5s' }, () => {})` },
    /^Expected `timeout` of run in a\.js to be a whole number of milliseconds, 0 for none, got "5s" \(string\)$/
  ],
  'a timeout below 0': [
    { 'a.js': `${worker}export const run = handler({ timeout: -1 }, () => {})` },
    /`timeout` of run in a\.js .* got -1 \(number\)$/
  ],
  'a half timeout': [
    { 'a.js': `${worker}export const run = handler({ timeout: 0.5 }, () => {})` },
    /got 0\.5 \(number\)$/
  ],
  'concurrent in words': [
    { 'a.js': `${worker}export const run = handler({ concurrent: 'yes' }, () => {})` },
    /^Expected `concurrent` of run in a\.js to be true or false, got "yes" \(string\)$/
  ],
  'an empty affinity': [
    { 'a.js': `${worker}export const run = handler({ affinity: '' }, () => {})` },
    /^Expected `affinity` of run in a\.js to be 'uid' or a key of the settings, got '' \(empty\)$/
  ],
  'an option that is none': [
    { 'a.js': `${worker}export const run = handler({ timout: 5 }, () => {})` },
    /^There is no option `timout` \(run in a\.js\); did you mean timeout\? the options are concurrent, affinity, timeout, rateLimit$/
  ],
  'wrong options of a folder': [
    { chat: { '_options.js': 'export const timeout = true', 'a.js': one } },
    /^Expected `timeout` of chat._options\.js to be .* got true \(boolean\)$/
  ],
  'an option of a folder that is none': [
    { '_options.js': 'export const timout = 5', 'a.js': one },
    /^There is no option `timout` \(_options\.js\)/
  ],
  'a hook that is none': [
    { '_hooks.js': 'export const onStrat = () => {}', 'a.js': one },
    /^There is no hook `onStrat` \(_hooks\.js\); did you mean onStart\? the hooks are onConnect, onDrop, onResume, onClose, onStart, onStop, before, after$/
  ],
  'a hook that is no function': [
    { chat: { '_hooks.js': 'export const before = {}', 'a.js': one } },
    /^Expected `before` of chat._hooks\.js to be a function, got an object$/
  ],
  'an onConnect in an inner folder': [
    { chat: { '_hooks.js': 'export const onConnect = () => {}', 'a.js': one } },
    /^`onConnect` of chat._hooks\.js belongs into the _hooks of the handlers' folder itself$/
  ],
  "a worker's hook in an inner folder": [
    { chat: { '_hooks.js': 'export const onStart = () => {}', 'a.js': one } },
    /^`onStart` of chat._hooks\.js belongs into the _hooks of the handlers' folder itself$/
  ],
  'hooks by a factory': [
    { '_hooks.js': 'export default () => ({})', 'a.js': one },
    /^Expected the default export of _hooks\.js to be an object of hooks, got .*\(function\)$/
  ],
  'hooks without any': [{ '_hooks.js': '', 'a.js': one }, /^_hooks\.js exports no hook$/],
  'two modules of hooks': [
    { '_hooks.js': 'export const before = () => {}', '_hooks.mjs': '', 'a.js': one },
    /_hooks\.js stands beside _hooks\.mjs: one is too many$/
  ],
  'hooks that do not load': [{ '_hooks.js': 'export const =', 'a.js': one }, /_hooks\.js does not load: /],
  'options by a factory': [
    { '_options.cjs': 'module.exports = () => ({ affinity: "match" })', 'a.js': one },
    /^Expected the default export of _options\.cjs to be an object of options, got .*\(function\)$/
  ],
  'options that are promised': [
    { chat: { '_options.js': 'export default Promise.resolve({ affinity: "match" })', 'a.js': one } },
    /^Expected the default export of chat._options\.js to be an object of options, got /
  ],
  'options in a word': [
    { '_options.js': 'export default "match"', 'a.js': one },
    /^Expected the default export of _options\.js to be an object of options, got "match" \(string\)$/
  ],
  'options without any': [
    { '_options.js': 'const affinity = "match"', 'a.js': one },
    /^_options\.js exports no option$/
  ],
  'an option with two values': [
    { '_options.cjs': 'exports.affinity = "match"; exports.default = { affinity: "uid" }', 'a.js': one },
    /^_options\.cjs exports two values named "affinity"$/
  ],
  'a hook that is two functions': [
    { '_hooks.js': 'export const onStart = () => {}; export default { onStart () {} }', 'a.js': one },
    /^_hooks\.js exports two values named "onStart"$/
  ],
  'an export that throws when it is read': [
    { chat: { 'a.cjs': 'exports.default = { run () {}, get odd () { throw new Error("not yet") } }' } },
    /^The exports of chat.a\.cjs can't be read: Error: not yet \(.*a\.cjs:1:\d+\)$/
  ],
  'an option that throws when it is read': [
    { '_options.cjs': 'exports.default = { get timeout () { throw new Error("not yet") } }', 'a.js': one },
    /^The exports of _options\.cjs can't be read: Error: not yet/
  ],
  'options of a folder that do not load': [
    { '_options.js': 'export const =', 'a.js': one },
    /_options\.js does not load: /
  ]
}

for (const [name, [files, ...says]] of Object.entries(rows)) {
  t.test(`${name} stops the start, and the error names the file`, async t => {
    const folder = t.testdir(files)
    const error = await load(folder).then(
      () => t.fail('it loads'),
      (error: Error & { code: string }) => error
    )
    if (!(error instanceof Error)) return
    t.equal(error.code, 'HANDLERS_INVALID')
    for (const each of says) t.match(error.message, each)
  })
}

t.test('each file that does not load, or is invalid, has a line of its own', async t => {
  const folder = t.testdir({
    'a.js': "throw new Error('no database')",
    'b.js': one,
    'c.js': 'export const c = {',
    deep: { '_options.js': 'export const concurent = true', 'd.js': "import './gone.js'", 'e.js': one },
    'z.js': 'export default 3'
  })
  const { code, message } = await load(folder).then(
    () => t.fail('it has loaded'),
    error => error
  )
  t.equal(code, 'HANDLERS_INVALID')
  matchRows(t, message.split('\n'), [
    /a\.js does not load: Error: no database/,
    /c\.js does not load: SyntaxError/,
    /`concurent` \(deep\/_options\.js\)/,
    /deep\/d\.js does not load: .*gone\.js/
  ])
})

t.test('a folder that is missing, or none, is said to be', async t => {
  const folder = t.testdir({ 'a.js': one })
  await t.rejects(load(join(folder, 'gone')), {
    code: 'HANDLERS_INVALID',
    message: `The handlers' folder ${join(folder, 'gone')} does not exist`
  })
  await t.rejects(load(join(folder, 'a.js')), {
    code: 'HANDLERS_INVALID',
    message: `The handlers' folder ${join(folder, 'a.js')} is no folder`
  })
})

const silent = createLogger('silent', () => {})

t.test('a gateway whose handlers do not load does not start, and says why', async t => {
  const start = (handlers: string, startTimeout = 30_000) =>
    createGateway({ handlers, port: 0, workers: 2, log: silent, startTimeout })
  await t.rejects(start(t.testdir({ 'odd.js': "throw new Error('no database')" })), {
    code: 'HANDLERS_INVALID',
    message: /odd\.js does not load: Error: no database/
  })
  await t.rejects(start(join(t.testdirName, 'gone')), {
    code: 'HANDLERS_INVALID',
    message: /^The handlers' folder .*gone does not exist$/
  })
  // Far more time than a worker needs to begin: each waits in vain.
  const inVain: [what: string, files: Record<string, string | Record<string, string>>][] = [
    ['a.js', { 'a.js': 'await new Promise(() => setInterval(() => {}, 1000))' }],
    [
      'onStart',
      { 'a.js': one, 'b.js': one, '_hooks.js': 'export const onStart = () => new Promise(() => {})' }
    ],
    ['chat/room.js', { 'a.js': one, chat: { 'room.js': 'for (;;);' } }]
  ]
  for (const [what, files] of inVain)
    await t.rejects(start(t.testdir(files), 3_000), {
      code: 'HANDLERS_INVALID',
      message: `The handlers did not load within 3000 ms: ${what}, or what it needs, waits or computes`
    })
})

t.test('a gateway that did not start leaves nothing running', async t => {
  const folder = t.testdir({ throws: { 'odd.js': "throw new Error('no database')" }, fine: { 'a.js': one } })
  const { port } = (await startServer(t)).address() as AddressInfo
  const run = (name: string) =>
    new Promise<{ error: unknown; output: string }>(resolve => {
      const options = { handlers: join(folder, name), port, workers: 3, logLevel: 'silent' }
      const script = `
        import { createGateway } from ${JSON.stringify(new URL('../../../gateway/index.js', import.meta.url).href)}
        createGateway(${JSON.stringify(options)}).catch(error => console.log(error.code, error.code === 'LISTEN_FAILED' ? '' : error.message))`
      const args = ['--input-type=module', '-e', script]
      // Killed only if something keeps it running.
      execFile(
        process.execPath,
        args,
        { timeout: 30_000, env: { ...process.env, NODE_OPTIONS: '' } },
        (error, output) => resolve({ error, output })
      )
    })
  t.match(await run('throws'), { error: null, output: /^HANDLERS_INVALID / })
  t.match(await run('gone'), { error: null, output: /^HANDLERS_INVALID / })
  t.same(await run('fine'), { error: null, output: 'LISTEN_FAILED \n' }, 'its port is taken')
})

/** Starts a server on a free port, which is then taken. */
async function startServer(t: Test): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return server
}
