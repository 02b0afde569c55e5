/** TLS: clients that connect by `wss:`, and certificates that are renewed while the gateway runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PeerCertificate, type TLSSocket, connect as tlsConnect } from 'node:tls'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { type ClientOptions, connect } from '../../../client/node.js'
import { readTlsPair } from '../../../gateway/http/tls.js'
import { createGateway } from '../../../gateway/index.js'
import { type Certificate, createCertificate } from '../../helpers/certificate.js'
import { handlersFolder, startGateway } from '../../helpers/gateway.js'
import { matchRows } from '../../helpers/match-rows.js'
import { root } from '../../helpers/paths.js'
import { Player } from '../../helpers/player.js'
import { PomeloPlayer } from '../../helpers/pomelo-player.js'
import { until } from '../../helpers/until.js'

/** Creates a folder with a certificate and its key. `write` replaces them. */
function createFiles(t: Test, pair: Partial<Certificate> = createCertificate()) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const write = ({ cert, key }: Partial<Certificate>) => {
    if (cert !== undefined) writeFileSync(tlsCert, cert)
    if (key !== undefined) writeFileSync(tlsKey, key)
  }
  write(pair)
  return { paths: { tlsCert, tlsKey }, write }
}

/** Returns the certificate of the gateway at that port. */
async function readProof(port: number): Promise<PeerCertificate> {
  const socket: TLSSocket = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const certificate = socket.getPeerCertificate()
  socket.destroy()
  return certificate
}

const nameOf = ({ subject }: PeerCertificate) => subject.CN

/** Returns a socket class that trusts one certificate. */
function trusting(ca: string): NonNullable<ClientOptions['WebSocket']> {
  return class extends WebSocket {
    constructor(url: string) {
      super(url, { ca })
    }
  } as unknown as NonNullable<ClientOptions['WebSocket']>
}

t.test('clients of all kinds connect by wss:, and the host answers https:', async t => {
  const pair = createCertificate()
  const { gateway } = await startGateway(t, 'wire', {
    ...createFiles(t, pair).paths,
    onHttpRequest: (_request, response) => void response.end('a page')
  })
  t.match(gateway.url, /^wss:\/\/127\.0\.0\.1:\d+$/)
  const client = await connect(gateway.url, { WebSocket: trusting(pair.cert) })
  t.teardown(() => client.close())
  t.equal(await client.request('echo.plain', 'x'.repeat(50_000)), 'x'.repeat(50_000))
  const ws = new WebSocket(gateway.url, 'sallyport.json', { ca: pair.cert })
  const player = new Player(ws)
  t.teardown(() => player.leave())
  await once(ws, 'open')
  t.same(await Promise.all([1, 2, 3].map(n => player.request('echo.plain', n))), [1, 2, 3])
  const pomelo = new PomeloPlayer(new WebSocket(gateway.url, { ca: pair.cert }))
  t.teardown(() => pomelo.leave())
  await once(pomelo.ws, 'open')
  t.equal((await pomelo.shakeHands()).code, 200)

  const page = tlsConnect({ host: '127.0.0.1', port: gateway.address.port, ca: pair.cert })
  page.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let answer = ''
  for await (const chunk of page) answer += chunk
  t.match(answer, /^HTTP\/1\.1 200[\s\S]*a page/)

  const plain = new WebSocket(gateway.url.replace('wss:', 'ws:'))
  const [error] = await once(plain, 'error')
  t.ok(error, 'who speaks no TLS is not let in')
  t.equal(await client.request('echo.plain', 1), 1, 'and disturbs nobody')
})

t.test('a renewed pair is for new connections, and the old ones stay', async t => {
  const [first, second] = [createCertificate(), createCertificate()]
  const files = createFiles(t, first)
  const { gateway, lines } = await startGateway(t, 'wire', files.paths)
  const client = await connect(gateway.url, { WebSocket: trusting(first.cert) })
  t.teardown(() => client.close())
  const before = nameOf(await readProof(gateway.address.port))
  files.write(second)
  t.equal(nameOf(await readProof(gateway.address.port)), before, 'nobody has said to read it')
  gateway.reloadCertificate()
  t.not(nameOf(await readProof(gateway.address.port)), before)
  matchRows(
    t,
    lines.filter(({ message }) => message === 'The certificate was read anew'),
    [{ level: 'info', fields: { file: files.paths.tlsCert, until: /\d{4} GMT$/ } }]
  )
  t.equal(await client.request('echo.plain', 1), 1)
  const newcomer = await connect(gateway.url, { WebSocket: trusting(second.cert) })
  t.teardown(() => newcomer.close())
  t.equal(await newcomer.request('echo.plain', 2), 2)
})

const swap = ({ cert, key }: Certificate): Certificate => ({ cert: key, key: cert })

function encrypt(type: 'pkcs8' | 'sec1'): string {
  const protection = { cipher: 'aes-128-cbc', passphrase: 'secret' }
  return createPrivateKey(createCertificate().key)
    .export({ type, format: 'pem', ...protection })
    .toString()
}

/** Invalid pairs of a certificate and a key, with the error for each. */
const faults: readonly [what: string, pair: () => Partial<Certificate>, message: RegExp][] = [
  [
    'a key of another certificate',
    () => ({ key: createCertificate().key }),
    /cert\.pem can't be used .*key\.pem/
  ],
  [
    'a certificate that is none',
    () => ({ cert: 'hello' }),
    /^`tlsCert` names a file without a certificate \(PEM\): \S+cert\.pem$/
  ],
  [
    'a key that is none',
    () => ({ key: '' }),
    /^`tlsKey` names a file without a private key \(PEM\): \S+key\.pem$/
  ],
  [
    'a key and a certificate in the place of each other',
    () => swap(createCertificate()),
    /^`tlsCert` names a file without a certificate \(PEM\), but with a private key: /
  ],
  [
    'a certificate as the key',
    () => ({ key: createCertificate().cert }),
    /^`tlsKey` names a file without a private key \(PEM\), but with a certificate: /
  ],
  [
    'a key that is encrypted',
    () => ({ key: encrypt('pkcs8') }),
    /^`tlsKey` names a key that is encrypted: \S+key\.pem; /
  ],
  [
    'a key of OpenSSL that is encrypted',
    () => ({ key: encrypt('sec1') }),
    /^`tlsKey` names a key that is encrypted: \S+key\.pem; /
  ],
  [
    'a certificate that is cut off',
    () => ({ cert: createCertificate().cert.slice(0, 200) }),
    /^The certificate \S+cert\.pem can't be used: /
  ],
  [
    'a key that is cut off',
    () => ({ key: createCertificate().key.slice(0, 100) }),
    /^The key \S+key\.pem can't be used: /
  ],
  ['one that has ended', () => createCertificate(-1), /it was good until/]
]

t.test('a pair that is no good is not taken, and the one from before goes on', async t => {
  const good = createCertificate()
  const files = createFiles(t, good)
  const { gateway } = await startGateway(t, 'wire', files.paths)
  const before = nameOf(await readProof(gateway.address.port))
  for (const [what, pair, message] of faults) {
    files.write(good)
    files.write(pair())
    t.throws(() => gateway.reloadCertificate(), { code: 'TLS_INVALID', message }, what)
    t.equal(nameOf(await readProof(gateway.address.port)), before, what)
  }
})

t.test('a pair may have comments, other blocks before the key, and both in one file', async t => {
  const { cert, key } = createCertificate()
  const old = createPrivateKey(key).export({ type: 'sec1', format: 'pem' })
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  const files = createFiles(t)
  for (const pair of [
    { cert: `subject=a\r\n${cert}`, key: `${parameters}${old}` },
    { cert: `${key}\n${cert}`, key: `${cert}\n${key}` }
  ]) {
    files.write(pair)
    t.match(readTlsPair(files.paths, Date.now()).key.toString(), /PRIVATE KEY/)
  }
})

t.test('a pair that is no good stops the start', async t => {
  const start = (files: object) =>
    createGateway({ handlers: handlersFolder('wire'), port: 0, workers: 1, logLevel: 'silent', ...files })
  for (const [what, pair, message] of faults) {
    const files = createFiles(t)
    files.write(pair())
    await t.rejects(start(files.paths), { code: 'TLS_INVALID', message }, what)
  }
  const { tlsCert } = createFiles(t).paths
  await t.rejects(start({ tlsCert, tlsKey: '/nowhere/key.pem' }), {
    code: 'TLS_INVALID',
    message: /^The key \/nowhere\/key\.pem can't be read/
  })
  await t.rejects(start({ tlsCert }), { code: 'OPTION_INVALID', message: /both, or neither/ })
  const plain = await startGateway(t, 'wire')
  t.throws(() => plain.gateway.reloadCertificate(), { code: 'OPTION_INVALID', message: /tlsCert/ })
})

/** Starts the program and collects its output. */
function run(t: Test, args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [join(root, 'dist/gateway/program/main.js'), ...args], {
    env: { ...process.env, NODE_OPTIONS: '', SALLYPORT_INTERNAL_PORT: 'off' }
  })
  t.teardown(() => child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout!.on('data', data => (said.out += data))
  child.stderr!.on('data', data => (said.err += data))
  return { child, said }
}

t.test('the program reads the pair anew at SIGHUP; a bad one is logged', async t => {
  const [first, second] = [createCertificate(), createCertificate()]
  const files = createFiles(t, first)
  const { child, said } = run(t, [
    '--handlers',
    join(root, 'dist/examples/score/handlers'),
    '--port',
    '0',
    '--tls-cert',
    files.paths.tlsCert,
    '--tls-key',
    files.paths.tlsKey
  ])
  await until(
    'it listens',
    () => /wss:\/\/127\.0\.0\.1:\d+/.test(said.out) || child.exitCode !== null,
    30_000
  )
  const port = Number(/wss:\/\/127\.0\.0\.1:(\d+)/.exec(said.out)?.[1])
  const before = nameOf(await readProof(port))
  files.write({ cert: 'hello' })
  child.kill('SIGHUP')
  await until('it says that it has not taken it', () => said.err.includes('not taken'))
  t.match(said.err, /The new certificate is not taken; the old one goes on.*cert\.pem/)
  t.equal(nameOf(await readProof(port)), before)
  files.write(second)
  child.kill('SIGHUP')
  await until('it says that it has', () => said.err.includes('read anew'))
  t.not(nameOf(await readProof(port)), before)
})

t.test('who opens a socket and does not ask for an upgrade is closed within handshakeTimeout', async t => {
  for (const files of [{}, createFiles(t).paths]) {
    const { gateway } = await startGateway(t, 'wire', { handshakeTimeout: 200, ...files })
    const { port } = gateway.address
    const silent = connectSocket({ port })
    const slow = connectSocket({ port })
    slow.write('GET / HTTP/1.1\r\nHost: ')
    const ends = [silent, slow].map(socket => once(socket.on('error', () => {}).resume(), 'close'))
    t.equal((await Promise.all(ends)).length, 2)
  }
})
