/** The client in a real browser: in a page and in a Web Worker, as a page without a build imports it. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Page } from 'playwright-core'
import t from 'tap'
import { clientFiles } from '../../gateway/host/client-files.js'
import { startBrowser, whyNoBrowser } from '../helpers/browser.js'
import { startGateway } from '../helpers/gateway.js'
import { fixture } from '../helpers/paths.js'
import { until } from '../helpers/until.js'

const handlers = fixture('handlers-resume')

const worker = `
import { connect } from '/sallyport/client/index.js'
const game = await connect(location.origin.replace('http', 'ws'))
postMessage(await game.request('player.add', { n: 7 }))
game.close()
`

/**
 * A page that plays as the user in its address. It reports the events that it receives, and whether it was
 * restored.
 */
const game = `<!doctype html><title>A game</title><script type="module">
import { connect } from '/sallyport/client/index.js'
const game = await connect(location.origin.replace('http', 'ws'))
const add = n => game.request('player.add', { n })
game.on('tick', add)
addEventListener('pageshow', ({ persisted }) => persisted && add('brought back'))
await game.request('player.login', { uid: location.search.slice(1) })
</script>`

/**
 * A page that keeps its place in the session when it is left. What its address asks for is its name; `heard`
 * outlives the page, as the game of a server would.
 */
const keeping = `<!doctype html><title>A game that keeps its place</title><script type="module">
import { connect } from '/sallyport/client/index.js'
const name = location.search.slice(1)
const heard = JSON.parse(localStorage.getItem('heard ' + name) ?? '[]')
const tick = n => localStorage.setItem('heard ' + name, JSON.stringify([heard.push(n), heard][1]))
globalThis.game = await connect(location.origin.replace('http', 'ws'), { keep: () => sessionStorage, on: { tick } })
if (!game.resumed) await game.request('player.login', { uid: name })
document.title = game.resumed ? 'resumed' : 'new'
</script>`

const serveClient = clientFiles()

const pages = new Map([
  ['/game', game],
  ['/keeping', keeping]
])

function onHttpRequest(request: IncomingMessage, response: ServerResponse): void {
  if (serveClient(request, response)) return
  if (request.url === '/worker.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(worker)
  else
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(pages.get(request.url!.split('?')[0]!) ?? '<!doctype html><title>A page</title>')
}

t.test('in a real browser', { skip: whyNoBrowser() }, async t => {
  const browser = await startBrowser(t)
  const { gateway } = await startGateway(t, handlers, { workers: 1, onHttpRequest })
  const page = await browser.newPage()
  await page.goto(gateway.url.replace('ws:', 'http:'))

  t.test('a page asks, is told of events, and gets values as what they are', async t => {
    const seen = await page.evaluate(async () => {
      const { connect } = await import('/sallyport/client/index.js' as string)
      const { location } = globalThis as unknown as { location: { origin: string } }
      const game = await connect(location.origin.replace('http', 'ws'))
      Object.assign(globalThis, { game, ticks: [] })
      game.on('tick', (body: unknown) => (globalThis as unknown as { ticks: unknown[] }).ticks.push(body))
      await game.request('player.login', { uid: 'page' })
      await game.request('player.add', { n: new Date(5) })
      const [date] = await game.request('player.seen')
      return [game.state, date instanceof Date && date.getTime()]
    })
    t.same(seen, ['open', 5])
  })

  t.test('when the network is back a page looks at its connection at once', async t => {
    const states = page.evaluate(() => {
      const { game } = globalThis as unknown as {
        game: { onState(listener: (change: { state: string; resumed: boolean }) => void): void }
      }
      return new Promise<unknown>(resolve =>
        game.onState(({ state, resumed }) => state === 'open' && resolve([state, resumed]))
      )
    })
    await page.context().setOffline(true)
    // A browser that goes offline does not close its open sockets, so the gateway's side closes them.
    gateway.send('page', 'tick', 1)
    await page.evaluate(() => (globalThis as unknown as { game: { reconnect(): void } }).game.reconnect())
    await until('it is away', () => gateway.metrics().detachedSessions === 1)
    await page.context().setOffline(false)
    t.same(await states, ['open', true])
    await page.waitForFunction(() => (globalThis as unknown as { ticks: unknown[] }).ticks.length === 1)
  })

  t.test(
    'a page is told what to check when no connection is made, since a browser does not say why',
    async t => {
      const { gateway: other } = await startGateway(t, handlers, { workers: 1 })
      const fails = (url: string) =>
        page.evaluate(async (url: string) => {
          const { connect } = await import('/sallyport/client/index.js' as string)
          const error = await connect(url, { connectTimeout: 1_000 }).catch((each: unknown) => each)
          return { code: error.code, message: error.message, data: error.data, retryable: error.retryable }
        }, url)
      for (const url of [other.url, 'ws://127.0.0.1:1']) {
        t.match(await fails(url), {
          code: 'CONNECT_FAILED',
          message:
            /refused or unreachable.* nothing may be listening there, or this page's origin .*`origins`/,
          data: { kind: 'unknown' },
          retryable: true
        })
      }
      t.ok(other.metrics().connectionsRefused > 0, 'the origin was refused')
    }
  )

  t.test('a Web Worker connects as a page does', async t => {
    const answer = await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          // biome-ignore lint/suspicious/noExplicitAny: this runs in the browser, whose types are not here
          const worker = new (globalThis as any).Worker('/worker.js', { type: 'module' })
          worker.onmessage = ({ data }: { data: unknown }) => resolve(data)
          worker.onerror = ({ message }: { message: string }) => reject(new Error(message))
        })
    )
    t.equal(answer, 7)
  })
})

/** Navigates as a link or a button of the browser would, without waiting for a page that may be restored. */
const go = (page: Page, script: string) => page.evaluate(script).catch(() => {})

const keepsPages = { keepsPages: true }

t.test('in a browser that keeps pages which are left', { skip: whyNoBrowser(keepsPages) }, async t => {
  const browser = await startBrowser(t, keepsPages)
  const { gateway } = await startGateway(t, handlers, { workers: 1, onHttpRequest })
  const origin = gateway.url.replace('ws:', 'http:')
  const open = async (uid: string) => {
    const page = await browser.newPage()
    await page.goto(`${origin}/game?${uid}`)
    await until('it plays', () => gateway.sessions.getByUid(uid).length === 1)
    return page
  }

  t.test('a page that is left and brought back has its session, and what was sent meanwhile', async t => {
    const page = await open('back')
    const [session] = gateway.sessions.getByUid('back')
    await go(page, `location.href = '${origin}/elsewhere'`)
    await until('it is away', () => gateway.metrics().detachedSessions === 1)
    gateway.send('back', 'tick', 'meanwhile')
    // Until the other page is loaded, a script may still run in the page that is being left, and be lost with
    // it.
    await page.waitForURL(`${origin}/elsewhere`)
    await go(page, 'history.back()')
    const seen = () => (session!.get('seen') ?? []) as unknown[]
    await until('it has told what it has heard', () => seen().length === 2)
    t.same(seen().toSorted(), ['brought back', 'meanwhile'])
    t.match(gateway.metrics(), { sessions: 1, sessionsOpened: 1, sessionsResumed: 1 })
    await page.close()
  })

  t.test('so has one that keeps its place, which is in no storage while the page is there', async t => {
    const page = await browser.newPage()
    await page.goto(`${origin}/keeping?kept`)
    await page.waitForFunction("document.title === 'new'")
    const [session] = gateway.sessions.getByUid('kept')
    const { sessionsResumed } = gateway.metrics()
    await go(page, `location.href = '${origin}/elsewhere'`)
    await page.waitForURL(`${origin}/elsewhere`)
    t.equal(await page.evaluate('sessionStorage.length'), 1)
    await go(page, 'history.back()')
    await until('it is back', () => gateway.metrics().sessionsResumed === sessionsResumed + 1)
    await page.waitForFunction("game.state === 'open' && sessionStorage.length === 0")
    t.equal(await page.title(), 'new', 'the page was not loaded anew')
    t.same(gateway.sessions.getByUid('kept'), [session])
    await page.evaluate('game.close()')
    await until('its session has ended', () => gateway.sessions.getByUid('kept').length === 0)
    await page.close()
  })

  t.test('a page that is closed has said goodbye', async t => {
    const { sessionsDetached } = gateway.metrics()
    const page = await open('gone')
    await page.close({ runBeforeUnload: true })
    await until('its session has ended', () => gateway.sessions.getByUid('gone').length === 0)
    t.equal(gateway.metrics().sessionsDetached, sessionsDetached)
  })
})

t.test(
  'a page that keeps its place has its session again after a reload',
  { skip: whyNoBrowser() },
  async t => {
    const browser = await startBrowser(t)
    const { gateway } = await startGateway(t, handlers, { workers: 1, onHttpRequest })
    const url = `${gateway.url.replace('ws:', 'http:')}/keeping`
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${url}?red`)
    await page.waitForFunction("document.title === 'new'")
    const [session] = gateway.sessions.getByUid('red')

    t.test('no event is lost and none comes twice, though many are in flight at each reload', async t => {
      let sent = 0
      for (let reload = 0; reload < 5; reload++) {
        for (let n = 0; n < 200; n++) gateway.send('red', 'tick', sent++)
        const reloaded = page.reload()
        for (let n = 0; n < 20; n++) gateway.send('red', 'tick', sent++)
        await reloaded
        await page.waitForFunction("document.title === 'resumed'")
      }
      await page.waitForFunction(`JSON.parse(localStorage.getItem('heard red')).length >= ${sent}`)
      await page.evaluate("game.request('player.seen')")
      const heard = await page.evaluate("JSON.parse(localStorage.getItem('heard red'))")
      t.same(
        heard,
        Array.from({ length: sent }, (_, n) => n)
      )
      t.same(gateway.sessions.getByUid('red'), [session])
      t.match(gateway.metrics(), { sessionsOpened: 1, sessionsResumed: 5 })
    })

    t.test('a tab with a copy of its storage has a session of its own, and both keep theirs', async t => {
      const opened = context.waitForEvent('page')
      await page.evaluate(`void open('${url}?blue')`)
      const copy = await opened
      await copy.waitForFunction("document.title === 'new'")
      t.equal(gateway.metrics().sessions, 2)
      for (const each of [page, copy, page]) {
        await each.reload()
        await each.waitForFunction("document.title === 'resumed'")
      }
      t.same(await Promise.all([page, copy].map(each => each.evaluate('game.state'))), ['open', 'open'])
      t.same(gateway.sessions.getByUid('red'), [session])
      t.equal(gateway.sessions.getByUid('blue').length, 1)
      t.match(gateway.metrics(), { sessions: 2, sessionsOpened: 2, sessionsResumed: 8 })
    })

    t.test('the way through another page and back keeps the session, and a close ends it', async t => {
      await page.goto(url.replace('keeping', 'elsewhere'))
      await until('it is away', () => gateway.metrics().detachedSessions === 1)
      gateway.send('red', 'tick', 'meanwhile')
      await page.goto(`${url}?red`)
      await page.waitForFunction("JSON.parse(localStorage.getItem('heard red')).at(-1) === 'meanwhile'")
      t.equal(await page.title(), 'resumed')
      t.same(gateway.sessions.getByUid('red'), [session])
      t.equal(await page.evaluate('sessionStorage.length'), 0)
      await page.evaluate('game.close()')
      await until('its session has ended', () => gateway.sessions.getByUid('red').length === 0)
      await page.reload()
      await page.waitForFunction("document.title === 'new'")
    })
  }
)
