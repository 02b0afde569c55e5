/** Workers that a reload has replaced: what they have begun goes on to its end. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { TestGateway } from '../../../testing/index.js'
import { startGateway } from '../../helpers/gateway.js'
import { until } from '../../helpers/until.js'

/** Writes a game whose handlers note when they begin, and end at the word of the test. */
function writeGame(t: Test) {
  const folder = t.testdir({ handlers: {}, notes: '' })
  const file = join(folder, 'notes')
  const path = JSON.stringify(file)
  const handlers = join(folder, 'handlers')
  writeFileSync(
    join(handlers, '_hooks.js'),
    `import { appendFileSync } from 'node:fs'
    const note = text => appendFileSync(${path}, text + '\\n')
    export const onConnect = () => {}
    export const onClose = () => note('closed')
    export const onStop = () => note('stopped')`
  )
  writeFileSync(
    join(handlers, 'a.js'),
    `import { appendFileSync, existsSync } from 'node:fs'
    import { handler } from 'sallyport/worker'
    const note = text => appendFileSync(${path}, text + '\\n')
    const hold = async name => {
      note(name + ' begins')
      while (!existsSync(${path} + ' go')) await new Promise(resolve => setTimeout(resolve, 1))
      note(name + ' ends')
      return name
    }
    export const save = () => hold('save')
    export const brief = handler({ timeout: 100 }, () => hold('brief'))
    export const beside = handler({ concurrent: true }, () => hold('beside'))`
  )
  writeFileSync(join(handlers, 'b.js'), 'export const c = () => 1')
  const notes = () => readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return { handlers, notes, letGo: () => appendFileSync(`${file} go`, '') }
}

for (const isolation of ['thread', 'process'] as const) {
  t.test(`${isolation}: a handler whose session has ended runs to its end, as in any worker`, async t => {
    const { handlers, notes, letGo } = writeGame(t)
    const { gateway, connect } = await startGateway(t, handlers, { isolation })
    const player = await connect()
    player.request('a.save').catch(() => {})
    await until('it runs', () => notes().length === 1)
    await gateway.reload()
    gateway.sessions.forEachSession(({ id }) => gateway.sessions.kickBySessionId(id))
    await player.closed
    // Whatever the gateway sends the worker at the end of the session is there before the answer.
    const other = await connect()
    other.request('a.brief').catch(() => {})
    await until('a newer worker runs a request until its deadline', () => gateway.metrics().timeouts === 1)
    t.same(notes(), ['save begins', 'brief begins'])
    letGo()
    // A newer worker runs onClose.
    await until('all is over', () => ['stopped', 'closed'].every(note => notes().includes(note)))
    const own = notes().filter(note => !note.startsWith('brief'))
    t.same(
      own.filter(note => note !== 'closed'),
      ['save begins', 'save ends', 'stopped']
    )
    t.ok(own.indexOf('closed') > own.indexOf('save ends'), 'and onClose waits for it')
  })

  t.test(`${isolation}: a worker whose handler hangs beyond its deadline ends without it`, async t => {
    const { handlers, notes } = writeGame(t)
    const { gateway, connect } = await startGateway(t, handlers, { isolation })
    const player = await connect()
    player.request('a.brief').catch(() => {})
    await until('it runs', () => notes().length === 1)
    await gateway.reload()
    gateway.sessions.forEachSession(({ id }) => gateway.sessions.kickBySessionId(id))
    await until('the old worker has stopped', () => notes().includes('stopped'))
    // Its note comes from another worker. It must not come while the folder is removed.
    await until('onClose has run', () => notes().includes('closed'))
    t.notOk(notes().includes('brief ends'))
  })
}

t.test(
  'a concurrent request that runs is answered by its handler, though its client resumes meanwhile',
  async t => {
    const { handlers, notes, letGo } = writeGame(t)
    const gateway = await TestGateway.start({ handlers, workers: 1 })
    t.teardown(() => gateway.close())
    const player = await gateway.connect()
    const reply = player.request('a.beside')
    await until('it runs', () => notes().length === 1)
    rmSync(join(handlers, 'a.js'))
    await gateway.gateway.reload()
    await player.cut()
    t.same(await player.comeBack(), { resumed: true })
    await t.rejects(player.request('a.save'), { code: 'ROUTE_UNKNOWN' }, 'the route is gone')
    letGo()
    t.equal(await reply, 'beside')
  }
)
