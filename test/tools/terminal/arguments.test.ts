/** The values of the command line that the tools read: here, what a refused URL shows of itself. */
import t from 'tap'
import { readUrl } from '../../../tools/terminal/arguments.js'

function refused(text: string): string {
  try {
    return `taken: ${readUrl(text, { expected: 'a URL', protocol: 'ws' })}`
  } catch (error) {
    return (error as Error).message
  }
}

t.test('a malformed URL is shown without what may be secret in it', async t => {
  const rows: readonly [text: string, shown: string][] = [
    ['ftp://x', 'ftp://x'],
    ['host:99999', 'host:99999'],
    ['ws://Ann:hidden@host:99999/path', 'ws://host:99999/path'],
    ['Ann:hidden@host:99999', 'host:99999'],
    ['ftp://Ann:hid/den@host', 'ftp://host'],
    ['ftp://host/?token=hidden#hidden', 'ftp://host/'],
    ['ftp://Ann:hid?den@host', '…'],
    ['ftp://host/?token=hid@den', '…'],
    ['ftp://Ann:hid@den@host', '…']
  ]
  for (const [text, shown] of rows) t.equal(refused(text), `Expected a URL, got "${shown}"`)
})
