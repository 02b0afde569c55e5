/**
 * `npm run screenshots`: makes pictures of all views of the console, light and dark, at 360 and 1,400 px.
 *
 * They show a made-up gateway, so that they are the same each time. They go into the folder that `--out`
 * names, by default `screenshots/`; `--only overview` makes those of one view. `--docs` makes the one of the
 * documents anew, `docs/pictures/console.webp`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launchBrowser } from '../helpers/browser.js'
import { readCommandOptions } from '../helpers/command-options.js'
import { root } from '../helpers/paths.js'
import { startMadeUpGateway } from './made-up-gateway.js'

const values = readCommandOptions({
  out: { type: 'string', default: join(root, 'screenshots') },
  only: { type: 'string' },
  docs: { type: 'boolean', default: false }
})

/** The views, by the names of their pictures; `login` is that without a login. */
const views: Readonly<Record<string, string>> = {
  overview: '#/overview',
  problem: '#/overview',
  sessions: '#/sessions',
  session: '#/sessions/104217',
  workers: '#/workers',
  routes: '#/routes',
  route: '#/routes/match.move',
  cluster: '#/cluster',
  log: '#/log',
  changes: '#/log/changes',
  playground: '#/playground/match.move',
  kick: '#/sessions/104217',
  login: '#/overview'
}

const sizes = [
  { width: 360, height: 740 },
  { width: 1_400, height: 900 }
]

/** Readings of the overview that fill the charts: five minutes. */
const readings = 150

const made = await startMadeUpGateway()
const browser = await launchBrowser()
mkdirSync(values.out, { recursive: true })

/** Lets the page believe that `count` times two seconds have passed. */
async function passTime(page: Page, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const answer = page.waitForResponse(/api\/overview/)
    await page.clock.runFor(2_000)
    await answer
  }
}

const page = await browser.newPage({ viewport: sizes[0]!, reducedMotion: 'reduce' })
page.on('pageerror', error => process.stdout.write(`${error}\n`))
page.on('console', line => line.type() === 'error' && process.stdout.write(`${line.text()}\n`))
await page.clock.install({ time: new Date('2026-11-27T20:00:00Z') })
await page.goto(made.url)
await page.getByText('All is well.').waitFor()
await passTime(page, readings)

/** Opens a view, and makes its picture at each size in light and dark. */
async function picture(name: string, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
  made.isIll = name === 'problem'
  if (name === 'login') await page.getByRole('button', { name: 'Log out' }).click()
  else await passTime(page, 2)
  if (name === 'kick') await page.getByRole('button', { name: 'Kick …' }).click()
  for (const { width, height } of sizes)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height })
      // The whole page without what is fixed at the bottom of the window in the middle of it.
      const whole = Number(await page.evaluate('document.documentElement.scrollHeight'))
      if (name !== 'kick') await page.setViewportSize({ width, height: Math.max(height, whole) })
      await page.clock.runFor(50)
      const path = join(values.out, `${name}-${width}-${colorScheme}.png`)
      await page.screenshot({ path })
      const wide = await page.evaluate('document.documentElement.scrollWidth')
      process.stdout.write(`${path}${wide === width ? '' : `: ${wide} px wide`}\n`)
    }
  if (name === 'kick') await page.keyboard.press('Escape')
}

/** Writes the picture of the documents: that of a gateway with problems, in light colours. */
async function writePictureOfDocuments(): Promise<void> {
  const png = readFileSync(join(values.out, 'problem-1400-light.png')).toString('base64')
  await page.goto('about:blank')
  const webp = await page.evaluate(`(async () => {
    const picture = Object.assign(new Image(), { src: 'data:image/png;base64,${png}' })
    await picture.decode()
    const canvas = new OffscreenCanvas(picture.width, picture.height)
    canvas.getContext('2d').drawImage(picture, 0, 0)
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.86 })
    return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), byte => String.fromCharCode(byte)).join(''))
  })()`)
  writeFileSync(join(root, 'docs/pictures/console.webp'), Buffer.from(String(webp), 'base64'))
}

for (const [name, hash] of Object.entries(views))
  if (values.only === undefined || values.only === name) await picture(name, hash)
if (values.docs) await writePictureOfDocuments()
await browser.close()
made.close()
