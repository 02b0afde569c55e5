/** The chat's page in real browser windows. */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { onHttpRequest } from '../../examples/chat/http.js'
import { createGateway, type Gateway } from '../../gateway/index.js'
import { startBrowser, whyNoBrowser } from '../helpers/browser.js'
import { ChatWindow, eventually } from '../helpers/chat-window.js'
import { startGateway } from '../helpers/gateway.js'
import { fixture, root } from '../helpers/paths.js'
import { until } from '../helpers/until.js'

const handlers = join(root, 'dist/examples/chat/handlers')

async function start(t: Test, browser: Browser, count: number, resumeWindow = 60_000) {
  const { gateway } = await startGateway(t, handlers, { onHttpRequest, resumeWindow })
  const windows = await Promise.all(
    Array.from({ length: count }, () => ChatWindow.open(t, browser, gateway.url))
  )
  return { gateway, windows: windows as [ChatWindow, ChatWindow] }
}

/** Enters, and stops the clock of the page: the test decides how long its connection stays cut. */
async function pauseAfterEntering(window: ChatWindow): Promise<void> {
  const { page } = window
  await page.clock.install()
  await page.reload()
  await page.getByText('Connected', { exact: true }).waitFor()
  await window.enter('Red')
  await page.clock.pauseAt(Date.now() + 60_000)
}

/** Lets a page whose connection is cut come back when its session is over. */
async function comeBackTooLate(window: ChatWindow, gateway: Gateway): Promise<void> {
  await until('its session is over', () => gateway.metrics().sessions === 0)
  await window.page.clock.fastForward(3_000)
  await window.page.clock.resume()
  await window.sees(
    'Connected again. This is a new session: what was said meanwhile is missing, and you count from 0.'
  )
}

/** Sends a message, which may have to wait for the connection. */
async function send(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

t.test('in real browser windows', { skip: whyNoBrowser() }, async t => {
  const browser = await startBrowser(t)

  t.test('two windows chat: each sees the other come, write and go, and both see one scoreboard', async t => {
    const { windows } = await start(t, browser, 2)
    const [red, blue] = windows
    await red.enter('Red')
    await blue.enter('Blue')
    await red.sees('Blue has come in')
    await red.lists('Who is here', ['Blue', 'Red (you)'])
    await blue.lists('Who is here', ['Blue (you)', 'Red'])

    await blue.page.getByLabel('Message', { exact: true }).pressSequentially('Hel')
    await red.page.getByText('Blue is typing …').waitFor()
    await blue.say('Hello, Red')
    await red.sees('Hello, Red')
    t.equal(await red.page.locator('#typing').textContent(), '', 'who has written does not type')
    await red.say('Hello, Blue')
    await blue.sees('Hello, Blue')
    await red.say('How are you?')
    for (const window of windows) await window.lists('Scoreboard', ['Red 2', 'Blue 1'])

    await blue.page.getByRole('button', { name: 'Leave' }).click()
    await red.sees('Blue has gone')
    await red.lists('Who is here', ['Red (you)'])
    await blue.enter('Blue', 'Tower')
    await blue.lists('Who is here', ['Blue (you)'])
    for (const { complaints } of windows) t.same(complaints, [])
  })

  t.test('two people of one name are told apart by a tag and a colour, wherever they are named', async t => {
    const { gateway, windows } = await start(t, browser, 2)
    const [one, other] = windows
    await one.enter('Red')
    await one.lists('Who is here', ['Red (you)'])
    await other.enter('Red')
    const tags: string[] = []
    gateway.sessions.forEachSession(({ id }) => tags.push(`#${String(id).slice(-3)}`))
    await eventually(
      'both have a tag',
      async () =>
        (await one.page.getByRole('list', { name: 'Who is here' }).textContent())!.split('#').length === 3
    )
    t.match(await one.page.locator('.note').textContent(), /^Red #\d{3} has come in$/)
    await other.say('Hello')
    await one.sees('Hello')
    const ofMessage = await one.page.locator('.message .tag').textContent()
    t.ok(tags.includes(ofMessage!.trim()), ofMessage!)
    const colours = await one.page.locator('#people .name').evaluateAll(names =>
      names.map(name => {
        // biome-ignore lint/suspicious/noExplicitAny: this runs in the browser, whose types are not here
        return (globalThis as any).getComputedStyle(name).backgroundImage as string
      })
    )
    t.equal(new Set(colours).size, 2, colours.join(' and '))
  })

  for (const width of [360, 800, 1_400])
    t.test(
      `at ${width} px no button wraps, nothing is too wide, and what one writes stays in view`,
      async t => {
        const { windows } = await start(t, browser, 1)
        const [{ page }] = windows
        await page.setViewportSize({ width, height: 640 })
        // Not page.waitForFunction, which this page's Content-Security-Policy refuses from its second try on.
        const becomes = (what: string) => eventually(what, async () => Boolean(await page.evaluate(what)))
        await becomes(`innerWidth === ${width}`)
        await windows[0].enter('W'.repeat(24), 'M'.repeat(24))
        await page.locator('#people .name').waitFor()
        const leave = (await page.getByRole('button', { name: 'Leave' }).boundingBox())!
        const title = (await page.locator('#room-name').boundingBox())!
        t.ok(leave.height < 50, 'Leave has one line')
        t.ok(leave.y < title.y + title.height && leave.y + leave.height > title.y, 'and is beside the title')
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
        const [person] = await page
          .locator('#people .name')
          .evaluateAll(names =>
            names.map(name => [...name.getClientRects()].map(({ width }: { width: number }) => width))
          )
        t.ok(
          person!.every(part => part > 40),
          `no dot is alone on a line: ${person}`
        )
        const card = (await page.locator('.talk').boundingBox())!
        const form = (await page.locator('#say').boundingBox())!
        t.ok(form.y + form.height < card.y + card.height, 'the form is in its card')
        // A keyboard on the screen leaves a part of the window.
        await page.setViewportSize({ width, height: 320 })
        await becomes('innerHeight === 320')
        // The page follows the window in a frame of its own.
        const isInView = `(({ top, bottom }) => top >= 0 && bottom <= 320)(
          document.querySelector('#say input').getBoundingClientRect())`
        await t.resolves(becomes(isInView), 'the input is in view')
      }
    )

  t.test('a window that is closed is away for the others, and gone after the resume window', async t => {
    const { windows } = await start(t, browser, 2, 1_000)
    const [red, blue] = windows
    await red.enter('Red')
    await blue.enter('Blue')
    await red.lists('Who is here', ['Blue', 'Red (you)'])
    await blue.page.close()
    await red.sees('Blue is away')
    await red.sees('Blue has gone')
    await red.lists('Who is here', ['Red (you)'])
  })

  t.test(
    'a page that is loaded again goes on in its room, and the others see which person it is',
    async t => {
      const { gateway, windows } = await start(t, browser, 2)
      const [red, blue] = windows
      await red.enter('Same', 'Tower')
      await blue.enter('Same', 'Tower')
      await blue.say('Before')
      await red.sees('Before')
      await red.page.reload()
      await red.sees('In the same session again. What was said before this page was loaded is not shown.')
      const notes = blue.page.locator('.note')
      await notes.filter({ hasText: /^Same #\d{3} is away$/ }).waitFor()
      await notes.filter({ hasText: /^Same #\d{3} is back$/ }).waitFor()
      await red.page.getByRole('heading', { name: 'Tower', exact: true }).waitFor()
      t.equal(await red.page.getByRole('list', { name: 'Who is here' }).getByRole('listitem').count(), 2)
      await red.say('After')
      await blue.sees('After')

      await red.page.getByRole('button', { name: 'Leave' }).click()
      await red.page.getByRole('heading', { name: 'Enter a room' }).waitFor()
      await red.page.reload()
      await red.enter('Other', 'Tower')
      t.match(gateway.metrics(), { sessionsOpened: 2, sessionsResumed: 2 })
      for (const { complaints } of windows) t.same(complaints, [])
    }
  )

  t.test('HTML in a message is shown as it was written, and does nothing', async t => {
    const { windows } = await start(t, browser, 2)
    const [red, blue] = windows
    await red.enter('Red')
    await blue.enter('Blue')
    const text = '<img src=x onerror="document.title=1"><b>bold</b> & <script>document.title=2</script>'
    await red.say(text)
    await blue.sees(text)
    for (const { page, complaints } of windows) {
      t.equal(await page.getByRole('log').locator('img, b, script').count(), 0)
      t.equal(await page.title(), 'Lobby · Sallyport chat')
      t.same(complaints, [])
    }
  })

  t.test('in a small window the newest line is in view, and who has scrolled back stays there', async t => {
    const { windows } = await start(t, browser, 1)
    const [{ page }] = windows
    await page.setViewportSize({ width: 360, height: 560 })
    await windows[0].enter('Red')
    for (let line = 1; line <= 12; line++) await windows[0].say(`Line ${line}`)
    const log = page.getByRole('log')
    const isInView = async (text: string) => {
      const [outer, inner] = await Promise.all([
        log.boundingBox(),
        log.getByText(text, { exact: true }).boundingBox()
      ])
      return inner!.y >= outer!.y && inner!.y + inner!.height <= outer!.y + outer!.height
    }
    await eventually('the last line is in view', () => isInView('Line 12'))
    t.notOk(await isInView('Line 1'))
    await log.focus()
    await page.keyboard.press('Home')
    await eventually('the first line is in view', () => isInView('Line 1'))
    await windows[0].say('Line 13')
    t.ok(await isInView('Line 1'))
    t.notOk(await isInView('Line 13'))
  })

  t.test('what is refused is said beside the form, and the form stays', async t => {
    const { windows } = await start(t, browser, 1)
    const [{ page }] = windows
    await page.getByLabel('Your name').fill('<b>')
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.getByRole('alert').getByText('Your name has 1 to 24 letters').waitFor()
    t.equal(await page.getByLabel('Your name').inputValue(), '<b>')
    await page.getByLabel('Your name').fill('Red')
    await page.getByRole('combobox', { name: 'Room' }).fill('!!')
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.getByRole('alert').getByText("The room's name has 1 to 24 letters").waitFor()
  })

  t.test('the keyboard is enough: the name, Enter, a message, Enter', async t => {
    const { windows } = await start(t, browser, 1)
    const [{ page }] = windows
    await page.keyboard.press('Tab')
    await page.keyboard.type('Red')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Lobby' }).waitFor()
    await page.keyboard.type('By keyboard')
    await page.keyboard.press('Enter')
    await windows[0].sees('By keyboard')
    await windows[0].lists('Scoreboard', ['Red 1'])
    t.equal(await page.getByLabel('Message', { exact: true }).inputValue(), '', 'the next can be typed')
  })

  t.test(
    'when the gateway was away the page connects again by itself, enters again, and says so',
    async t => {
      const { gateway, windows } = await start(t, browser, 2)
      const [red, blue] = windows
      await red.enter('Red')
      await blue.enter('Blue')
      await red.say('Before')
      const { port } = gateway.address
      await gateway.close()
      await red.page.getByText('The connection is lost.').waitFor()
      const again = await createGateway({ handlers, port, workers: 1, logLevel: 'silent', onHttpRequest })
      t.teardown(() => again.close())
      for (const window of windows) {
        await window.page.getByText('Connected again. This is a new session').waitFor()
        await window.sees('Before')
        await window.lists('Who is here', window === red ? ['Blue', 'Red (you)'] : ['Blue (you)', 'Red'])
      }
      await red.say('After')
      await blue.sees('After')
      await blue.lists('Scoreboard', ['Red 1'])
    }
  )

  t.test('a cut connection is resumed: what was said meanwhile comes, by others and by oneself', async t => {
    const { gateway, windows } = await start(t, browser, 2)
    const [red, blue] = windows
    await red.page.setViewportSize({ width: 360, height: 640 })
    // The test decides how long the connection stays cut.
    await red.page.clock.install()
    await red.page.reload()
    await red.page.getByText('Connected', { exact: true }).waitFor()
    await red.enter('Red')
    await blue.enter('Blue')
    await blue.say('W'.repeat(400))
    await blue.say('Before')
    await red.sees('Before')
    await red.page.clock.pauseAt(Date.now() + 60_000)
    await red.page.getByRole('button', { name: 'Cut the connection' }).click()
    await red.page.getByText('The connection is lost. Coming back').waitFor()
    await blue.say('While Red was away')
    await red.page.getByLabel('Message', { exact: true }).fill('From the tunnel')
    await red.page.getByRole('button', { name: 'Send' }).click()
    const pending = red.page.locator('.pending')
    await pending
      .filter({ hasText: 'From the tunnel' })
      .filter({ hasText: 'Waits for the connection' })
      .waitFor()
    const below = await red.page
      .getByRole('log')
      .evaluate(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)
    t.ok(below < 2, 'what waits is in view')
    t.equal(await red.page.getByLabel('Message', { exact: true }).inputValue(), '', 'the next can be typed')
    await red.page.clock.fastForward(3_000)
    await red.page.clock.resume()
    await red.sees('Connected again, in the same session. What was said meanwhile follows.')
    for (const window of windows) await window.sees('From the tunnel')
    const lines = (await red.page.getByRole('log').locator('.text, .note').allTextContents()).slice(-4)
    t.same(lines, [
      'Before',
      'Connected again, in the same session. What was said meanwhile follows.',
      'While Red was away',
      'From the tunnel'
    ])
    t.equal(await pending.count(), 0)
    await red.lists('Who is here', ['Blue', 'Red (you)'])
    t.match(gateway.metrics(), { sessionsOpened: 2 })
    for (const { complaints } of windows) t.same(complaints, [])
  })

  t.test('what could not be sent since the session was lost stays, and the page says what to do', async t => {
    const { gateway, windows } = await start(t, browser, 1, 100)
    const [{ page }] = windows
    await pauseAfterEntering(windows[0])
    await page.getByRole('button', { name: 'Cut the connection' }).click()
    for (const text of ['One', 'Two', 'Three']) await send(page, text)
    await comeBackTooLate(windows[0], gateway)
    t.same(await page.locator('.unsent .text').allTextContents(), ['One', 'Two', 'Three'])
    const why = 'Not sent: the connection was lost meanwhile. Send it again.'
    t.same(await page.locator('.unsent .tag').allTextContents(), [why, why, why])
    t.equal(await page.getByRole('alert').and(page.locator('#say-error')).textContent(), why)
    t.equal(await page.getByLabel('Message', { exact: true }).inputValue(), 'One', 'which Enter sends again')
  })

  t.test('of a message that may have arrived the page does not say that it was not sent', async t => {
    const { gateway } = await startGateway(t, fixture('handlers-mute'), { onHttpRequest, resumeWindow: 100 })
    const window = await ChatWindow.open(t, browser, gateway.url)
    await pauseAfterEntering(window)
    await send(window.page, 'Hello')
    await window.page.locator('.pending').getByText('Sending …').waitFor()
    await window.page.getByRole('button', { name: 'Cut the connection' }).click()
    await comeBackTooLate(window, gateway)
    t.same(await window.page.locator('.unsent .tag').allTextContents(), [
      'The connection was lost. The others may have this message, or not.'
    ])
  })

  t.test('who comes in sees who is away', async t => {
    const { gateway, windows } = await start(t, browser, 2)
    const [red, blue] = windows
    await red.enter('Red')
    await red.page.clock.install()
    await red.page.clock.pauseAt(Date.now() + 60_000)
    await red.page.getByRole('button', { name: 'Cut the connection' }).click()
    await until('Red is away', () => gateway.metrics().detachedSessions === 1)
    await blue.enter('Blue')
    await blue.lists('Who is here', ['Blue (you)', 'Red (away)'])
  })

  t.test(
    'who comes and who goes while a room is entered is in the list, or not, when it is shown',
    async t => {
      const { gateway } = await startGateway(t, fixture('handlers-early'), { onHttpRequest })
      const window = await ChatWindow.open(t, browser, gateway.url)
      await window.enter('Red')
      await window.lists('Who is here', ['Blue', 'Red (you)'])
    }
  )

  t.test('a window whose session was ended on purpose says why, and does not come back', async t => {
    const { gateway, windows } = await start(t, browser, 1)
    await windows[0].enter('Red')
    gateway.sessions.kick('Red', 'Come back tomorrow.')
    await windows[0].page.getByText('has ended this session. Come back tomorrow. Reload').waitFor()
    await until('its connection has closed', () => gateway.metrics().connections === 0)
    t.equal(gateway.metrics().sessionsOpened, 1)
  })
})
