/** Runs `sallyport play`: lines from a terminal, with completion and history, or from a pipe. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { withoutSecrets } from '../../client/base/closing-error.js'
import { durationOf, type Given, gatewayUrl, jsonOf, textOf } from '../terminal/arguments.js'
import { hearInterruption } from '../terminal/interruption.js'
import { painterFor, write } from '../terminal/output.js'
import { historySize, keepHistory, readHistory } from './history.js'
import { completeLine, type Line, readLine } from './line.js'
import { PlayedSession } from './played-session.js'
import { formatJson, formatShown, type Shown } from './printer.js'

const defaults = { url: 'ws://127.0.0.1:3010', timeout: 10_000 }

/**
 * Runs to the end of the process. Exit code 0: all went well; 1: a request, a wait or a line has failed, or
 * the connection has ended. In a terminal only the last counts.
 *
 * @throws `OPTION_INVALID`; ClientError as `connect` of the client
 */
export async function runPlay(given: Given): Promise<void> {
  const url = gatewayUrl(given, defaults.url)
  const timeout = Math.round(durationOf(given, 'timeout') ?? defaults.timeout)
  const user = jsonOf(given, 'user')
  const isLive = process.stdin.isTTY === true && process.stdout.isTTY === true
  const paint = painterFor(process.stdout, given.env)
  const isJson = given.flags['json'] === true
  let reader: Interface | undefined
  const show = (shown: Shown) => {
    const text = isJson ? formatJson(shown) : formatShown(shown, paint)
    if (!isLive) return void process.stdout.write(`${text}\n`)
    // What is being typed stays on the last line.
    process.stdout.write(`\r\u001b[K${text}\n`)
    reader?.prompt(true)
  }
  const session = await PlayedSession.open({ url, user, timeout, show })
  const history = textOf(given, 'history') ?? join(homedir(), '.sallyport_history')
  const lines = createInterface({
    input: process.stdin,
    ...(isLive ? { output: process.stdout } : {}),
    prompt: '> ',
    history: isLive ? readHistory(history) : [],
    historySize,
    removeHistoryDuplicates: true,
    completer: (line: string) => completeLine(line, session.routes)
  })
  const asked = new Promise<void>(resolve => hearInterruption(resolve))
  // In a terminal, Ctrl-C is a key.
  lines.on('SIGINT', () => lines.close())
  if (isLive) {
    reader = lines
    process.stdout.write(
      `Connected to ${withoutSecrets(url)}. Type a route and a body; Tab completes, .help helps.\n`
    )
    lines.prompt()
  }
  const ended = isLive ? playLive(lines, session, history) : playPiped(lines, session)
  await Promise.race([ended, session.closed, asked])
  const isClosed = session.isClosed
  reader = undefined
  session.close()
  lines.close()
  await write(process.stdout, isLive ? '\n' : '')
  process.exit(isClosed || (!isLive && session.hasFailed) ? 1 : 0)
}

/** Runs each line as soon as it is typed, also while another one waits. */
function playLive(lines: Interface, session: PlayedSession, history: string): Promise<void> {
  return new Promise(resolve => {
    let isClosed = false
    lines.on('close', () => {
      isClosed = true
      resolve()
    })
    lines.on('line', async text => {
      keepHistory(history, text)
      if ((await runLine(text, session)) === 'exit') lines.close()
      // The line may have been under way when another one left.
      else if (!isClosed) lines.prompt()
    })
  })
}

/** Runs one line after the other. */
async function playPiped(lines: Interface, session: PlayedSession): Promise<void> {
  for await (const text of lines) if ((await runLine(text, session)) === 'exit') return
}

async function runLine(text: string, session: PlayedSession): Promise<'exit' | undefined> {
  try {
    const line: Line = readLine(text)
    if (line.kind === 'exit') return 'exit'
    await session.run(line)
  } catch (error) {
    session.fail(error)
  }
  return undefined
}
