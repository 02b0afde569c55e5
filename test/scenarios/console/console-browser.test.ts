/** The console in a real browser: one gateway and one page for all tests, which follow each other. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startBrowser, whyNoBrowser } from '../../helpers/browser.js'
import { startGateway } from '../../helpers/gateway.js'
import { Player } from '../../helpers/player.js'
import { until } from '../../helpers/until.js'

const token = 'a token that only the tests know'

/** Views that need no more than the gateway itself, with what they show once they have read it. */
const views: Readonly<Record<string, string>> = {
  overview: 'All is well.',
  sessions: 'No session is found.',
  workers: 'Worker 0',
  routes: 'score.add',
  'routes/score.add': 'Call it in the playground',
  log: 'Pause',
  'log/changes': 'login',
  playground: 'Call a route'
}

/** Opens a view by its address. */
async function open(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${view}'`)
}

function confirm(page: Page, name: string): Promise<void> {
  return page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
}

async function connectAs(t: Test, url: string, uid: string): Promise<Player> {
  const player = await Player.connect(`${url}/?uid=${uid}`)
  t.teardown(() => player.leave())
  return player
}

/** Opens the session of a user, found by the search. */
async function openSessionOf(page: Page, uid: string): Promise<void> {
  await open(page, 'sessions')
  await page.getByRole('searchbox', { name: 'Search' }).fill(uid)
  await page.getByRole('row').filter({ hasText: uid }).getByRole('link').click()
  await page.getByRole('heading', { level: 2, name: uid }).waitFor()
}

t.test('the console', { skip: whyNoBrowser() }, async t => {
  const { gateway } = await startGateway(t, 'schema', {
    workers: 1,
    internalPort: 'auto',
    consoleToken: token,
    authenticate: ({ url }) => ({
      accept: true,
      uid: new URL(url, 'http://x').searchParams.get('uid'),
      settings: { score: 7 }
    })
  })
  const { url } = gateway.console!
  const browser = await startBrowser(t)
  const page = await browser.newPage({ viewport: { width: 1_400, height: 900 }, acceptDownloads: true })
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    // A refused call is an error to the browser; those that a test makes on purpose are none here.
    if (message.type() === 'error' && !/status of (401|404)/.test(message.text()))
      complaints.push(message.text())
  })

  await t.test('a wrong token is refused in words, and a right one is kept by the browser', async t => {
    await page.goto(url)
    const field = page.getByLabel('Token')
    await field.fill('a wrong one')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: /token/i }).waitFor()
    t.equal(await field.getAttribute('aria-invalid'), 'true')
    t.notOk(await page.getByRole('link', { name: 'Sessions' }).isVisible())
    await field.fill(token)
    await page.keyboard.press('Enter')
    await page.getByText('All is well.').waitFor()
    await page.reload()
    await page.getByText('All is well.').waitFor()
    await page.getByText(gateway.options.frontendId, { exact: true }).waitFor()
  })

  for (const width of [360, 1_400])
    await t.test(`each view at ${width} px: nothing is wider than the window, all has a name`, async t => {
      await page.setViewportSize({ width, height: 740 })
      for (const [view, text] of Object.entries(views)) {
        await open(page, view)
        await page.locator('main').getByText(text).first().waitFor()
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, view)
        const nameless = await page.evaluate(`
          [...document.querySelectorAll('input, select, textarea')].filter(each => each.labels.length === 0)
            .concat([...document.querySelectorAll('button, a')].filter(each =>
              each.textContent.trim() === '' && each.ariaLabel === null)).map(each => each.outerHTML)`)
        t.same(nameless, [], `${view}: each control has a name`)
      }
      t.equal(await page.locator('html').getAttribute('lang'), 'en')
      t.same(complaints, [])
    })

  await t.test('a long name or line takes no place from others; names in backticks are code', async t => {
    await open(page, 'routes')
    const cell = page.getByRole('cell', { name: 'offered' }).first()
    await cell.waitFor()
    await page.evaluate(`document.querySelector('td a').textContent = 'a.long'.repeat(50)`)
    const { height = 0 } = (await cell.locator('.state').boundingBox()) ?? {}
    t.ok(height > 0 && height < 30, 'the state stays in one line')
    await open(page, 'log')
    await page.locator('.log .message').first().waitFor()
    const lineHeight = await page.evaluate(`(() => {
      const line = document.querySelector('.log .message')
      line.textContent = 'a line\\n'.repeat(200)
      return line.clientHeight
    })()`)
    t.ok((lineHeight as number) < 300, 'a long line scrolls')
    await open(page, 'overview')
    for (const width of [360, 800, 1_400]) {
      await page.setViewportSize({ width, height: 740 })
      const inRows = await page.evaluate(`Object.values(Object.groupBy(
        document.querySelectorAll('.tiles > div'), tile => tile.offsetTop)).map(row => row.length)`)
      t.equal(new Set(inRows as number[]).size, 1, `the tiles fill their rows at ${width} px`)
    }
    t.equal(
      await page.evaluate(`import('./parts/dom.js').then(({ create, markCode }) =>
      create('p', {}, ...markCode('See \`a<b>\`.')).innerHTML)`),
      'See <code>a&lt;b&gt;</code>.'
    )
  })

  await t.test('the charts are drawn, and their figures are there as a table', async t => {
    await open(page, 'overview')
    await page.locator('.chart canvas').nth(5).waitFor()
    t.equal(await page.locator('.chart').count(), 6)
    await page.getByText('The figures of the charts, as a table').click()
    await page.getByRole('rowheader', { name: 'Run time of requests: p99' }).waitFor()
    t.same(complaints, [])
  })

  await t.test('a kick reaches the client, with its reason', async t => {
    const player = await connectAs(t, gateway.url, 'ann')
    await player.request('score.add', { points: 3 })
    await openSessionOf(page, 'ann')
    const settings = page.getByRole('table', { name: 'Settings' })
    await settings.getByRole('row').filter({ hasText: 'score' }).filter({ hasText: '10' }).waitFor()
    await settings.getByRole('cell', { name: 'score.add' }).waitFor()
    const kick = page.getByRole('button', { name: 'Kick …' })
    await kick.click()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Kick …', 'the focus goes back')
    t.equal(player.ws.readyState, player.ws.OPEN, 'a question that is cancelled changes nothing')
    await page.keyboard.press('Enter')
    await page.getByLabel('Reason').fill('Come back tomorrow.')
    await page.keyboard.press('Enter')
    const { reason } = await player.closed
    t.equal(reason, 'Come back tomorrow.')
    await page.getByText(/has ended/).waitFor()
    t.equal(await page.evaluate('document.activeElement.id'), 'main', 'the focus is not lost with the button')
    await open(page, 'log/changes')
    await page.getByRole('row').filter({ hasText: 'kick' }).filter({ hasText: 'ann' }).waitFor()
  })

  await t.test('a session can be unbound, and goes on', async t => {
    const player = await connectAs(t, gateway.url, 'bea')
    await openSessionOf(page, 'bea')
    await page.getByRole('button', { name: 'Unbind …' }).click()
    await confirm(page, 'Unbind')
    await page.getByText('no user', { exact: true }).waitFor()
    t.equal(gateway.metrics().users, 0)
    t.match(await player.request('score.add', { points: 1 }), { score: 8 })
  })

  await t.test('in the playground a form makes a request; replies, errors and events are shown', async t => {
    await open(page, 'routes/score.add')
    await page.getByRole('link', { name: 'Call it in the playground' }).click()
    t.equal(await page.getByLabel('Address', { exact: true }).inputValue(), gateway.url)
    const log = page.getByRole('log')
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await log.getByText(/^Connected in [\d.]+ ms/).waitFor()
    await page.getByLabel('points').fill('4')
    await page.getByRole('button', { name: 'Request' }).click()
    await log.getByText('"score": 11').or(log.getByText('"score":11')).waitFor()
    await page.getByRole('button', { name: 'JSON' }).click()
    t.same(JSON.parse(await page.getByLabel('Body, as JSON').inputValue()), { points: 4, note: 'none' })
    await page.getByLabel('Body, as JSON').fill('{"points":')
    await page.keyboard.press('Control+Enter')
    await page.getByText('The body is not JSON').waitFor()
    await page.getByLabel('Body, as JSON').fill('{"points":0}')
    await page.keyboard.press('Control+Enter')
    await log.getByText('BODY_INVALID').waitFor()
    gateway.broadcast('news', '<b id=bold>')
    await log.getByText('news').waitFor()
    t.equal(await page.locator('#bold').count(), 0, 'what comes is shown as text')
    t.same(complaints, [])
  })

  await t.test('a player who is cut off stays away until it is resumed, and misses nothing', async t => {
    const log = page.getByRole('log')
    await page.getByRole('button', { name: 'Cut', exact: true }).click()
    await log.getByText('Cut. The session waits in the gateway.').waitFor()
    await until('its session is detached', () => gateway.metrics().detachedSessions === 1)
    gateway.broadcast('missed', 1)
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await log.getByText('Connected again, with the same session.').waitFor()
    await log.getByText('missed').waitFor()
    t.equal(gateway.metrics().sessionsResumed, 1)
  })

  await t.test('a player who reads slowly gets the events one after the other', async t => {
    await page.getByLabel('The client reads').selectOption({ label: 'slowly: 5 messages a second' })
    const events = page.getByRole('log').getByRole('listitem').filter({ hasText: 'drip' })
    const counts: number[] = []
    for (let i = 0; i < 6; i++) gateway.broadcast('drip', i)
    let isDone = false
    const all = events
      .nth(5)
      .waitFor()
      .finally(() => {
        isDone = true
      })
    while (!isDone) counts.push(await events.count())
    await all
    t.ok(new Set(counts).size > 2, `they come in several steps: ${[...new Set(counts)]}`)
    await page.getByRole('button', { name: 'Disconnect' }).click()
    await page.getByText('Not connected', { exact: true }).waitFor()
    await open(page, 'overview')
    await open(page, 'playground')
    t.equal(await events.count(), 6, 'the playground is as it was when one comes back')
  })

  await t.test('a worker is restarted, and a profile of it is saved', async t => {
    await open(page, 'workers')
    const worker = page.getByRole('region', { name: 'Worker 0' })
    const saved = page.waitForEvent('download')
    await worker.getByRole('button', { name: 'CPU profile' }).click()
    const profile = JSON.parse(readFileSync(await (await saved).path(), 'utf8'))
    t.ok(Array.isArray(profile.nodes))
    await worker.getByRole('button', { name: 'Restart …' }).click()
    await confirm(page, 'Restart')
    await until('another worker is up', () => gateway.metrics().workersStarted === 2)
    await worker.getByText(/restarted from the console/).waitFor()
  })

  await t.test('the log shows its lines, filtered by text and level', async t => {
    const line = (n: number, message: string) => ({ n, at: 0, level: 'warn', message, fields: { sid: '7' } })
    await page.route('**/api/log?**', (route, request) => {
      const query = new URL(request.url()).searchParams
      const isFirst = !query.has('after')
      const isSearched = query.get('text') === 'two' && query.get('level') === 'error'
      const lines = isFirst ? [line(1, 'one'), line(2, 'two')].slice(isSearched ? 1 : 0) : [line(3, 'three')]
      const last = isFirst ? 2 : 3
      return route.fulfill({ json: { lines: query.get('after') === '3' ? [] : lines, last, missed: 0 } })
    })
    await open(page, 'log')
    const lines = page.getByRole('list', { name: 'Lines of the log' }).getByRole('listitem')
    await lines.nth(2).waitFor()
    const texts = await lines.locator('.message').allTextContents()
    t.same(texts, ['three sid=7', 'two sid=7', 'one sid=7'], 'the newest is on top, and none comes twice')
    await page.getByLabel('Level').selectOption('error')
    await page.getByRole('searchbox', { name: 'Text' }).fill('two')
    await page.getByText('one sid=7').waitFor({ state: 'detached' })
    await lines.filter({ hasText: 'two' }).waitFor()
    await page.unroute('**/api/log?**')
  })

  await t.test('the keyboard is enough, and the focus is where one goes on', async t => {
    await open(page, 'overview')
    await page.reload()
    await page.getByText('All is well.').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    t.equal(await page.evaluate('document.activeElement.id'), 'main', 'the first link skips the frame')
    await page.getByRole('link', { name: 'Sessions' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Sessions' }).waitFor()
    t.equal(await page.evaluate('document.activeElement.id'), 'main')
    t.equal(await page.getByRole('link', { name: 'Sessions' }).getAttribute('aria-current'), 'page')
    await page.goBack()
    await page.getByText('All is well.').waitFor()
  })

  await t.test('the colours are those of the system, or those that were chosen', async t => {
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    await page.emulateMedia({ colorScheme: 'dark' })
    t.equal(await ground(), 'rgb(20, 25, 23)')
    const theme = page.getByRole('button', { name: /^Colours: / })
    await theme.click()
    t.equal(await theme.getAttribute('aria-label'), 'Colours: light')
    t.equal(await ground(), 'rgb(243, 245, 242)')
    await page.reload()
    await page.getByText('All is well.').waitFor()
    t.equal(await ground(), 'rgb(243, 245, 242)', 'also at the next visit')
  })

  await t.test('a page that is hidden asks for nothing, and goes on when it is seen', async t => {
    const show = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))`)
    await page.waitForResponse(/api\/overview/)
    await show(true)
    let asked = 0
    page.on('request', () => asked++)
    await page.clock.install()
    await page.clock.runFor(60_000)
    t.equal(asked, 0)
    const answer = page.waitForResponse(/api\/overview/)
    await show(false)
    await answer
    await page.reload()
  })

  await t.test('where the gateway is silent, the page says so, and goes on by itself', async () => {
    await page.route('**/api/**', route => route.abort())
    await page.getByText(/No answer since/).waitFor()
    await page.unroute('**/api/**')
    await page.getByText(/^Well, up/).waitFor()
    complaints.length = 0
  })

  await t.test(
    'a gateway that has forgotten the login is logged in to again; else the page asks',
    async () => {
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByLabel('Token').fill(token)
      await page.keyboard.press('Enter')
      await page.getByText('All is well.').waitFor()
      const again = page.waitForResponse(/api\/login/)
      await page.context().clearCookies()
      await again
      await page.getByText(/^Well, up/).waitFor()
      await page.reload()
      await page.context().clearCookies()
      await page.getByLabel('Token').waitFor()
    }
  )

  await t.test('a console that is read-only says so, and offers no change', async t => {
    await page.route('**/api/login', async route => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: { ...(await answer.json()), readOnly: true } })
    })
    await page.goto(`${url}#token=${encodeURIComponent(token)}`)
    await page.getByText('Read-only', { exact: true }).waitFor()
    t.notMatch(page.url(), /token/, 'a token in the address is taken out of it')
    await open(page, 'workers')
    await page.getByRole('button', { name: 'Restart …' }).waitFor()
    for (const button of await page.locator('main').getByRole('button').all())
      t.ok(await button.isDisabled(), (await button.textContent())!)
  })
})
