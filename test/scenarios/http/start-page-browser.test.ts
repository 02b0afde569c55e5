/** The start page in a real browser. */
import { createServer, request as send } from 'node:http'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Gateway, GatewayOptions } from '../../../gateway/index.js'
import { startBrowser, whyNoBrowser } from '../../helpers/browser.js'
import { startGateway } from '../../helpers/gateway.js'
import { root } from '../../helpers/paths.js'
import { until } from '../../helpers/until.js'

const handlers = join(root, 'dist/examples/score/handlers')

async function open(t: Test, browser: Browser, url: string, size = { width: 800, height: 800 }) {
  const page = await browser.newPage({ viewport: size })
  t.teardown(() => page.close())
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(url)
  const fill = async (route: string, body: string) => {
    await page.getByRole('combobox', { name: 'Route' }).fill(route)
    await page.getByRole('textbox', { name: 'Body' }).fill(body)
  }
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  return { page, complaints, fill, press }
}

async function start(t: Test, options: Partial<GatewayOptions> = {}) {
  const { gateway } = await startGateway(t, handlers, { workers: 1, ...options })
  return { gateway, url: gateway.url.replace('ws:', 'http:') }
}

/** Waits for an entry of the log with these texts, and returns it. */
async function sees(page: Page, ...texts: string[]) {
  let entry = page.getByRole('log').getByRole('listitem')
  for (const text of texts) entry = entry.filter({ hasText: text })
  await entry.first().waitFor()
}

/** Serves the gateway below `/game/`, as a proxy that takes this path away. Returns the address. */
async function serveBelowPath(t: Test, gateway: Gateway): Promise<string> {
  const { port } = gateway.address
  const proxy = createServer(({ url, headers }, response) => {
    const path = url!.startsWith('/game/') ? url!.slice('/game'.length) : '/elsewhere'
    send({ host: '127.0.0.1', port, path, headers }, answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    }).end()
  })
  proxy.on('upgrade', ({ url, rawHeaders }, socket) => {
    const target = connectSocket(port, '127.0.0.1')
    const lines = Array.from({ length: rawHeaders.length / 2 }, (_, i) => rawHeaders.slice(2 * i, 2 * i + 2))
    const head = [`GET ${url!.slice('/game'.length)} HTTP/1.1`, ...lines.map(line => line.join(': '))]
    target.write(`${head.join('\r\n')}\r\n\r\n`)
    target.pipe(socket).pipe(target)
    for (const each of [target, socket]) each.on('error', () => {})
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/game/`
}

t.test('in a real browser', { skip: whyNoBrowser() }, async t => {
  const browser = await startBrowser(t)

  t.test('it says what it is; a route answers, an error has its code, an event is shown', async t => {
    const { gateway, url } = await start(t)
    const { page, complaints, fill, press } = await open(t, browser, url)
    await page.getByRole('status').getByText('Connected', { exact: true }).waitFor()
    await page.getByText(/^gateway-1 · version [\d.]+ · 6 routes$/).waitFor()
    t.same(
      await page
        .locator('#routes option')
        .evaluateAll(options => options.map(option => option.getAttribute('value'))),
      gateway.routes.map(({ route }) => route)
    )
    await fill('score.add', '{"points":3}')
    await press('Request')
    await sees(page, 'score.add', '{"points":3}', 'reply', '{"score":3}')
    await fill('score.add', '')
    await press('Request')
    await sees(page, 'score.add', 'error', 'POINTS_INVALID', 'points must be a whole number')
    await fill('score.nope', '')
    await press('Request')
    await sees(page, 'score.nope', 'ROUTE_UNKNOWN')
    await fill('score.add', '{"points":4}')
    await press('Notify')
    await sees(page, 'notify', 'score.add', '{"points":4}')
    await fill('score.read', '')
    await press('Request')
    await sees(page, 'score.read', 'reply', '{"score":7}')
    const news = { text: '<b id=bold>', of: 12n, at: new Date(0), who: new Map([['a', 1]]) }
    gateway.broadcast('news', news, { richOnly: true })
    await sees(page, 'event', 'news', '<b id=bold>', '"12n"', '1970-01-01T00:00:00.000Z', '"Map"')
    t.equal(await page.locator('#bold').count(), 0, 'what comes is shown as text')
    await press('Clear')
    await page.getByLabel('Events', { exact: true }).uncheck()
    gateway.broadcast('news', 'hidden')
    await fill('score.read', '')
    await press('Request')
    await sees(page, 'score.read')
    t.equal(await page.getByRole('listitem').count(), 1, 'events can be left out')
    t.same(complaints, [])
  })

  t.test(
    'a body that is not JSON, and a missing route, are said beside their fields; nothing is sent',
    async t => {
      const { gateway, url } = await start(t)
      const { page, fill } = await open(t, browser, url)
      await page.getByText('Connected', { exact: true }).waitFor()
      await fill('', '{points:3}')
      await page.keyboard.press('Control+Enter')
      await page.getByRole('alert').getByText('The body is not JSON: ').waitFor()
      await page.getByRole('alert').getByText('Name a route').waitFor()
      t.equal(await page.locator('#body').getAttribute('aria-invalid'), 'true')
      t.equal(gateway.metrics().requests, 0)
      await fill('score.add', '{"points":3}')
      await page.keyboard.press('Control+Enter')
      await sees(page, '{"score":3}')
      t.equal(await page.getByRole('alert').filter({ hasText: /./ }).count(), 0)
    }
  )

  t.test('the keyboard is enough, and each field has a name', async t => {
    const { url } = await start(t)
    const { page } = await open(t, browser, url)
    await page.getByText('Connected', { exact: true }).waitFor()
    const names: string[] = []
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('Tab')
      names.push(
        (await page.evaluate('document.activeElement.id || document.activeElement.tagName')) as string
      )
    }
    t.same(names, ['connect', 'SUMMARY', 'route', 'body'])
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.type('score.read')
    await page.keyboard.press('Enter')
    await sees(page, 'score.read', '{"score":0}')
    const nameless = await page.evaluate(
      `[...document.querySelectorAll('input, textarea')].filter(each => each.labels.length === 0).length`
    )
    t.equal(nameless, 0)
  })

  t.test('it connects and disconnects, and says what became of the connection', async t => {
    const { gateway, url } = await start(t)
    const { page, fill, press } = await open(t, browser, url)
    await page.getByText('Connected', { exact: true }).waitFor()
    await press('Disconnect')
    await page.getByText('Not connected').waitFor()
    t.ok(await page.getByRole('button', { name: 'Request' }).isDisabled())
    await until('its session has ended', () => gateway.metrics().sessions === 0)
    await press('Connect')
    await page.getByText('Connected', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Disconnect' }).waitFor()
    await fill('profile.login', '{"name":"Red"}')
    await press('Request')
    await sees(page, 'profile.login', 'reply')
    await until('they are logged in', () => gateway.sessions.getByUid('Red').length === 1)
    gateway.sessions.kick('Red', 'Come back tomorrow.')
    await page.getByText('Not connected: Come back tomorrow.').waitFor()
    await gateway.close()
    await press('Connect')
    await sees(page, 'connect', 'CONNECT_FAILED')
  })

  t.test(
    'where the game asks who one is, the page asks first: by handshake data, or by the query',
    async t => {
      const asked: unknown[] = []
      const { url } = await start(t, {
        authenticate: ({ handshake, url }) => {
          const token = (handshake?.user as { token?: string } | undefined)?.token
          asked.push([token, url])
          return token === 'red' || url.includes('token=blue')
            ? { accept: true }
            : { accept: false, reason: 'who?' }
        }
      })
      const { page, fill, press } = await open(t, browser, url)
      await page.getByText('Not connected: the game asks who you are').waitFor()
      const data = page.getByLabel('Handshake data, as JSON')
      t.same(asked, [], 'it has not tried')
      await data.fill('{"token"')
      await press('Connect')
      await page.getByText('The handshake data is not JSON').waitFor()
      await data.fill('{"token":"green"}')
      await press('Connect')
      await sees(page, 'connect', 'HANDSHAKE_REFUSED', 'who?')
      await data.fill('{"token":"red"}')
      await press('Connect')
      await page.getByText('Connected', { exact: true }).waitFor()
      await fill('score.add', '{"points":1}')
      await press('Request')
      await sees(page, '{"score":1}')
      await press('Disconnect')
      await data.fill('')
      await page.getByLabel('Query of the address').fill('token=blue')
      await press('Connect')
      await page.getByText('Connected', { exact: true }).waitFor()
      t.same(asked, [
        ['green', '/'],
        ['red', '/'],
        [undefined, '/?token=blue']
      ])
    }
  )

  t.test('it works below a path of a proxy', async t => {
    const { gateway } = await start(t)
    const { page, complaints, fill, press } = await open(t, browser, await serveBelowPath(t, gateway))
    await page.getByText('Connected', { exact: true }).waitFor()
    await fill('score.add', '{"points":5}')
    await press('Request')
    await sees(page, '{"score":5}')
    t.same(complaints, [])
  })

  for (const width of [360, 800, 1_400])
    t.test(`at ${width} px nothing is wider than the window, and no button wraps`, async t => {
      const { gateway, url } = await start(t, { frontendId: 'a-long-name-of-a-gateway'.repeat(4) })
      const { page } = await open(t, browser, url, { width, height: 640 })
      await page.getByText('Connected', { exact: true }).waitFor()
      gateway.broadcast('x'.repeat(200), 'y'.repeat(2_000))
      await sees(page, 'yyy')
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
      for (const button of await page.getByRole('button').all()) {
        const { height } = (await button.boundingBox())!
        t.ok(height < 50, `${await button.textContent()}: ${height}`)
      }
    })
})
