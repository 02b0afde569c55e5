import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { NatsBus, type NatsBusInit } from '../../../../gateway/cluster/bus/nats-bus.js'
import { subjectsOf, tokenOf } from '../../../../gateway/cluster/bus/subjects.js'
import { createCertificate } from '../../../helpers/certificate.js'
import { type NatsServer, noNats, startNats, startNatsCluster } from '../../../helpers/nats.js'
import { findFreePort } from '../../../helpers/server-programs.js'
import { until } from '../../../helpers/until.js'
import { eventually, testBus } from './bus-sentences.js'

if (noNats) t.plan(0, noNats)
else await runTests(await startNats(t))

async function runTests(server: NatsServer) {
  testBus(t, 'NatsBus', async t => {
    const errors: string[] = []
    return {
      errors,
      join: name => join(t, server, { frontendId: name }, errors),
      pass: ms => new Promise(resolve => setTimeout(resolve, ms)),
      interrupt: () => server.kill(),
      resume: () => server.start()
    }
  })

  t.test('links have a connection of their own', async t => {
    const bus = await join(t, server, { frontendId: 'gate' })
    const { link, all, hello, ask } = subjectsOf('test')
    for (const subject of [link(7), all, hello, ask(7)]) bus.subscribe(subject, () => {})
    let subjects: Readonly<Record<string, readonly string[]>> = {}
    while (subjects['gate control']?.length !== 3 || subjects['gate data']?.length !== 2)
      subjects = await server.listSubjects()
    t.same([...subjects['gate data']!].sort(), [all, link(7)].sort())
    // The third one of the control connection is that of its answers, whose name is the client's own.
    const named = subjects['gate control']!.filter(subject => !subject.includes('.in.'))
    t.same(named.sort(), [ask(7), hello].sort())
  })

  t.test('bytes are a Buffer, whether they arrive whole or in parts', async t => {
    const [a, b] = [await join(t, server), await join(t, server)]
    const heard: Buffer[] = []
    b.subscribe('sp.test.parts', bytes => heard.push(bytes))
    await until('the subscription is there', () => {
      a.publish('sp.test.parts', Buffer.from('x'))
      return heard.length > 0
    })
    heard.length = 0
    const whole = Buffer.alloc(900_000, 'x')
    for (let length = 0; length <= 900_000; length += 100_000)
      a.publish('sp.test.parts', whole.subarray(length))
    await until('all have arrived', () => heard.at(-1)?.length === 0)
    t.ok(heard.every(bytes => Buffer.isBuffer(bytes) && /^x*$/.test(bytes.toString('latin1'))))
  })

  t.test(
    'a server that stands still is noticed, though much waits to be sent, and is found again',
    async t => {
      const [a, b] = [await join(t, server), await join(t, server)]
      const { link } = subjectsOf('test')
      const heard: string[] = []
      b.subscribe(link(1), bytes => heard.push(`${bytes.length}`))
      server.stop()
      const asked = a.first('any', 'key')
      for (let count = 0; count < 40; count++) a.publish(link(1), Buffer.alloc(1_000_000))
      await until('both have noticed', () => !a.isUp && !b.isUp)
      t.equal(await asked, undefined)
      server.goOn()
      await until('both are up again', () => a.isUp && b.isUp)
      await until('messages arrive', () => {
        a.publish(link(1), Buffer.from('x'))
        return heard.includes('1')
      })
    }
  )

  t.test('a flush ends if its server is killed meanwhile, or stands still', async t => {
    const bus = await join(t, server)
    server.stop()
    const stopped = bus.flush()
    await until('it has noticed', () => !bus.isUp)
    t.equal(await stopped, undefined)
    server.goOn()
    await until('it is up again', () => bus.isUp)
    server.stop()
    const killed = bus.flush()
    await server.kill()
    t.equal(await killed, undefined)
    await server.start()
    await until('it is up again', () => bus.isUp)
    t.equal(await bus.flush(), undefined)
  })

  t.test('a refusal while it reconnects is told, and tried again until it is let in', async t => {
    const warnings: string[] = []
    const log = { error() {}, warn: (message: string) => warnings.push(message) }
    const bus = await join(t, server, { log })
    await server.kill()
    await server.start({ config: 'authorization { token: "changed" }' })
    await until('it is refused', () => warnings.some(each => each.includes('refuses this gateway')))
    await server.kill()
    await server.start()
    await until('it is up again', () => bus.isUp)
    const refusals = warnings.filter(each => each.includes('refuses this gateway'))
    t.equal(refusals.length, 1, 'not at each attempt, and by one of the two connections')
  })

  t.test('logs that are lost with the disk are made again', async t => {
    const bus = await join(t, server)
    const log = { name: 'sp-wiped', maxAge: 60_000 }
    await bus.makeLog(log)
    t.equal(await bus.append(log.name, 'key', Buffer.from('1')), 1)
    const madeAt = (await bus.madeAt(log.name))!
    await server.kill()
    server.wipe()
    await server.start()
    const append = () => bus.append(log.name, 'key', Buffer.from('2'))
    t.equal(await eventually('the log is there', append, number => number !== undefined), 1)
    t.ok((await bus.madeAt(log.name))! > madeAt)
    await t.rejects(bus.makeLog({ ...log, maxAge: 0 }), /of 60000 ms, not of 0 ms .*: remove it/, 'as it was')
  })

  t.test('what NATS refuses later is logged by its subject', async t => {
    const errors: string[] = []
    await server.kill()
    await server.start({
      config: `authorization { users: [{ user: me, password: p, permissions: {
      publish: ">", subscribe: "sp.${tokenOf('test')}.in.>" } }] }`
    })
    const log = {
      error: (message: string, fields: unknown) => errors.push(JSON.stringify([message, fields])),
      warn() {}
    }
    const bus = await join(t, server, { natsUser: 'me', natsPassword: 'p', log })
    bus.subscribe('sp.test.forbidden', () => {})
    await until('it is logged', () => errors.length > 0)
    t.match(errors[0], /does not let this gateway subscribe to sp\.test\.forbidden: allow its user/)
    t.equal(bus.isUp, true)
    await server.kill()
    await server.start()
  })

  t.test('the errors of a start say what is wrong, and leave nothing behind', async t => {
    const { url } = server
    const rejects = async (init: Partial<NatsBusInit>, code: string, message: RegExp) =>
      t.rejects(NatsBus.connect(initOf(url, init)), { code, message })
    const nobody = `nats://127.0.0.1:${await findFreePort()}`
    await rejects(
      { nats: nobody },
      'NATS_FAILED',
      /No NATS server answers at nats:.*connection refused.*--jetstream/
    )
    await rejects(
      { nats: 'nats://no-such-host.invalid' },
      'NATS_FAILED',
      /no-such-host\.invalid: .*ENOTFOUND/
    )
    const other = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1'
    )
    t.teardown(() => other.close())
    await once(other, 'listening')
    const notNats = `nats://127.0.0.1:${(other.address() as AddressInfo).port}`
    await rejects(
      { nats: notNats },
      'NATS_FAILED',
      /What answers at .* is no NATS server \(.*unexpected response/
    )
    await rejects(
      { natsCredentials: '/no/such.creds' },
      'OPTION_INVALID',
      /`natsCredentials` can't be read: ENOENT/
    )
    const noCredentials = t.testdir({ 'no.creds': 'a token' })
    await rejects(
      { natsCredentials: `${noCredentials}/no.creds` },
      'OPTION_INVALID',
      /`natsCredentials` names no file of credentials/
    )
    await rejects(
      { clusterReplicas: 3 },
      'NATS_FAILED',
      /`clusterReplicas` is 3, but NATS at .* is a single server/
    )
    const own = fileURLToPath(import.meta.url)
    const [some, stranger] = [createCertificate(), createCertificate()]
    const pem = t.testdir({ 'cert.pem': some.cert, 'key.pem': some.key, 'other.pem': stranger.key })
    const natsTlsCert = `${pem}/cert.pem`
    for (const [init, wanted] of [
      [{ natsTlsCa: own }, /`natsTlsCa` names no file of certificates \(PEM\): /],
      [{ natsTlsCert: own }, /`natsTlsCert` names no file of certificates \(PEM\): /],
      [{ natsTlsCert, natsTlsKey: natsTlsCert }, /`natsTlsKey` names no file of a private key \(PEM\): /],
      [
        { natsTlsCert, natsTlsKey: `${pem}/other.pem` },
        /`natsTlsCert` and `natsTlsKey` can't be used together: /
      ]
    ] as const)
      await rejects(init, 'OPTION_INVALID', wanted)
    await rejects({ natsTlsCa: natsTlsCert }, 'NATS_FAILED', /NATS at .* is not encrypted/)
    const bus = await NatsBus.connect(initOf(`${nobody},${url}`, {}))
    t.equal(bus.isUp, true, 'one of the servers is enough')
    await bus.close()
    let names: string[] = ['?']
    while (names.length > 0) names = Object.keys(await server.listSubjects())
  })

  t.test('NATS has to know the gateway, and to keep logs', async t => {
    const { url } = server
    await server.kill()
    await server.start({ hasJetStream: false })
    await t.rejects(NatsBus.connect(initOf(url, {})), {
      code: 'NATS_FAILED',
      message: /JetStream.*--jetstream/
    })
    await server.kill()
    await server.start({ config: 'authorization { users: [{ user: me, password: secret }] }' })
    const refused = {
      code: 'NATS_FAILED',
      message: /^(?!.*wrong).*refuses this gateway.*natsToken, or natsUser/
    }
    await t.rejects(NatsBus.connect(initOf(url, {})), refused)
    await t.rejects(NatsBus.connect(initOf(url, { natsUser: 'me', natsPassword: 'wrong' })), refused)
    await (await NatsBus.connect(initOf(url, { natsUser: 'me', natsPassword: 'secret' }))).close()
    await server.kill()
    await server.start({ config: 'authorization { token: "t0ken" }' })
    await t.rejects(NatsBus.connect(initOf(url, { natsToken: 'wrong' })), refused)
    await (await NatsBus.connect(initOf(url, { natsToken: 't0ken' }))).close()
    await server.kill()
    await server.start()
  })

  t.test('a connection is encrypted if NATS has a certificate that its authority vouches for', async t => {
    const { cert, key } = createCertificate()
    const folder = t.testdir({ 'cert.pem': cert, 'key.pem': key })
    const [certFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`]
    await server.kill()
    await server.start({ config: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }` })
    await t.rejects(NatsBus.connect(initOf(server.url, {})), {
      code: 'NATS_FAILED',
      message: /certificate of NATS at .* is not trusted.*natsTlsCa/
    })
    const bus = await join(t, server, { natsTlsCa: certFile })
    t.equal(bus.isUp, true)
    const rejects = async (own: Partial<NatsBusInit>, message: RegExp) => {
      let error: Error | undefined
      // A reset of the connection may overtake the alert that says why.
      for (let tries = 0; tries < 10 && (tries === 0 || /ECONNRESET/.test(String(error))); tries++)
        error = await NatsBus.connect(initOf(server.url, own)).then(
          () => undefined,
          reason => reason
        )
      t.match(error, { code: 'NATS_FAILED', message })
    }

    await server.kill()
    const verify = `tls { cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${certFile}", verify: true }`
    await server.start({ config: verify })
    await rejects({ natsTlsCa: certFile }, /^NATS at .* wants a certificate .*natsTlsCert[^\n]*$/)
    const known = { natsTlsCa: certFile, natsTlsCert: certFile, natsTlsKey: keyFile }
    t.equal((await join(t, server, known)).isUp, true, 'as a client that it knows')

    await server.kill()
    const expired = createCertificate(-1)
    const old = t.testdir({ 'cert.pem': expired.cert, 'key.pem': expired.key })
    await server.start({ config: `tls { cert_file: "${old}/cert.pem", key_file: "${old}/key.pem" }` })
    await rejects({ natsTlsCa: `${old}/cert.pem` }, /is not valid now \(certificate has expired\)/)
    await server.kill()
    await server.start()
  })

  t.test('three servers keep logs together, and go on when one is killed', async t => {
    const servers = await startNatsCluster(t)
    const nats = servers.map(each => each.url).join()
    const warned: string[] = []
    const log = { error() {}, warn: (message: string) => warned.push(message) }
    const three = await join(t, server, { nats, clusterReplicas: 3, log })
    t.same(warned, [])
    const one = await join(t, server, { nats, log })
    t.match(
      warned.join('\n'),
      /^NATS has several servers, but keeps each log on one of them: .*`clusterReplicas: 3`/
    )
    const [kept, grown] = [
      { name: 'sp-r3', maxAge: 0 },
      { name: 'sp-r1', maxAge: 0 }
    ]
    await three.makeLog(kept)
    await one.makeLog(grown)
    await three.makeLog(grown)
    await one.makeLog(kept)
    const append = (name: string) => async () => three.append(name, 'key', Buffer.from('x'))
    const first = await eventually('an entry is there', append(kept.name), number => number !== undefined)
    await servers[0]!.kill()
    const isHigher = (number: number | undefined) => number !== undefined && number > first!
    await eventually('entries are appended again', append(kept.name), isHigher)
    await eventually('the other log has grown', append(grown.name), number => number !== undefined)
    t.equal((await one.first(kept.name, 'key'))?.number, first)
  })

  t.test('without its package the error says what to install', async t => {
    const hide = `export async function resolve(name, context, next) {
      if (name.startsWith('@nats-io')) throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    }`
    const main = `import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hide)}))
      const { NatsBus } = await import(${JSON.stringify(new URL('../../../../gateway/cluster/bus/nats-bus.js', import.meta.url).href)})
      await NatsBus.connect(${JSON.stringify(initOf(server.url, {}))}).catch(error => console.log(error.code, error.message))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', main])
    t.match(
      stdout,
      /^OPTION_INVALID .*`nats` needs the package @nats-io\/transport-node: npm install @nats-io/
    )
  })
}

function initOf(nats: string, options: Partial<NatsBusInit>, errors: string[] = []): NatsBusInit {
  return {
    nats,
    natsCredentials: '',
    natsToken: '',
    natsUser: '',
    natsPassword: '',
    natsTlsCa: '',
    natsTlsCert: '',
    natsTlsKey: '',
    cluster: 'test',
    clusterReplicas: 1,
    frontendId: 'a',
    log: { error: message => errors.push(message), warn() {} },
    ...options
  }
}

async function join(
  t: Test,
  server: NatsServer,
  options: Partial<NatsBusInit> = {},
  errors: string[] = []
): Promise<NatsBus> {
  const bus = await NatsBus.connect(initOf(server.url, options, errors))
  t.teardown(() => bus.close())
  return bus
}
