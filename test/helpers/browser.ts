/** A real Chromium for tests of pages. It must be installed on this machine: nothing is downloaded. */
import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

/** The one without windows comes first: tests take half the time with it. */
const places = [
  '/usr/bin/chromium-headless-shell',
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

/** Returns the path of Chromium: CHROMIUM in the environment, or one of the usual places. */
function findChromium(): string | undefined {
  return process.env['CHROMIUM'] ?? places.find(isProgram)
}

/**
 * Returns the reason why there is no browser, for `skip`; false if there is one. If CI is set, tests without
 * a browser are not skipped, and fail.
 */
export function whyNoBrowser(): string | false {
  if (findChromium() !== undefined || process.env['CI'] === 'true') return false
  return 'there is no Chromium: install it (apt-get install chromium), or give its path as CHROMIUM'
}

/** Starts Chromium, which ends with the test. `keepsPages`: whether the back/forward cache keeps pages. */
export async function startBrowser(t: Test, { keepsPages = false } = {}): Promise<Browser> {
  const browser = await launchBrowser({ keepsPages })
  t.teardown(() => browser.close())
  return browser
}

/** Starts Chromium; the caller closes it. */
export async function launchBrowser({ keepsPages = false } = {}): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('There is no Chromium: apt-get install chromium')
  // Chromium's sandbox does not run as root, which is the user in a container.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  // Playwright disables the back/forward cache by default.
  const ignoreDefaultArgs = keepsPages ? ['--disable-back-forward-cache'] : []
  return chromium.launch({ executablePath, args, ignoreDefaultArgs })
}
