/** A real Chromium for tests of pages. It must be installed on this machine: nothing is downloaded. */
import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

/** Chromium without windows: tests take half the time with it, but it keeps no pages. */
const withoutWindows = '/usr/bin/chromium-headless-shell'

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

interface BrowserNeeds {
  /** Whether the back/forward cache keeps pages. Default: false. */
  readonly keepsPages?: boolean
}

/** Returns the path of Chromium: CHROMIUM in the environment, or one of the usual places. */
function findChromium({ keepsPages = false }: BrowserNeeds): string | undefined {
  return process.env['CHROMIUM'] ?? (keepsPages ? places : [withoutWindows, ...places]).find(isProgram)
}

/**
 * Returns the reason why there is no browser, for `skip`; false if there is one. If CI is set, tests without
 * a browser are not skipped, and fail.
 */
export function whyNoBrowser(needs: BrowserNeeds = {}): string | false {
  if (findChromium(needs) !== undefined || process.env['CI'] === 'true') return false
  return 'there is no Chromium: install it (apt-get install chromium), or give its path as CHROMIUM'
}

/** Starts Chromium, which ends with the test. */
export async function startBrowser(t: Test, needs: BrowserNeeds = {}): Promise<Browser> {
  const browser = await launchBrowser(needs)
  t.teardown(() => browser.close())
  return browser
}

/** Starts Chromium; the caller closes it. */
export async function launchBrowser(needs: BrowserNeeds = {}): Promise<Browser> {
  const executablePath = findChromium(needs)
  if (executablePath === undefined) throw new Error('There is no Chromium: apt-get install chromium')
  // Chromium's sandbox does not run as root, which is the user in a container.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  // Playwright disables the back/forward cache by default.
  const ignoreDefaultArgs = needs.keepsPages ? ['--disable-back-forward-cache'] : []
  return chromium.launch({ executablePath, args, ignoreDefaultArgs })
}
