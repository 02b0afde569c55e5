/** The arena's page in real browser windows. */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { onHttpRequest } from '../../examples/arena/http.js'
import { createGateway, type Gateway } from '../../gateway/index.js'
import { startBrowser, whyNoBrowser } from '../helpers/browser.js'
import { startGateway } from '../helpers/gateway.js'
import { fixture, root } from '../helpers/paths.js'

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

/** In a page: a promise for three ticks, each of which draws the list of players anew. */
const threeTicks = `new Promise(resolve => {
  let ticks = 0
  new MutationObserver((_changes, observer) => {
    if (++ticks < 3) return
    observer.disconnect()
    resolve()
  }).observe(document.getElementById('players'), { childList: true })
})`

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

  t.test('letters work with Shift and let go, and shortcuts of the browser are left alone', async t => {
    const [before] = await where(blue, 'Red')
    const letter = before > 400 ? 'A' : 'D'
    await red.keyboard.down('Shift')
    await red.keyboard.down(letter)
    await eventually('Blue sees Red run', async () => Math.abs((await where(blue, 'Red'))[0] - before) > 50)
    await red.keyboard.up('Shift')
    await red.keyboard.up(letter.toLowerCase())
    await eventually('Red stands', async () => {
      const [at] = await where(blue, 'Red')
      await blue.evaluate(threeTicks)
      return (await where(blue, 'Red'))[0] === at
    })
    const shortcut = "new KeyboardEvent('keydown', { code: 'KeyS', ctrlKey: true, cancelable: true })"
    t.equal(await red.evaluate(`document.getElementById('field').dispatchEvent(${shortcut})`), true)
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
      await page.getByRole('listitem').filter({ hasText: 'Red' }).waitFor()
      await page.getByRole('listitem').filter({ hasText: 'Blue' }).waitFor()
    }
    t.match(gateway.metrics(), { sessions: 2, sessionsOpened: 2, workersLost: 1 })
  })

  t.test('a page that is loaded again goes on in its room', async t => {
    await red.reload()
    await red.getByText('In the same session again.').waitFor()
    await red.getByText('Red (you): ').waitFor()
    t.match(gateway.metrics(), { sessionsResumed: 2, sessionsOpened: 2 })
  })

  t.test('a page that is refused in its new session shows why, and tries again until it is in', async t => {
    const { port } = gateway.address
    await blue.context().close()
    await gateway.close()
    const busy = fixture('handlers-arena-busy')
    const again = await createGateway({ handlers: busy, port, workers: 1, logLevel: 'silent', onHttpRequest })
    t.teardown(() => again.close())
    await red.getByText("The room can't be entered yet: Too much to do").waitFor()
    await red.getByText('Connected again, in a new session: you have entered the room anew.').waitFor()
    await red.getByRole('heading', { name: 'North' }).waitFor()
  })
})

/** Differences of two colours in OKLab, for eyes of each kind: about 0.02 can just be seen. */
function compareColours(one: string, other: string): number[] {
  const [first, second] = [one, other].map(readColour)
  return eyes.map(eye => Math.hypot(...see(first!, eye).map((value, i) => value - see(second!, eye)[i]!)))
}

/** Linear red, green and blue of a computed colour. */
function readColour(text: string): number[] {
  return [...text.matchAll(/\d+/g)].slice(0, 3).map(([figures]) => {
    const value = Number(figures) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
}

/** Matrices of Machado et al. (2009): all colours are seen, or one of red, green and blue is not. */
const eyes = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [0.1523, 1.0526, -0.2049, 0.1145, 0.7863, 0.0992, -0.0039, -0.0481, 1.052],
  [0.3673, 0.8606, -0.228, 0.2801, 0.6725, 0.0474, -0.0118, 0.0429, 0.9689],
  [1.2555, -0.0767, -0.1788, -0.0784, 0.9308, 0.1476, 0.0047, 0.6914, 0.3039]
]

const multiply = (matrix: readonly number[], [x, y, z]: readonly number[]) =>
  [0, 3, 6].map(row => matrix[row]! * x! + matrix[row + 1]! * y! + matrix[row + 2]! * z!)

function see(colour: readonly number[], eye: readonly number[]): number[] {
  const seen = multiply(eye, colour).map(value => Math.min(1, Math.max(0, value)))
  const cones = multiply([0.4122, 0.5363, 0.0514, 0.2119, 0.6807, 0.1074, 0.0883, 0.2817, 0.63], seen)
  return multiply(
    [0.2105, 0.7936, -0.0041, 1.978, -2.4286, 0.4506, 0.0259, 0.7828, -0.8087],
    cones.map(Math.cbrt)
  )
}

t.test('an arena that stands still', { skip: whyNoBrowser() }, async t => {
  const browser = await startBrowser(t)
  const { gateway } = await startGateway(t, fixture('handlers-arena'), { workers: 1, onHttpRequest })
  const page = await enter(t, browser, gateway, 'Red')
  const corners = [0, 1, 2, 3, 4, 5].map(id => ({
    id,
    name: id < 2 ? 'Red' : 'W'.repeat(16),
    x: id % 2 === 0 ? 14 : 786,
    y: id < 2 ? 14 : 466,
    coins: 0
  }))
  const tick = { born: 1, tick: 1, players: corners, coins: [{ x: 400, y: 240 }] }

  t.test(
    'labels stay inside the field, in a window of any width, and tell one name from the other',
    async t => {
      for (const width of [360, 800, 1_400]) {
        await page.setViewportSize({ width, height: 800 })
        gateway.broadcast('arena.tick', tick)
        await eventually('all labels are there', async () => (await page.locator('.label').count()) === 6)
        // Two frames later all are placed.
        await page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
        const field = (await page.locator('#field').boundingBox())!
        for (const label of await page.locator('.label').all()) {
          const { x, y, width: wide, height } = (await label.boundingBox())!
          t.ok(x >= field.x && x + wide <= field.x + field.width + 1, `${width}: ${x}`)
          t.ok(y >= field.y && y + height <= field.y + field.height + 1, `${width}: ${y}`)
        }
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
        const leave = (await page.getByRole('button', { name: 'Leave' }).boundingBox())!
        t.ok(leave.height < 50, 'Leave has one line')
      }
      t.same((await page.locator('.label').allTextContents()).slice(0, 2), ['Red #0', 'Red #1'])
    }
  )

  for (const colorScheme of ['light', 'dark'] as const)
    t.test(`no player looks like a coin, for eyes of any kind: ${colorScheme}`, async t => {
      await page.emulateMedia({ colorScheme })
      const [coin, ...players] = (await page.evaluate(`(() => {
        const probe = document.body.appendChild(document.createElement('i'))
        const read = name => (probe.style.setProperty('color', 'var(' + name + ')'), getComputedStyle(probe).color)
        const players = [...document.querySelectorAll('.swatch')].map(each => getComputedStyle(each).backgroundColor)
        return [read('--coin'), ...players]
      })()`)) as string[]
      t.equal(new Set(players).size, 6)
      for (const player of players)
        for (const difference of compareColours(player, coin!))
          t.ok(difference > 0.08, `${player}: ${difference}`)
    })
})
