/** Views of the console in a real browser, where gateways are silent, restart, or tell of the unusual. */
import type { Page } from 'playwright-core'
import t from 'tap'
import { startBrowser, whyNoBrowser } from '../../helpers/browser.js'
import { type Body, client, token, untilAsync } from '../../helpers/console-client.js'
import { startGateway } from '../../helpers/gateway.js'

/** Opens a view by its address. */
async function open(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${view}'`)
}

/** Presses Enter where the focus is. Returns whether the page leaves it to the browser. */
function press(page: Page, init: string): Promise<unknown> {
  return page.evaluate(`document.activeElement.dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', cancelable: true, bubbles: true, ${init} }))`)
}

t.test('in Chromium', { skip: whyNoBrowser() }, async t => {
  const { gateway, connect } = await startGateway(t, 'schema', { internalPort: 'auto', consoleToken: token })
  const { url } = gateway.console!
  const browser = await startBrowser(t)
  const page = await browser.newPage({ viewport: { width: 1_400, height: 900 } })
  page.setDefaultTimeout(20_000)
  page.on('pageerror', error => t.fail(String(error)))
  await page.goto(`${url}#token=${encodeURIComponent(token)}`)
  await page.getByText('All is well.').waitFor()

  await t.test('a session of a silent gateway is not shown as ended, and is shown again later', async t => {
    await connect()
    const [{ sid }] = (await client(url).get('api/sessions')).body.sessions
    const message = 'These gateways did not answer: b. The session may be there.'
    await open(page, `sessions/${sid}`)
    const kick = page.getByRole('button', { name: 'Kick …' })
    await page.getByText('connected', { exact: true }).waitFor()
    await page.route(`**/api/sessions/${sid}`, route =>
      route.fulfill({ status: 504, json: { error: { code: 'GATEWAY_SILENT', message } } })
    )
    await page.getByRole('alert').filter({ hasText: message }).waitFor()
    t.notOk(await kick.isDisabled())
    await page.unroute(`**/api/sessions/${sid}`)
    await page.getByText(message).waitFor({ state: 'detached' })
    t.notOk(await kick.isDisabled())
  })

  await t.test('an Enter that ends a word of an input method answers no question', async t => {
    const [{ sid }] = (await client(url).get('api/sessions')).body.sessions
    await open(page, `sessions/${sid}`)
    await page.getByRole('button', { name: 'Kick …' }).click()
    const field = page.getByLabel('Reason')
    await field.fill('ちーと')
    t.equal(await press(page, 'isComposing: true'), true, 'it is left to the input method')
    t.equal(await press(page, 'keyCode: 229'), true, 'as Safari says it')
    t.ok(await page.getByRole('dialog').isVisible())
    t.equal(gateway.sessions.getSessionsCount(), 1)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await open(page, 'playground')
    const other = await browser.newPage()
    await other.goto(gateway.url.replace('ws:', 'http:'))
    for (const [each, body] of [
      [page, page.getByLabel('Body, as JSON')],
      [other, other.locator('#body')]
    ] as const) {
      await body.focus()
      t.equal(await press(each, 'ctrlKey: true, isComposing: true'), true, 'nor does it send a request')
      t.equal(await press(each, 'ctrlKey: true, keyCode: 229'), true)
      t.equal(await press(each, 'ctrlKey: true'), false)
    }
    await other.close()
  })

  await t.test('a place has one card, and tells of the worker that finishes its requests there', async t => {
    const retiring = { state: 'retiring', id: 77, requests: 2, busy: { active: 9, total: 99_999 } }
    const add = ({ workers: [worker], ...rest }: Body) => ({
      ...rest,
      workers: [worker, { ...worker, ...retiring }]
    })
    await page.route(/api\/(workers|overview)$/, async route => {
      const response = await route.fetch()
      await route.fulfill({ response, json: add(await response.json()) })
    })
    await open(page, 'workers')
    const card = page.getByRole('region', { name: 'Worker 0' })
    await card.getByText('The worker before it (thread 77) finishes 2 requests.').waitFor()
    t.equal(await page.getByRole('region', { name: /^Worker/ }).count(), 1)
    await page.getByText('1 of 1 up.').waitFor()
    await card.getByText('up', { exact: true }).waitFor()
    t.notOk(await card.getByRole('button', { name: 'Restart …' }).isDisabled())
    t.notMatch(await card.textContent(), /-\d/, 'no share is negative')
    await open(page, 'overview')
    await page.waitForResponse(/api\/overview/)
    const tile = page.locator('.tiles > div').filter({ hasText: 'Workers up' })
    await tile.getByText('1 of 1', { exact: true }).waitFor()
    await page.unroute(/api\/(workers|overview)$/)
  })

  await t.test('the log of a gateway that was started anew follows the lines from before', async t => {
    const line = (start: string, n: number) => ({
      n,
      at: 0,
      level: 'info',
      message: `${start} ${n}`,
      fields: {}
    })
    let start = 'first'
    await page.route('**/api/log?**', (route, request) => {
      const after = Number(new URL(request.url()).searchParams.get('after') ?? 0)
      const lines = [1, 2, 3].filter(n => n > after).map(n => line(start, n))
      return route.fulfill({ json: { start, lines, last: 3, missed: 0 } })
    })
    await open(page, 'log')
    const lines = page.getByRole('list', { name: 'Lines of the log' }).getByRole('listitem')
    await lines.nth(2).waitFor()
    start = 'second'
    await lines.nth(6).waitFor()
    const texts = await lines.allTextContents()
    t.same(
      texts.map(text => /\w+ \d$|^The gateway.*/.exec(text)?.[0]),
      ['second 3', 'second 2', 'second 1', 'The gateway was started anew.', 'first 3', 'first 2', 'first 1']
    )
    await page.unroute('**/api/log?**')
  })

  await t.test('a player who is cut off stays away although the page is seen again', async t => {
    await open(page, 'playground')
    const log = page.getByRole('log')
    const address = page.getByLabel('Address', { exact: true })
    await untilAsync(async () => (await address.inputValue()) !== '')
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await log.getByText(/^Connected in [\d.]+ ms/).waitFor()
    await page.evaluate(`{
      const Thread = Worker
      globalThis.threads = 0
      globalThis.Worker = function (...given) {
        globalThis.threads++
        return new Thread(...given)
      }
    }`)
    const threads = () => page.evaluate('threads')
    await page.getByRole('button', { name: 'Cut', exact: true }).click()
    await log.getByText('Cut. The session waits in the gateway.').waitFor()
    await page.evaluate(`
      document.dispatchEvent(new Event('visibilitychange'))
      dispatchEvent(new Event('online'))
      new Promise(resolve => setTimeout(resolve))`)
    t.equal(await threads(), 0, 'no socket is made')
    await page.getByText('Cut', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await log.getByText('Connected again, with the same session.').waitFor()
    t.equal(await threads(), 1)
    await page.getByRole('button', { name: 'Disconnect' }).click()
  })

  await t.test('what a schema does not say can be written as JSON', async t => {
    const shape = (schema: object) =>
      page.evaluate(`import('./player/schema-form.js').then(({ createSchemaForm }) => {
        const form = createSchemaForm(${JSON.stringify(schema)})
        return form && [...form.element.querySelectorAll('input, textarea')].map(each => each.placeholder)
      })`)
    const object = (properties: unknown, more = {}) => ({ type: 'object', properties, ...more })
    t.same(await shape(object({ name: { type: 'string' }, any: true, none: false, nil: null })), [
      '',
      'JSON',
      'JSON',
      'JSON'
    ])
    t.same(
      await shape(object({ a: { $ref: '#/$defs/%' }, b: { $ref: '#/$defs/b' } }, { $defs: { b: true } })),
      ['JSON', 'JSON']
    )
    t.same(await shape(object({ a: object(true), b: object({}) }, { required: true })), ['JSON', 'JSON'])
    for (const schema of [object(true), object(null), { enum: 7 }, { $ref: '#/a', a: true }])
      t.equal(await shape(schema), undefined, JSON.stringify(schema))
  })
})
