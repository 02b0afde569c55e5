/** The page of the chat example in a real browser, as its user sees it. */
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'

/** A separate window; it shares nothing with the others but the gateway. */
export class ChatWindow {
  readonly page: Page
  /** Errors that the browser reported. */
  readonly complaints: string[] = []

  constructor(page: Page) {
    this.page = page
    page.on('pageerror', error => this.complaints.push(String(error)))
    page.on('console', message => {
      if (message.type() === 'error') this.complaints.push(message.text())
    })
  }

  /** Opens the page of the gateway at this URL. */
  static async open(t: Test, browser: Browser, url: string): Promise<ChatWindow> {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    context.setDefaultTimeout(30_000)
    const window = new ChatWindow(await context.newPage())
    await window.page.goto(url.replace('ws:', 'http:'))
    await window.page.getByText('Connected', { exact: true }).waitFor()
    return window
  }

  async enter(name: string, room = 'Lobby'): Promise<void> {
    await this.page.getByLabel('Your name').fill(name)
    await this.page.getByRole('combobox', { name: 'Room' }).fill(room)
    await this.page.getByRole('button', { name: 'Enter' }).click()
    await this.page.getByRole('heading', { name: room, exact: true }).waitFor()
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(text)
    await this.page.getByRole('button', { name: 'Send' }).click()
    await this.sees(text)
  }

  /** Waits until the log has a line with the text. */
  async sees(text: string): Promise<void> {
    await this.page.locator('#messages > :not(.pending)').getByText(text, { exact: true }).waitFor()
  }

  /** Waits until a list has these lines, in this order. */
  async lists(name: string, lines: readonly string[]): Promise<void> {
    const items = this.page.getByRole('list', { name }).getByRole('listitem')
    await eventually(`${name} is ${lines.join(', ')}`, async () => {
      return JSON.stringify(await items.allTextContents()) === JSON.stringify(lines)
    })
  }
}

/** Waits for a condition that only the browser can check. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await holds())) if (Date.now() > end) throw new Error(`Waited in vain until ${what}`)
}
