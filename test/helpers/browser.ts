/**
 * A real Chromium for tests of pages: the one that is installed on this machine, as nothing is downloaded.
 */
import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/snap/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'
]

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Where Chromium is: CHROMIUM in the environment, or one of the usual places. */
function findChromium(): string | undefined {
  return process.env['CHROMIUM'] ?? places.find(isProgram)
}

/**
 * Why there is no browser to test with, for `skip`; false where there is one. Where CI is set, a browser must
 * be there: its tests are not skipped, and fail.
 */
export function whyNoBrowser(): string | false {
  if (findChromium() !== undefined || process.env['CI'] === 'true') return false
  return 'there is no Chromium: install it (apt-get install chromium), or give its path as CHROMIUM'
}

/**
 * Starts Chromium; it ends with the test. `keepsPages`: whether a page that is left is there again at a step
 * back.
 */
export async function startBrowser(t: Test, { keepsPages = false } = {}): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('There is no Chromium: apt-get install chromium')
  // Chromium's sandbox refuses to run for root, as in a container.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  // Playwright switches the back/forward cache off.
  const ignoreDefaultArgs = keepsPages ? ['--disable-back-forward-cache'] : []
  const browser = await chromium.launch({ executablePath, args, ignoreDefaultArgs })
  t.teardown(() => browser.close())
  return browser
}
