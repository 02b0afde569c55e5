import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { loadConfigFile } from '../../../gateway/configuration/config-file.js'
import {
  addEnvironment,
  findFaults,
  readConfiguration
} from '../../../gateway/configuration/configuration.js'
import { formatOptions, showOptions } from '../../../gateway/configuration/shown-options.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

type Files = Readonly<Record<string, string>>

function folder(t: Test, files: Files): string {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    mkdirSync(join(path, name, '..'), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}

const read = (folder: string, flags: Record<string, string | boolean> = {}, env: NodeJS.ProcessEnv = {}) =>
  readConfiguration({ folder, flags, env })

t.test('flags take precedence over the environment, the environment over the file', async t => {
  const path = folder(t, {
    'sallyport.config.json': '{ "port": 1, "host": "a", "workers": 1, "heartbeat": "1s", "dev": true }'
  })
  const env = { SALLYPORT_PORT: '2', SALLYPORT_HOST: 'b', SALLYPORT_DEV: 'on', PORT: '9' }
  const { options, origins, file } = await read(path, { port: '3', dev: false }, env)
  t.same(options, { port: 3, host: 'b', workers: 1, heartbeat: '1s', dev: false })
  t.equal(file, join(path, 'sallyport.config.json'))
  t.same(Object.fromEntries(origins), {
    port: '--port',
    host: 'SALLYPORT_HOST',
    workers: file,
    heartbeat: file,
    dev: '--no-dev'
  })
})

t.test('a time that may have been meant in seconds is told, one with a unit is not', async t => {
  const path = folder(t, { 'sallyport.config.json': '{ "heartbeat": 30, "closeTimeout": "5ms" }' })
  const flags = { 'drain-timeout': '5', 'resume-window': '0', 'request-timeout': '100', 'drain-spread': '5s' }
  const { warnings } = await read(path, flags)
  const said = (name: string, ms: number, origin: string) =>
    `\`${name}\` is ${ms} ms (from ${origin}): a number without a unit is milliseconds. Write ${ms}s for seconds, or ${ms}ms`
  const file = join(path, 'sallyport.config.json')
  t.same(warnings.toSorted(), [said('drainTimeout', 5, '--drain-timeout'), said('heartbeat', 30, file)])
})

t.test('PORT is honoured where SALLYPORT_PORT is not given, also beside a Service of Kubernetes', async t => {
  const path = folder(t, { 'sallyport.config.json': '{ "port": 1 }' })
  const portOf = async (env: NodeJS.ProcessEnv) => {
    const { options, origins } = await read(path, {}, env)
    return [options['port'], origins.get('port')]
  }
  t.same(await portOf({ PORT: '8080' }), [8080, 'PORT'])
  t.same(await portOf({ PORT: '8080', SALLYPORT_PORT: '2' }), [2, 'SALLYPORT_PORT'])
  t.same(await portOf({ PORT: '8080', SALLYPORT_PORT: 'tcp://10.0.0.1:3010' }), [8080, 'PORT'])
  t.same((await portOf({ PORT: 'tcp://10.0.0.1:80' }))[0], 1)
  t.same((await portOf({ PORT: '' }))[0], 1)
})

t.test('a module exports an object, a promise or a function, from ES modules and CommonJS', async t => {
  const exported: [string, string][] = [
    ['a.mjs', 'export default { port: 7 }'],
    ['b.mjs', 'export default Promise.resolve({ port: 7 })'],
    ['c.mjs', 'export default async () => ({ port: 7 })'],
    ['d.cjs', 'module.exports = { port: 7 }'],
    ['e.cjs', 'exports.__esModule = true; exports.default = { port: 7 }'],
    ['f.js', 'export default { port: 7 }'],
    ['g.json', '\uFEFF// a comment\n{ "port": 7, /* "http://x" */ "host": "//no, ]comment", }'],
    ['h.ts', 'const port: number = 7\nexport default { port }'],
    ['i.mts', "import { port } from './port.js'\nexport default { port }"]
  ]
  const path = folder(t, { ...Object.fromEntries(exported), 'port.ts': 'export const port: number = 7' })
  for (const [name] of exported) {
    const { options } = await read(path, { config: name })
    t.equal(options['port'], 7, name)
    if (name === 'g.json') t.equal(options['host'], '//no, ]comment')
  }
  const older = folder(t, { 'package.json': '{}', 'a.ts': 'export default { port: 7 as number }' })
  t.equal((await read(older, { config: 'a.ts' })).options['port'], 7, 'TypeScript that is CommonJS')
})

t.test('relative paths in a file start at its folder, and those of flags at the current one', async t => {
  const path = folder(t, {
    'conf/a.json': '{ "handlers": "./handlers", "tlsCert": "/tls/cert.pem", "tlsKey": "" }'
  })
  const { options } = await read(path, { config: 'conf/a.json' })
  t.same(options, { handlers: join(path, 'conf/handlers'), tlsCert: '/tls/cert.pem', tlsKey: '' })
  t.equal((await read(path, { config: 'conf/a.json', handlers: 'h' })).options['handlers'], 'h')
})

t.test('a file that cannot be used is told in one sentence, with the place where there is one', async t => {
  const path = folder(t, {
    'empty.mjs': '',
    'named.mjs': 'export const port = 1',
    'text.mjs': 'export default "port"',
    'list.json': '[]',
    'empty.json': '',
    'broken.json': '{\n  "port" 1 }',
    'throws.mjs': '\nthrow new Error("no database")',
    'rejects.mjs': 'export default Promise.reject(new Error("no database"))',
    'syntax.mjs': 'export default {\n  port: = }',
    'import.mjs': 'import "no-such-package"',
    'options.yaml': 'port: 1'
  })
  for (const [name, wanted] of Object.entries({
    'empty.mjs': /empty\.mjs exports nothing; expected export default/,
    'named.mjs': /named\.mjs exports port by name; expected export default/,
    'text.mjs': /text\.mjs to export an object of options by default, got "port" \(string\)$/,
    'list.json': /got an array$/,
    'empty.json': /empty\.json does not load: SyntaxError: /,
    'broken.json': /broken\.json does not load: SyntaxError: .* \(line 2, column 10\)$/,
    'throws.mjs': /throws\.mjs does not load: Error: no database \(.*throws\.mjs:2:7\)$/,
    'rejects.mjs': /rejects\.mjs does not load: Error: no database/,
    'syntax.mjs': /syntax\.mjs does not load: SyntaxError: .*syntax\.mjs:2/,
    'import.mjs': /import\.mjs does not load: Error: Cannot find package 'no-such-package'/,
    'options.yaml': /^Expected the file of --config to end in \.ts, .*\.json, got .*options\.yaml$/,
    'missing.ts': /^There is no configuration file .*missing\.ts, which --config names$/,
    '.': /^There is no configuration file/,
    '': /^Expected --config to name a configuration file, got an empty text$/
  }))
    await t.rejects(read(path, { config: name }), { code: 'OPTION_INVALID', message: wanted }, name)
  await t.rejects(read(path, {}, { SALLYPORT_CONFIG: 'missing.ts' }), {
    message: /missing\.ts, which SALLYPORT_CONFIG names$/
  })
})

t.test('of several files none is chosen, and one that is not read is told', async t => {
  const several = folder(t, { 'sallyport.config.json': '{}', 'sallyport.config.js': 'export default {}' })
  await t.rejects(read(several), {
    message: /several configuration files in .*: sallyport\.config\.js, sallyport\.config\.json; keep one/
  })
  t.same((await read(several, { config: 'sallyport.config.js' })).options, {})
  const other = await read(folder(t, { 'sallyport.config.yaml': '', 'sallyport.config.d.ts': '' }))
  t.equal(other.file, undefined)
  t.equal(other.warnings.length, 1)
  t.match(other.warnings[0], /^sallyport\.config\.yaml is not read: a configuration file ends in \.ts,/)
})

t.test('each fault tells which flag, variable or file has caused it', async t => {
  const path = folder(t, { 'sallyport.config.json': '{ "prot": 1, "env": true, "heartbeat": "10 parsecs" }' })
  const faults = findFaults(await read(path, { workers: '0' }, { PORT: 'many' }))
  const file = join(path, 'sallyport.config.json')
  t.same(faults.map(each => / \(from (.*)\)$/.exec(each)?.[1]).sort(), [
    '--workers',
    file,
    file,
    file,
    'PORT',
    undefined
  ])
  t.match(faults[0], /^There is no option `prot`; did you mean `port`\?/)
})

t.test('the environment takes precedence over the options of a program that asks for it', async t => {
  const { options, warnings } = addEnvironment(
    { handlers: '/h', port: 1 },
    { SALLYPORT_PORT: '2', SALLYPORT_PROT: '3', SALLYPORT_EVENTS: 'move,turn', SALLYPORT_CONFIG: 'a.ts' }
  )
  t.same(options, { handlers: '/h', port: 2, events: 'move,turn' })
  matchRows(t, warnings, [/^SALLYPORT_PROT /, /^SALLYPORT_CONFIG is ignored: only the program/])
})

t.test('resolved options are shown with their origins, and secrets are not', async t => {
  const check = { type: 'text', mayBeEmpty: true } as const
  const rows = (['host', 'frontendId'] as const).map(
    name => ({ name, check, defaultValue: '', help: '', isSecret: true }) as const
  )
  const shown = showOptions({
    options: { host: 'hunter2', frontendId: '' },
    given: { host: 'hunter2', onStart: () => {} },
    origins: new Map([
      ['host', 'SALLYPORT_HOST'],
      ['onStart', '/game/sallyport.config.ts']
    ]),
    rows
  })
  t.notMatch(JSON.stringify(shown), 'hunter2')
  t.equal(
    formatOptions(shown),
    `option      value       from
host        (secret)    SALLYPORT_HOST
frontendId  ''          default
onStart     (function)  /game/sallyport.config.ts`
  )
})

t.test('a configuration file that waits is told, and given up', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const written = mock.method(process.stderr, 'write', () => true)
  t.teardown(() => written.mock.restore())
  const waiting =
    'const all = setInterval(() => {}, 1000)\nawait new Promise(resolve => (globalThis.letGo = resolve))\nclearInterval(all)\nexport default {}'
  const path = join(t.testdir({ 'a.mjs': waiting }), 'a.mjs')
  const loading = loadConfigFile(path)
  mock.timers.tick(2_999)
  t.equal(written.mock.callCount(), 0)
  mock.timers.tick(1)
  t.equal(written.mock.calls[0]!.arguments[0], `sallyport: ${path} is still being loaded: it waits\n`)
  mock.timers.tick(27_000)
  await t.rejects(loading, {
    code: 'OPTION_INVALID',
    message: `${path} did not load within 30000 ms: it waits, so its options are unknown`
  })
  const game = globalThis as { letGo?: () => void }
  mock.timers.reset()
  await until('its code has run', () => game.letGo !== undefined)
  game.letGo!()
})
