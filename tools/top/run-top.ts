/** Runs `sallyport top`: looks at a gateway again and again, and draws what it sees. */
import { setTimeout } from 'node:timers/promises'
import type { Overview } from '../../gateway/console/api/console-api.js'
import { durationOf, type Given, readUrl, textOf } from '../terminal/arguments.js'
import { hearInterruption } from '../terminal/interruption.js'
import { painterFor, printableJson, sizeOf, write } from '../terminal/output.js'
import { askOverview, isFailedCall } from './overview-source.js'
import { drawScreen, type ScreenSize } from './screen.js'
import { summarize } from './summary.js'

const defaults = { url: 'http://127.0.0.1:3011', interval: 1_000 }

/** Columns of lines that go to no terminal: none is cut. */
const columnsElsewhere = Number.POSITIVE_INFINITY

/** Clears from the cursor on, after moving it to the top: what was there is overwritten without a flicker. */
const escapes = { home: '\u001b[H', clearLine: '\u001b[K', clearRest: '\u001b[J', clear: '\u001b[2J' }

/**
 * Runs to the end of the process. Exit code 0: it was asked to end, or has printed its summary.
 *
 * @throws `OPTION_INVALID`; `CONNECT_FAILED` if the gateway could not be asked the first time
 */
export async function runTop(given: Given): Promise<void> {
  const expected = 'the URL of a gateway’s internal port, such as http://127.0.0.1:3011'
  const url = readUrl(given.words[0] ?? defaults.url, { expected, protocol: 'http' })
  const token = textOf(given, 'token') ?? given.env['SALLYPORT_CONSOLE_TOKEN']
  const interval = durationOf(given, 'interval') ?? defaults.interval
  const asked = new AbortController()
  const end = () => asked.abort()
  hearInterruption(end)
  // Whoever reads the lines may be gone, as with `| head`.
  process.stdout.on('error', end)
  const { signal } = asked
  const ask = () => askOverview(url, token, signal)
  const watch = { ask, interval, isJson: given.flags['json'] === true, env: given.env, signal }
  await show(watch).catch(error => {
    // A wait or a question that it was asked to end is no error.
    if (!signal.aborted) throw error
  })
  process.exit(0)
}

interface Watch {
  readonly ask: () => Promise<Overview>
  readonly interval: number
  readonly isJson: boolean
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** Shows what it sees; without a terminal once. Rejects if it is asked to end meanwhile. */
async function show({ ask, interval, isJson, env, signal }: Watch): Promise<void> {
  const { stdout } = process
  const isLive = stdout.isTTY === true
  const paint = painterFor(stdout, env)
  let before: Overview | undefined = await ask()
  if (isLive && !isJson) await write(stdout, escapes.clear)
  while (!signal.aborted) {
    await setTimeout(interval, undefined, { signal })
    let text: string
    try {
      const now = await ask()
      const summary = summarize(now, before)
      before = now
      if (isJson) text = `${printableJson(summary)}\n`
      else {
        const size = isLive ? linesOf(sizeOf(stdout)) : { columns: columnsElsewhere, rows: undefined }
        const lines = drawScreen(summary, paint, size)
        text = isLive
          ? escapes.home + lines.map(line => `${line}${escapes.clearLine}\n`).join('') + escapes.clearRest
          : `${lines.join('\n')}\n`
      }
    } catch (error) {
      // A gateway that is started anew comes back. What only prints once, or is for a program, ends.
      if (signal.aborted || !isLive || isJson || !isFailedCall(error)) throw error
      text = `${escapes.home}${paint('red', error.message)}${escapes.clearLine}\n${escapes.clearRest}`
      before = undefined
    }
    await write(stdout, text)
    if (!isLive && !isJson) break
  }
}

/** Returns the room for lines: the last one of a terminal stays free for the cursor. */
function linesOf({ columns, rows }: { columns: number; rows: number }): ScreenSize {
  return { columns, rows: rows - 1 }
}
