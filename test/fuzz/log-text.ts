/**
 * Random messages and fields for the text logger and for the link to the gateway. Each must be one line of
 * the log, and must not forge another.
 */
import { createTextLogger, formatFields } from '../../shared/text/log.js'
import { maxLineLength } from '../../shared/text/text-line.js'
import { createRandom } from './inputs.js'
import { randomText } from './random-text.js'

export interface LogTextReport {
  readonly lines: number
  /** Number of calls whose log entry has several lines, because of a stack. */
  readonly stacks: number
  /** Calls that did not print exactly one log entry, with what they printed. */
  readonly faults: readonly string[]
}

const mostFaults = 20

/** The beginning of a log line. */
const beginning = /^1970-01-01T00:00:00\.000Z (DEBUG|INFO |WARN |ERROR) /

/** Characters that no log line may contain: controls, line breaks, and marks of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal
const unsafe = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

export function fuzzLogText(lines: number, seed: number): LogTextReport {
  const random = createRandom(seed)
  const faults: string[] = []
  let stacks = 0
  let printed: string[] = []
  const log = createTextLogger(
    'debug',
    line => printed.push(line),
    () => 0
  )
  for (let i = 0; i < lines && faults.length < mostFaults; i++) {
    const message = random() < 0.8 ? randomText(random, 200) : randomValue(random, 2)
    const fields = random() < 0.8 ? randomFields(random) : randomValue(random, 2)
    printed = []
    const fault = judge(() => {
      log.info(message as string, fields as Record<string, unknown>)
      const [line, ...more] = printed
      if (line === undefined || more.length > 0) return `${printed.length} lines`
      const [first = '', ...rest] = line.split('\n')
      if (rest.length > 0) stacks++
      if (!beginning.test(first)) return 'no time and level'
      if (rest.some(each => !each.startsWith('    '))) return 'a forged line'
      if ([first, ...rest].some(each => unsafe.test(each))) return 'a control character'
      if (line.length > maxLineLength + 60) return `${line.length} characters`
      const text = formatFields(fields, { route: 'a.b' })
      return JSON.parse(text).route === 'a.b' ? undefined : 'a lost field'
    })
    if (fault !== undefined) faults.push(`${fault}: ${JSON.stringify(printed.join(' | ').slice(0, 500))}`)
  }
  return { lines, stacks, faults }
}

function judge(look: () => string | undefined): string | undefined {
  try {
    return look()
  } catch (error) {
    return `threw ${error}`
  }
}

function randomFields(random: () => number): Record<string, unknown> {
  const count = Math.floor(random() * 4)
  return Object.fromEntries(
    Array.from({ length: count }, () => [randomText(random, 20), randomValue(random, 3)])
  )
}

/** Creators of values that JSON lacks, or that can't be read. */
const oddities: readonly ((random: () => number) => unknown)[] = [
  random => {
    const error = new Error(randomText(random, 100))
    if (random() < 0.5) error.stack = randomText(random, 300)
    return error
  },
  () => 12n,
  () => Number.NaN,
  random => Symbol(randomText(random, 20)),
  () => () => 1,
  () => new Map([[1, 2]]),
  () => null,
  () => undefined,
  () => Object.create(null),
  random => ({
    get x(): unknown {
      throw random() < 0.5 ? null : randomText(random, 50)
    }
  }),
  random => ({ toJSON: () => randomText(random, 50) }),
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  () => {
    const circle: unknown[] = []
    circle.push({ circle })
    return circle
  },
  random => {
    const thrown = new Error('a')
    Object.defineProperty(thrown, random() < 0.5 ? 'stack' : 'message', {
      get() {
        throw thrown
      }
    })
    return thrown
  }
]

function randomValue(random: () => number, depth: number): unknown {
  const kind = random()
  if (kind < 0.5 || depth === 0) return randomText(random, 100)
  if (kind < 0.6) return Math.floor(random() * 1_000)
  if (kind < 0.7) return [randomValue(random, depth - 1), randomValue(random, depth - 1)]
  if (kind < 0.8) return { [randomText(random, 10)]: randomValue(random, depth - 1) }
  return oddities[Math.floor(random() * oddities.length)]!(random)
}
