/** The arena's page in real browser windows. */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { onHttpRequest } from '../../examples/arena/http.js'
import type { Gateway } from '../../gateway/index.js'
import { startBrowser, whyNoBrowser } from '../helpers/browser.js'
import { startGateway } from '../helpers/gateway.js'
import { root } from '../helpers/paths.js'

const handlers = join(root, 'dist/examples/arena/handlers')

/** Opens a separate window that has entered a room. */
async function enter(t: Test, browser: Browser, gateway: Gateway, name: string): Promise<Page> {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  page.on('pageerror', error => t.fail(String(error)))
  await page.goto(gateway.url.replace('ws:', 'http:'))
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Enter' }).click()
  await page.getByRole('heading', { name: 'North' }).waitFor()
  return page
}

/** Returns the position of a player in a window: across and down. */
async function where(page: Page, name: string): Promise<[x: number, y: number]> {
  const title = await page.getByRole('listitem').filter({ hasText: name }).getAttribute('title')
  return title!.replace('at ', '').split(', ').map(Number) as [number, number]
}

/** Waits for a condition that only the browser can check. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000
  while (!(await holds())) if (Date.now() > end) throw new Error(`Waited in vain until ${what}`)
}

t.test('in real browser windows', { skip: whyNoBrowser() }, async t => {
  const browser = await startBrowser(t)
  const { gateway } = await startGateway(t, handlers, { onHttpRequest })
  const [red, blue] = [await enter(t, browser, gateway, 'Red'), await enter(t, browser, gateway, 'Blue')]

  t.test('each sees the other run', async () => {
    await blue.getByText('Red: ').waitFor()
    const [before] = await where(blue, 'Red')
    const key = before > 400 ? 'ArrowLeft' : 'ArrowRight'
    await red.getByLabel(/The arena/).focus()
    await red.keyboard.down(key)
    await eventually('Blue sees Red run', async () => Math.abs((await where(blue, 'Red'))[0] - before) > 50)
    await red.keyboard.up(key)
  })

  t.test('a cut connection is resumed: the player never leaves the room', async t => {
    await red.getByRole('button', { name: 'Cut the connection' }).click()
    await red.getByText('The connection is lost. Coming back').waitFor()
    await red.getByText('Connected again, in the same session: you never left the room.').waitFor()
    await blue.getByText('Red: ').waitFor()
    t.match(gateway.metrics(), { sessionsResumed: 1, sessionsOpened: 2 })
  })

  t.test('when the worker ends, both windows say what happened, and are in the room again', async t => {
    await red.getByRole('button', { name: 'Crash the worker' }).click()
    for (const page of [red, blue]) {
      await page.getByText('The worker that kept this room has ended, and the room with it.').waitFor()
    }
    for (const page of [red, blue]) {
      await page.getByText('Red').and(page.getByRole('listitem')).waitFor()
      await page.getByText('Blue').and(page.getByRole('listitem')).waitFor()
    }
    t.match(gateway.metrics(), { sessions: 2, sessionsOpened: 2, workersLost: 1 })
  })
})
