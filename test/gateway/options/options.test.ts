import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import t from 'tap'
import { clusterOptions } from '../../../gateway/options/cluster-options.js'
import { listNatsServers } from '../../../gateway/options/content-checks.js'
import { flagOf, type OptionRow, variableOf } from '../../../gateway/options/option-row.js'
import { optionTable } from '../../../gateway/options/option-table.js'
import type { OptionTree as GatewayOptions } from '../../../gateway/options/options.js'
import { checkOptions, resolveOptions } from '../../../gateway/options/resolve-options.js'
import { monotonicClock, wallClock } from '../../../shared/clock.js'
import { createLogger } from '../../../shared/text/log.js'
import { setNodeEnv } from '../../helpers/node-env.js'

/** Options without which another one is refused. */
const besides: Readonly<Record<string, object>> = {
  replicateEvery: { park: true },
  fence: { singleSession: 'kick' }
}

const refused = (message: string | RegExp) => ({ code: 'OPTION_INVALID', message })

t.test('what is not asked for has its default', t => {
  const options = resolveOptions({ handlers: 'handlers' })
  t.match(options, {
    handlers: resolve('handlers'),
    host: '127.0.0.1',
    port: 3010,
    tlsCert: '',
    tlsKey: '',
    workers: availableParallelism(),
    frontendId: 'gateway-1',
    singleSession: 'off',
    heartbeat: 30_000,
    handshakeTimeout: 10_000,
    requestTimeout: 10_000,
    laneLimit: 64,
    maxPause: 30_000,
    maxBodyBytes: 65_536,
    maxBodyDepth: 64,
    maxRequestsPerSecond: 1_000,
    maxBytesPerSecond: 1_048_576,
    maxFramesPerSecond: 1_000,
    maxSettingsLength: 65_536,
    maxSettingsKeys: 1_024,
    maxOperationsPerRequest: 10_000,
    maxSendBytes: 1_048_576,
    startTimeout: 30_000,
    closeTimeout: 4_000,
    logLevel: 'info',
    now: wallClock,
    monotonic: monotonicClock
  })
  t.same(options.onHandshake({ type: '', version: '', user: undefined, address: { ip: '', port: 0 } }), {
    accept: true
  })
  t.equal(options.dev, false)
  t.equal(options.onHttpRequest, undefined)
  t.ok(Object.isFrozen(options))
  for (const level of ['debug', 'info', 'warn', 'error'] as const) t.type(options.log[level], 'function')
  t.end()
})

t.test('what is asked for is taken, undefined is not asked for, and 0 is 0', t => {
  const lines: string[] = []
  const log = createLogger('debug', (_level, message) => lines.push(message))
  const now = () => 7
  const monotonic = () => 8
  const onHandshake = () => ({ accept: false }) as const
  const onHttpRequest = () => {}
  const asked: GatewayOptions = {
    handlers: '/games/chess',
    port: 0,
    heartbeat: 0,
    requestTimeout: 0,
    closeTimeout: 0,
    singleSession: 'kick',
    logLevel: 'silent',
    dev: true,
    log,
    now,
    monotonic,
    onHandshake,
    onHttpRequest
  }
  const { log: door, ...others } = resolveOptions(asked)
  t.match({ ...others, log }, asked as object)
  door.info('taken')
  t.same(lines, ['taken'])
  const none = Object.fromEntries(optionTable.map(({ name }) => [name, undefined]))
  const options = resolveOptions({
    ...none,
    handlers: '/h',
    log,
    now: undefined,
    monotonic: undefined
  } as unknown as GatewayOptions)
  t.equal(options.port, 3010)
  t.equal(options.now, wallClock)
  t.equal(options.monotonic, monotonicClock)
  t.end()
})

t.test(
  'the token of the console is long enough for a secret and short enough for a login, or there is none',
  t => {
    const resolved = (consoleToken: string) => resolveOptions({ handlers: '/h', consoleToken }).consoleToken
    for (const token of ['', 'x'.repeat(16), 'x'.repeat(1_000), 'a token with "spaces" ~!'])
      t.equal(resolved(token), token)
    const expected = 'Expected `consoleToken` to be a text of 16 to 1000 characters'
    for (const token of ['x', 'x'.repeat(15), 'x'.repeat(1_001)])
      t.throws(() => resolved(token), refused(`${expected}, got one of ${token.length}`))
    for (const token of [
      'schlüssel-der-konsole',
      'a token with a\nbreak',
      'a token with a space ',
      ' '.repeat(16)
    ])
      t.throws(
        () => resolved(token),
        refused(`${expected} of ASCII, without spaces at its ends, got one with others`)
      )
    t.end()
  }
)

t.test('the start page is off in production, and where the host answers HTTP requests itself', t => {
  const resolved = (options: Partial<GatewayOptions> = {}) =>
    resolveOptions({ handlers: '/h', ...options }).startPage
  for (const [environment, page] of [
    [undefined, 'on'],
    ['development', 'on'],
    ['production', 'off']
  ] as const) {
    setNodeEnv(t, environment)
    t.equal(resolved(), page, `NODE_ENV=${environment}`)
    t.equal(resolved({ startPage: 'auto' }), page, `NODE_ENV=${environment}`)
    t.equal(resolved({ startPage: 'on' }), 'on', `NODE_ENV=${environment}`)
    t.equal(resolved({ startPage: 'off' }), 'off', `NODE_ENV=${environment}`)
    t.equal(resolved({ startPage: 'on', onHttpRequest: () => {} }), 'off', `NODE_ENV=${environment}`)
  }
  t.end()
})

t.test('defaults are what the options themselves allow', t => {
  const defaultValues = Object.fromEntries(
    optionTable.flatMap(({ name, defaultValue }) =>
      defaultValue === undefined ? [] : [[name, defaultValue]]
    )
  )
  t.doesNotThrow(() => resolveOptions({ handlers: '/h', ...defaultValues }))
  t.same(
    optionTable.filter(({ defaultValue }) => defaultValue === undefined).map(({ name }) => name),
    ['handlers']
  )
  for (const { name, help } of optionTable) t.not(help, '', name)
  t.equal(new Set(optionTable.map(({ name }) => name)).size, optionTable.length)
  t.end()
})

/** What `auto` stands for in a test. */
const ofAuto: Readonly<Record<string, string>> = { startPage: 'on', logFormat: 'text' }

/** What an error says that a value has to be. */
function describeExpected({ check }: OptionRow): string {
  switch (check.type) {
    case 'text':
      return check.mayBeEmpty === true ? "a text, or '' for none" : 'a text that is not empty'
    case 'folder':
      return 'the path of a folder'
    case 'file':
      return "the path of a file, or '' for none"
    case 'word':
      return `one of ${check.words.join(', ')}`
    case 'boolean':
      return 'true or false'
    case 'list':
      return 'names with commas between them, or an array of such names'
    case 'integer':
      return [`a whole number from ${check.least} to ${check.most}`, ...(check.words ?? [])].join(', ')
    case 'duration':
      return `a time such as "10s" (units: ms, s, m, h, d), or a number of milliseconds from ${check.least} to ${check.most} (24.8d)`
    case 'size': {
      const [example, counted] = check.unit === 1 ? ['64KiB', 'bytes'] : ['512MiB', 'megabytes']
      return `a size such as "${example}" (units: B, kB, MB, GB, KiB, MiB, GiB), or a number of ${counted} from ${check.least} to ${check.most}`
    }
  }
}

for (const row of optionTable) {
  const { name, check } = row
  t.test(`a wrong ${name} is refused by name, with what was expected and what came`, t => {
    const isOfCluster = name !== 'nats' && clusterOptions.some(row => row.name === name)
    const beside = isOfCluster ? { nats: 'nats://127.0.0.1:4222', frontendId: 'a', ...besides[name] } : {}
    const resolveWith = (value: unknown) =>
      resolveOptions({ handlers: '/h', ...beside, [name]: value } as unknown as GatewayOptions)
    const { type } = check
    const rows: [unknown, string][] = [
      [null, 'null'],
      [{}, 'an object']
    ]
    if (type !== 'boolean') rows.push([true, 'true (boolean)'])
    if (type !== 'list') rows.push([['a'], 'an array'])
    if (type !== 'file' && !(type === 'text' && check.mayBeEmpty)) rows.push(['', "'' (empty)"])
    const isNumber = type === 'integer' || type === 'duration' || type === 'size'
    if (type !== 'word' && !isNumber) rows.push([5, '5 (number)'])
    if (type === 'list') {
      rows.push([[], 'an empty array'], [['a', 5], 'an array whose entry 1 is 5 (number)'])
      rows.push([['a,b'], 'an array whose entry 0 is "a,b" (string)'])
      rows.push([['a', ''], "an array whose entry 1 is '' (empty)"])
    }
    if (type === 'text' || type === 'list') {
      t.throws(() => resolveWith('x'.repeat(4_097)), {
        code: 'OPTION_INVALID',
        message: /to be a text of at most 4096 characters, got/
      })
    }
    if (type === 'word') rows.push(['OFF', '"OFF" (string)'], ['toString', '"toString" (string)'])
    if (type === 'boolean') rows.push(['true', '"true" (string)'])
    if (isNumber) {
      const { least, most } = check
      for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY])
        rows.push([value, `${value} (number)`])
      rows.push([String(least), `"${least}" (string)`])
      for (const value of [least, most]) t.equal(resolveWith(value)[name], value, 'its ends are allowed')
    }
    if (type === 'duration') {
      rows.push(
        ['10 parsecs', '"10 parsecs" (string)'],
        ['0.5ms', '"0.5ms" (string)'],
        ['-1s', '"-1s" (string)']
      )
      t.equal(resolveWith('90s')[name], 90_000)
    }
    if (type === 'size') {
      rows.push(['64K', '"64K" (string)'], ['0.5B', '"0.5B" (string)'])
      t.equal(resolveWith(check.unit === 1 ? '4MiB' : '32MiB')[name], check.unit === 1 ? 4_194_304 : 32)
    }
    for (const [value, got] of rows)
      t.throws(
        () => resolveWith(value),
        refused(`Expected \`${name}\` to be ${describeExpected(row)}, got ${got}`)
      )
    if (type === 'integer')
      for (const word of check.words ?? []) t.equal(resolveWith(word)[name], word, 'each word is allowed')
    if (type === 'word')
      for (const word of check.words)
        t.equal(resolveWith(word)[name], word === 'auto' ? ofAuto[name] : word, 'each word is allowed')
    t.end()
  })
}

t.test('a list of names may be an array', t => {
  const events = ['move', 'turn']
  t.match(resolveOptions({ handlers: '/h', events, origins: ['same', 'https://game.example'] }), {
    events: 'move,turn',
    origins: 'same,https://game.example'
  })
  t.end()
})

t.test('all faults are found at once, and an error has a line for each', t => {
  const asked = {
    port: 'many',
    heartbeat: '10 parsecs',
    prot: 1,
    origins: 'nonsense',
    onStart: 5,
    tlsKey: 'k'
  }
  const { faults } = checkOptions(asked)
  t.same(faults.map(({ option }) => option).sort(), [
    'handlers',
    'heartbeat',
    'onStart',
    'origins',
    'port',
    'prot',
    'tlsKey'
  ])
  t.throws(
    () => resolveOptions({ ...asked, handlers: '/h' } as unknown as GatewayOptions),
    refused(/^There is no option `prot`.*\nExpected `port` .*\nExpected `heartbeat` .*\n.*\n.*\n.*$/)
  )
  t.end()
})

t.test('what depends on a wrong option is no second fault', t => {
  for (const asked of [{ host: 5 }, { tlsCert: 5 }, { hosts: 5 }])
    t.equal(checkOptions({ handlers: '/h', ...asked }).faults.length, 1)
  t.end()
})

t.test('a certificate needs its key, and a key its certificate', t => {
  for (const files of [{ tlsCert: 'cert.pem' }, { tlsKey: 'key.pem' }, { tlsCert: 'cert.pem', tlsKey: '' }])
    t.throws(() => resolveOptions({ handlers: '/h', ...files }), refused(/both, or neither/))
  t.match(resolveOptions({ handlers: '/h', tlsCert: 'c', tlsKey: 'k' }), { tlsCert: 'c', tlsKey: 'k' })
  t.end()
})

t.test('a path for health begins with a slash, and is written as requests have it', t => {
  for (const healthPath of ['none', '/', '/healthz', '/game/health.txt', '/%C3%A4', '/a//b', "/a;b,c='d'"])
    t.equal(resolveOptions({ handlers: '/h', healthPath }).healthPath, healthPath)
  for (const healthPath of [
    'healthz',
    '/healthz?full',
    '/health check',
    '/a#b',
    'http://127.0.0.1/healthz',
    '/ä',
    '//evil',
    '/a/../b',
    '/a/./b',
    '/a\\b'
  ])
    t.throws(
      () => resolveOptions({ handlers: '/h', healthPath }),
      refused(/`healthPath` to be a path such as .*, as requests have it, or none, got /),
      healthPath
    )
  t.end()
})

t.test('an address to listen on has no port, and is no list', t => {
  for (const name of ['host', 'internalHost']) {
    for (const host of ['127.0.0.1', '0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'ä.example'])
      t.equal(resolveOptions({ handlers: '/h', [name]: host })[name as 'host'], host)
    for (const host of ['127.0.0.1:3010', '[::1]', '[::1]:3010', ' ', 'http://a', 'a,b', 'a b'])
      t.throws(
        () => resolveOptions({ handlers: '/h', [name]: host }),
        refused(
          `Expected \`${name}\` to be an address or a name of this machine such as 127.0.0.1, without a port, got "${host}" (string)`
        )
      )
  }
  t.end()
})

t.test('the internal port is another one than the public port, unless their addresses differ', t => {
  const same = { handlers: '/h', port: 4000, internalPort: 4000 }
  for (const hosts of [{}, { host: '0.0.0.0' }, { internalHost: '::' }])
    t.throws(
      () => resolveOptions({ ...same, ...hosts }),
      refused('Expected `internalPort` to be another port than `port`, got 4000 for both')
    )
  t.equal(resolveOptions({ ...same, host: '192.0.2.1' }).internalPort, 4000)
  t.match(resolveOptions({ ...same, port: 0, internalPort: 0 }), { port: 0, internalPort: 0 })
  t.end()
})

t.test('the folder of the handlers must be given', t => {
  for (const asked of [{}, { handlers: undefined }]) {
    t.throws(
      () => resolveOptions(asked as unknown as GatewayOptions),
      refused(
        'The option `handlers` is missing: give the folder of the handler modules, --handlers DIR or in sallyport.config.ts'
      )
    )
  }
  t.end()
})

t.test('a path may be a file: URL, also as a text; another URL is refused', t => {
  const url = new URL('file:///games/my%20chess/')
  for (const handlers of [url, url.href]) t.equal(resolveOptions({ handlers }).handlers, '/games/my chess')
  const [tlsCert, tlsKey] = [new URL('file:///tls/cert.pem'), 'file:///tls/key.pem']
  t.match(resolveOptions({ handlers: '/h', tlsCert, tlsKey }), {
    tlsCert: '/tls/cert.pem',
    tlsKey: '/tls/key.pem'
  })
  t.throws(
    () => resolveOptions({ handlers: new URL('https://example.org/handlers') }),
    refused(/^Expected `handlers` to be a path or a file: URL, got https:\/\/example\.org\/handlers: /)
  )
  t.throws(
    () => resolveOptions({ handlers: '/h', host: url as unknown as string }),
    refused('Expected `host` to be a text that is not empty, got an object')
  )
  t.end()
})

t.test('options that are none are refused, with the nearest, or with those that there are', t => {
  const near = { handlers: '/h', heartBeat: 5 } as unknown as GatewayOptions
  t.throws(() => resolveOptions(near), refused('There is no option `heartBeat`; did you mean `heartbeat`?'))
  const asked = { handlers: '/h', pulse: 5 } as unknown as GatewayOptions
  t.throws(
    () => resolveOptions(asked),
    refused(
      /^There is no option `pulse`; the options are handlers, host, .*, logLevel, .*onStop, .*workerArgv$/
    )
  )
  const own = JSON.parse('{"handlers":"/h","__proto__":1}')
  t.throws(() => resolveOptions(own), refused(/^There is no option `__proto__`/))
  for (const [asked, got] of [
    [undefined, 'undefined'],
    [null, 'null'],
    ['/h', '"/h" (string)'],
    [() => {}, /\(function\)$/]
  ] as const) {
    t.throws(
      () => resolveOptions(asked as unknown as GatewayOptions),
      refused(got instanceof RegExp ? got : `Expected an object of options, got ${got}`)
    )
  }
  t.end()
})

t.test('what is no plain value is checked too: hooks, the logger, the development mode', t => {
  const rows: [string, unknown, string][] = [
    ['onHandshake', true, 'a function, got true (boolean)'],
    ['onHandshake', null, 'a function, got null'],
    ['onHttpRequest', 'page', 'a function, got "page" (string)'],
    ['onHttpRequest', null, 'a function, got null'],
    ['now', 5, 'a function, got 5 (number)'],
    ['monotonic', 5, 'a function, got 5 (number)'],
    ['log', null, 'a logger with debug, info, warn, error, got null'],
    ['log', { info() {} }, 'a logger with debug, info, warn, error, got an object'],
    ['dev', 'yes', 'true or false, got "yes" (string)'],
    ['dev', null, 'true or false, got null']
  ]
  for (const [name, value, what] of rows) {
    t.throws(
      () => resolveOptions({ handlers: '/h', [name]: value } as unknown as GatewayOptions),
      refused(`Expected \`${name}\` to be ${what}`)
    )
  }
  t.doesNotThrow(() => resolveOptions({ handlers: '/h', log: console }))
  t.end()
})

t.test('an option has one name on the command line and one in the environment', t => {
  t.same(
    optionTable.map(({ name }) => [flagOf(name), variableOf(name)]),
    [
      ['handlers', 'SALLYPORT_HANDLERS'],
      ['host', 'SALLYPORT_HOST'],
      ['port', 'SALLYPORT_PORT'],
      ['tls-cert', 'SALLYPORT_TLS_CERT'],
      ['tls-key', 'SALLYPORT_TLS_KEY'],
      ['workers', 'SALLYPORT_WORKERS'],
      ['frontend-id', 'SALLYPORT_FRONTEND_ID'],
      ['events', 'SALLYPORT_EVENTS'],
      ['single-session', 'SALLYPORT_SINGLE_SESSION'],
      ['origins', 'SALLYPORT_ORIGINS'],
      ['hosts', 'SALLYPORT_HOSTS'],
      ['start-page', 'SALLYPORT_START_PAGE'],
      ['internal-port', 'SALLYPORT_INTERNAL_PORT'],
      ['internal-host', 'SALLYPORT_INTERNAL_HOST'],
      ['console-token', 'SALLYPORT_CONSOLE_TOKEN'],
      ['console-read-only', 'SALLYPORT_CONSOLE_READ_ONLY'],
      ['health-path', 'SALLYPORT_HEALTH_PATH'],
      ['max-connections', 'SALLYPORT_MAX_CONNECTIONS'],
      ['max-connections-per-address', 'SALLYPORT_MAX_CONNECTIONS_PER_ADDRESS'],
      ['max-connections-per-second-per-address', 'SALLYPORT_MAX_CONNECTIONS_PER_SECOND_PER_ADDRESS'],
      ['trusted-proxies', 'SALLYPORT_TRUSTED_PROXIES'],
      ['heartbeat', 'SALLYPORT_HEARTBEAT'],
      ['handshake-timeout', 'SALLYPORT_HANDSHAKE_TIMEOUT'],
      ['request-timeout', 'SALLYPORT_REQUEST_TIMEOUT'],
      ['lane-limit', 'SALLYPORT_LANE_LIMIT'],
      ['max-pause', 'SALLYPORT_MAX_PAUSE'],
      ['max-body-bytes', 'SALLYPORT_MAX_BODY_BYTES'],
      ['max-body-depth', 'SALLYPORT_MAX_BODY_DEPTH'],
      ['max-requests-per-second', 'SALLYPORT_MAX_REQUESTS_PER_SECOND'],
      ['max-bytes-per-second', 'SALLYPORT_MAX_BYTES_PER_SECOND'],
      ['max-frames-per-second', 'SALLYPORT_MAX_FRAMES_PER_SECOND'],
      ['max-open-requests', 'SALLYPORT_MAX_OPEN_REQUESTS'],
      ['max-open-bytes', 'SALLYPORT_MAX_OPEN_BYTES'],
      ['max-queue-delay', 'SALLYPORT_MAX_QUEUE_DELAY'],
      ['max-settings-length', 'SALLYPORT_MAX_SETTINGS_LENGTH'],
      ['max-settings-keys', 'SALLYPORT_MAX_SETTINGS_KEYS'],
      ['max-send-bytes', 'SALLYPORT_MAX_SEND_BYTES'],
      ['max-send-bytes-in-all', 'SALLYPORT_MAX_SEND_BYTES_IN_ALL'],
      ['resume-window', 'SALLYPORT_RESUME_WINDOW'],
      ['unbound-resume-window', 'SALLYPORT_UNBOUND_RESUME_WINDOW'],
      ['max-resume-window', 'SALLYPORT_MAX_RESUME_WINDOW'],
      ['max-detached-sessions', 'SALLYPORT_MAX_DETACHED_SESSIONS'],
      ['max-detached-sessions-per-address', 'SALLYPORT_MAX_DETACHED_SESSIONS_PER_ADDRESS'],
      ['max-detached-bytes', 'SALLYPORT_MAX_DETACHED_BYTES'],
      ['max-backlog-bytes', 'SALLYPORT_MAX_BACKLOG_BYTES'],
      ['max-backlog-messages', 'SALLYPORT_MAX_BACKLOG_MESSAGES'],
      ['max-backlog-bytes-in-all', 'SALLYPORT_MAX_BACKLOG_BYTES_IN_ALL'],
      ['max-operations-per-request', 'SALLYPORT_MAX_OPERATIONS_PER_REQUEST'],
      ['max-channels', 'SALLYPORT_MAX_CHANNELS'],
      ['max-members', 'SALLYPORT_MAX_MEMBERS'],
      ['nats', 'SALLYPORT_NATS'],
      ['nats-credentials', 'SALLYPORT_NATS_CREDENTIALS'],
      ['nats-token', 'SALLYPORT_NATS_TOKEN'],
      ['nats-user', 'SALLYPORT_NATS_USER'],
      ['nats-password', 'SALLYPORT_NATS_PASSWORD'],
      ['nats-tls-ca', 'SALLYPORT_NATS_TLS_CA'],
      ['nats-tls-cert', 'SALLYPORT_NATS_TLS_CERT'],
      ['nats-tls-key', 'SALLYPORT_NATS_TLS_KEY'],
      ['cluster', 'SALLYPORT_CLUSTER'],
      ['cluster-replicas', 'SALLYPORT_CLUSTER_REPLICAS'],
      ['lease-ttl', 'SALLYPORT_LEASE_TTL'],
      ['cluster-timeout', 'SALLYPORT_CLUSTER_TIMEOUT'],
      ['claim-timeout', 'SALLYPORT_CLAIM_TIMEOUT'],
      ['cluster-window', 'SALLYPORT_CLUSTER_WINDOW'],
      ['cluster-queue-bytes', 'SALLYPORT_CLUSTER_QUEUE_BYTES'],
      ['fence', 'SALLYPORT_FENCE'],
      ['cluster-ready', 'SALLYPORT_CLUSTER_READY'],
      ['handover-timeout', 'SALLYPORT_HANDOVER_TIMEOUT'],
      ['replicate', 'SALLYPORT_REPLICATE'],
      ['replicate-every', 'SALLYPORT_REPLICATE_EVERY'],
      ['park', 'SALLYPORT_PARK'],
      ['isolation', 'SALLYPORT_ISOLATION'],
      ['worker-heap', 'SALLYPORT_WORKER_HEAP'],
      ['stuck-after', 'SALLYPORT_STUCK_AFTER'],
      ['max-given-up-handlers', 'SALLYPORT_MAX_GIVEN_UP_HANDLERS'],
      ['start-timeout', 'SALLYPORT_START_TIMEOUT'],
      ['close-timeout', 'SALLYPORT_CLOSE_TIMEOUT'],
      ['drain-timeout', 'SALLYPORT_DRAIN_TIMEOUT'],
      ['drain-spread', 'SALLYPORT_DRAIN_SPREAD'],
      ['dev', 'SALLYPORT_DEV'],
      ['dev-poll', 'SALLYPORT_DEV_POLL'],
      ['log-level', 'SALLYPORT_LOG_LEVEL'],
      ['log-format', 'SALLYPORT_LOG_FORMAT'],
      ['slow-request', 'SALLYPORT_SLOW_REQUEST'],
      ['tracing', 'SALLYPORT_TRACING'],
      ['max-log-lines-per-second', 'SALLYPORT_MAX_LOG_LINES_PER_SECOND']
    ]
  )
  t.end()
})

t.test('the servers of NATS are named without passwords', t => {
  const asked = (nats: string) => ({ handlers: 'handlers', frontendId: 'a', nats })
  t.same(listNatsServers('none'), [])
  for (const nats of [
    'nats://127.0.0.1:4222',
    'a.example:4222, tls://[::1]:4222',
    'nats',
    'nats://nats-0.nats'
  ]) {
    t.equal(resolveOptions(asked(nats)).nats, nats)
    t.same(listNatsServers(nats), nats.split(', '))
  }
  t.equal(resolveOptions({ ...asked('none'), nats: ['nats://a', 'b:1'] }).nats, 'nats://a,b:1')
  for (const nats of [
    'ws://a:80',
    'http://a',
    'a:b',
    'a b',
    'nats://',
    'a:4222/x',
    'a,,b',
    ',',
    'a:65536',
    'nats://a:0'
  ]) {
    t.throws(() => resolveOptions(asked(nats)), refused(/Expected `nats` to be servers such as nats:/), nats)
  }
  for (const nats of ['nats://me:secret@a', 'me:secret@a', 'nats://me:secret/x@a', 'b,nats://me:secret,x@a'])
    t.throws(() => resolveOptions(asked(nats)), {
      code: 'OPTION_INVALID',
      message: /^(?!.*secret).*`nats`.*natsUser and natsPassword/s
    })
  t.end()
})

t.test('a gateway of a cluster has a name of its own', t => {
  const asked = { handlers: 'handlers', nats: 'nats://a' }
  t.throws(() => resolveOptions(asked), refused(/`frontendId`.*default gateway-1: give each gateway another/))
  t.throws(() => resolveOptions({ ...asked, frontendId: 'gateway-1' }), refused(/`frontendId`/))
  t.equal(resolveOptions({ ...asked, frontendId: 'gateway-2' }).cluster, 'sallyport')
  t.end()
})

t.test('what is for a cluster alone is refused without its servers', t => {
  const pairs: Readonly<Record<string, string>> = {
    natsUser: 'natsPassword',
    natsPassword: 'natsUser',
    natsTlsCert: 'natsTlsKey',
    natsTlsKey: 'natsTlsCert'
  }
  t.equal(clusterOptions.length, 21)
  for (const row of clusterOptions) {
    const { name, check } = row
    if (name === 'nats') continue
    const other = pairs[name]
    const value =
      check.type === 'word'
        ? check.words[1]
        : check.type === 'boolean'
          ? true
          : check.type === 'text' || check.type === 'file'
            ? '/x'
            : Number(row.defaultValue) + 1
    const more = { ...(other !== undefined && { [other]: '/x' }), ...besides[name] }
    const given = { handlers: '/h', [name]: value, ...more } as unknown as GatewayOptions
    const message = new RegExp(`^Expected \`nats\` to be set, where .*\`${name}\`.* (is|are) given`)
    t.throws(() => resolveOptions(given), { code: 'OPTION_INVALID', message }, name)
  }
  t.equal(resolveOptions({ handlers: '/h', cluster: 'sallyport' }).nats, 'none', 'a default is no wish')
  t.throws(
    () => resolveOptions({ handlers: '/h', leaseTtl: 2_000, clusterReady: 'strict', replicate: 'behind' }),
    refused(
      'Expected `nats` to be set, where `leaseTtl`, `clusterReady` and `replicate` are given: the servers by which gateways are a cluster'
    )
  )
  t.end()
})

t.test('options of a cluster that do not go together are refused', t => {
  const asked = { handlers: '/h', frontendId: 'a', nats: 'nats://a' }
  const claimed = { ...asked, singleSession: 'reject' } as const
  for (const claimTimeout of [5_000, 4_999]) {
    t.throws(
      () => resolveOptions({ ...claimed, claimTimeout }),
      refused(
        `Expected \`claimTimeout\` to be greater than \`leaseTtl\`, for which a crashed gateway keeps its users, got ${claimTimeout} and 5000 ms`
      )
    )
    t.match(
      resolveOptions({ ...asked, claimTimeout }),
      { claimTimeout },
      'where nobody is claimed it is not used'
    )
  }
  t.throws(() => resolveOptions({ ...claimed, leaseTtl: '7s' }), refused(/`claimTimeout`.* 7000 and 7000 ms/))
  t.match(resolveOptions({ ...claimed, claimTimeout: 5_001 }), { claimTimeout: 5_001 })
  t.throws(
    () => resolveOptions({ ...asked, fence: 'end' }),
    refused('Expected `singleSession` to be kick or reject, where `fence` is end: no user is claimed without')
  )
  t.match(resolveOptions({ ...claimed, fence: 'end' }), { fence: 'end' })
  t.throws(
    () => resolveOptions({ ...asked, replicateEvery: 500 }),
    refused(
      'Expected `replicate` to be behind or through, where `replicateEvery` is given: no session is written'
    )
  )
  t.match(resolveOptions({ ...asked, replicateEvery: 500, park: true }), { replicateEvery: 500 })
  t.end()
})

t.test('the heap of a worker has room for it', t => {
  const heap = (workerHeap: unknown) => resolveOptions({ handlers: '/h', workerHeap: workerHeap as number })
  for (const [given, got] of [
    [1, '1 MB'],
    ['15.5MiB', '15 MB']
  ] as const) {
    t.throws(() => heap(given), refused(`Expected \`workerHeap\` to be 0 or at least 16 MB, got ${got}`))
  }
  // Rounded down it would be 0, which stands for Node's own limit.
  t.throws(() => heap('1KiB'), refused(/^Expected `workerHeap` to be a size .*, got "1KiB" \(string\)$/))
  t.match(
    [heap(0), heap('0MiB'), heap(16), heap('16MiB')],
    [0, 0, 16, 16].map(workerHeap => ({ workerHeap }))
  )
  t.end()
})

t.test('there is one way to log in to NATS', t => {
  const asked = { handlers: 'handlers', frontendId: 'a', nats: 'nats://a' }
  t.ok(resolveOptions({ ...asked, natsUser: 'me', natsPassword: 'p' }))
  t.throws(() => resolveOptions({ ...asked, natsUser: 'me' }), refused(/`natsUser` and `natsPassword` both/))
  t.throws(
    () => resolveOptions({ ...asked, natsPassword: 'p' }),
    refused(/`natsUser` and `natsPassword` both/)
  )
  t.throws(
    () => resolveOptions({ ...asked, natsTlsCert: 'c' }),
    refused(/`natsTlsCert` and `natsTlsKey` both/)
  )
  t.throws(
    () => resolveOptions({ ...asked, cluster: 'é'.repeat(65) }),
    refused('Expected `cluster` to be a name of at most 128 bytes, got one of 130')
  )
  t.equal(resolveOptions({ ...asked, cluster: 'é'.repeat(64) }).cluster, 'é'.repeat(64))
  t.throws(
    () => resolveOptions({ ...asked, frontendId: 'é'.repeat(129) }),
    refused('Expected `frontendId` to be a name of at most 256 bytes, since `nats` is set, got one of 258')
  )
  t.equal(resolveOptions({ ...asked, frontendId: 'é'.repeat(128) }).frontendId, 'é'.repeat(128))
  t.equal(resolveOptions({ handlers: 'handlers', frontendId: 'é'.repeat(129) }).frontendId, 'é'.repeat(129))
  t.throws(
    () => resolveOptions({ ...asked, natsToken: 't', natsCredentials: 'c' }),
    refused('Expected one way to log in to NATS, got `natsToken` and `natsCredentials`')
  )
  const nats = 'nats://127.0.0.1:4222'
  for (const keeps of [{ replicate: 'behind' }, { replicate: 'through' }, { park: true }] as const) {
    t.throws(() => resolveOptions({ handlers: '/h', ...keeps }), refused(/Expected `nats` to be set/))
    t.equal(checkOptions({ handlers: '/h', ...keeps }).faults.length, 1, 'which is told once')
    const kept = { ...asked, ...keeps, nats, frontendId: 'a' }
    t.throws(() => resolveOptions({ ...kept, resumeWindow: 0 }), refused(/Expected `resumeWindow` to be/))
    t.match(resolveOptions(kept), keeps)
  }
  t.end()
})
