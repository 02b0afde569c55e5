/** Asks a gateway's console for its overview, and explains in a sentence why there is none. */
import { type ApiError, howToTurnOn, type Overview } from '../../gateway/console/api/console-api.js'
import { errors, GatewayError } from '../../shared/errors.js'
import { printable } from '../../shared/text/printable.js'

/** Milliseconds that an answer may take: more than an interval, since a stuck gateway is of interest. */
const timeout = 10_000

const hints: Readonly<Record<number, string>> = {
  401: 'the token of the console is missing or wrong; give it by --token or SALLYPORT_CONSOLE_TOKEN',
  404: 'there is no console at this address; give the URL of the internal port, such as http://127.0.0.1:3011, or that of its console',
  429: 'too many wrong tokens came from here; wait a minute'
}

/**
 * Returns the overview. Whoever aborts `signal` waits for no answer.
 *
 * @param url that of the internal port, or that of its console
 * @throws `CONNECT_FAILED`
 */
export async function askOverview(
  url: string,
  token: string | undefined,
  signal: AbortSignal
): Promise<Overview> {
  const { origin, pathname, username, password } = new URL(url)
  // With a path it is that of the console, which a proxy may serve anywhere.
  const path = pathname === '/' ? '/console' : pathname.replace(/\/$/, '')
  const shown = pathname === '/' ? origin : origin + pathname
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const fail = (why: string) => errors.connectFailed(shown, printable(why))
  // `fetch` refuses it with a message that shows the password.
  if (username !== '' || password !== '')
    throw fail('the URL has a user or a password; give the token of the console by --token instead')
  let response: Response
  let text: string
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
    response = await fetch(`${origin}${path}/api/overview`, { headers, signal: either, redirect: 'manual' })
    text = await response.text()
  } catch (error) {
    throw fail(explain(error))
  }
  if (response.status === 404 && text.trim() === howToTurnOn) throw fail(howToTurnOn)
  if (!response.ok) throw fail(hints[response.status] ?? `HTTP ${response.status}: ${messageIn(text)}`)
  const overview = parse(text)
  if (typeof overview?.uptime === 'number' && typeof overview.counters === 'object') return overview
  throw fail('what answers there is no gateway of this version')
}

function explain(error: unknown): string {
  const { name, cause, message } = Object(error) as Error
  const { code, message: reason } = Object(cause) as NodeJS.ErrnoException
  if (name === 'TimeoutError') return `no answer within ${timeout / 1_000} s`
  if (code === 'ECONNREFUSED')
    return 'nothing listens there; is the gateway running, and its internal port on?'
  return code ?? reason ?? message
}

function messageIn(text: string): string {
  return (parse(text) as Partial<ApiError> | undefined)?.error?.message ?? text.slice(0, 200)
}

// biome-ignore lint/suspicious/noExplicitAny: what a stranger has sent
function parse(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether an error says that the gateway cannot be asked now, rather than that the tool is wrong. */
export function isFailedCall(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code === errors.connectFailed.code
}
