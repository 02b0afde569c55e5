/** Logging in to the console in a real browser: proxies, several gateways, restarts and links. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startBrowser, whyNoBrowser } from '../../helpers/browser.js'
import { client, token } from '../../helpers/console-client.js'
import { type RunningGateway, startGateway } from '../../helpers/gateway.js'

function start(t: Test, consoleToken = token): Promise<RunningGateway> {
  return startGateway(t, 'schema', { internalPort: 0, consoleToken })
}

function linkOf({ gateway }: RunningGateway, consoleToken = token): string {
  return `${gateway.console!.url}#token=${encodeURIComponent(consoleToken)}`
}

/** Opens a page of a browser that knows nothing yet. An error that the page does not catch fails the test. */
async function openPage(t: Test, browser: Browser): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', error => t.fail(String(error)))
  return page
}

function loginsOf({ lines }: RunningGateway): number {
  return lines.filter(({ fields }) => fields['action'] === 'login').length
}

/** Serves the console below another path. Returns its URL there. */
async function startProxy(t: Test, target: string): Promise<string> {
  const { hostname, port } = new URL(target)
  const proxy = createServer((incoming, answer) => {
    const { method, headers } = incoming
    const path = incoming.url!.replace(/^\/ops\/g1\//, '/console/')
    const forwarded = request({ hostname, port, path, method, headers }, response => {
      answer.writeHead(response.statusCode!, response.headers)
      response.pipe(answer)
    })
    forwarded.once('error', () => answer.destroy())
    incoming.pipe(forwarded)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/ops/g1/`
}

t.test('in Chromium', { skip: whyNoBrowser() }, async t => {
  const browser = await startBrowser(t)

  await t.test('a proxy may serve the console below a path of its own', async t => {
    const running = await start(t)
    const page = await openPage(t, browser)
    const url = await startProxy(t, running.gateway.console!.url)
    await page.goto(`${url}#token=${encodeURIComponent(token)}`)
    await page.getByText('All is well.').waitFor()
    await page.reload()
    await page.getByText('All is well.').waitFor()
    t.equal(loginsOf(running), 1)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Token').waitFor()
    await page.reload()
    await page.getByLabel('Token').waitFor()
  })

  await t.test('a browser that keeps no cookies is told so, and logs nobody else out', async t => {
    const running = await start(t)
    const { url } = running.gateway.console!
    const login = await client(url, {}).post('api/login', { token })
    const other = client(url, { cookie: login.headers.get('set-cookie')!.split(';')[0]! })
    const page = await openPage(t, browser)
    await page.route('**/api/login', async route => {
      const response = await route.fetch()
      const { 'set-cookie': _, ...headers } = response.headers()
      await route.fulfill({ response, headers })
      await page.context().clearCookies()
    })
    await page.goto(linkOf(running))
    await page.getByRole('alert').filter({ hasText: 'the browser keeps no cookie' }).waitFor()
    // Beside those of the other and by the link: one for each call that began behind an earlier one.
    t.ok(loginsOf(running) <= 6, `${loginsOf(running)} logins`)
    t.equal((await other.get('api/me')).status, 200)
  })

  await t.test('two gateways of the same name are open in one browser', async t => {
    const gateways = [await start(t, 'the token of the first'), await start(t, 'the token of the second')]
    const page = await openPage(t, browser)
    const other = await page.context().newPage()
    await page.goto(linkOf(gateways[0]!, 'the token of the first'))
    await page.getByText('All is well.').waitFor()
    await other.goto(linkOf(gateways[1]!, 'the token of the second'))
    await other.getByText('All is well.').waitFor()
    for (const each of [page, other]) {
      await each.reload()
      await each.getByText('All is well.').waitFor()
    }
    t.same(gateways.map(loginsOf), [1, 1])
  })

  await t.test('a login again that meets a 503 is tried again later', async t => {
    const running = await start(t)
    const page = await openPage(t, browser)
    await page.goto(linkOf(running))
    await page.getByText('All is well.').waitFor()
    let tries = 0
    await page.route('**/api/login', route =>
      ++tries === 1 ? route.fulfill({ status: 503, body: '' }) : route.continue()
    )
    await page.context().clearCookies()
    await page.getByText(/No answer since/).waitFor()
    await page.getByText(/^Well, up/).waitFor()
    t.same([tries, loginsOf(running)], [2, 2])
  })

  await t.test('a token that is wrong after a restart is asked for', async t => {
    const running = await start(t)
    const page = await openPage(t, browser)
    await page.goto(linkOf(running))
    await page.getByText('All is well.').waitFor()
    await page.route('**/api/login', route =>
      route.fulfill({ status: 401, json: { error: { code: 'UNAUTHORIZED', message: 'A wrong one' } } })
    )
    await page.context().clearCookies()
    await page.getByLabel('Token').waitFor()
  })

  await t.test('a link with the token logs in where the console is open already', async t => {
    const running = await start(t)
    const page = await openPage(t, browser)
    await page.goto(running.gateway.console!.url)
    await page.getByLabel('Token').waitFor()
    await page.evaluate(`location.hash = '#token=${encodeURIComponent(token)}'`)
    await page.getByText('All is well.').waitFor()
    t.notMatch(page.url(), /token/, 'it is taken out of the address')
    const answered = page.waitForResponse(/api\/login/)
    await page.evaluate(`location.hash = '#token=${encodeURIComponent(token)}'`)
    await answered
    await page.getByText('All is well.').waitFor()
    t.notMatch(page.url(), /token/)
    t.equal(loginsOf(running), 2)
  })

  await t.test('an address that can not be decoded is taken as it is', async t => {
    const running = await start(t, '100%25%sure-it-is-a-token')
    const page = await openPage(t, browser)
    await page.goto(`${running.gateway.console!.url}#token=100%25%sure-it-is-a-token`)
    await page.getByText('All is well.').waitFor()
    for (const [view, title] of [
      ['sessions', 'Session 100%'],
      ['routes', '100%'],
      ['playground', 'Playground']
    ]) {
      await page.evaluate(`location.hash = '#/${view}/100%'`)
      await page.getByRole('heading', { level: 2, name: title! }).waitFor()
    }
  })
})
