import { Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { LogDoor, maxKinds } from '../../../gateway/telemetry/log-door.js'
import { type CounterName, Metrics } from '../../../gateway/telemetry/metrics.js'
import {
  createLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  maxWaitingBytes
} from '../../../shared/text/log.js'
import { HeldTime } from '../../helpers/held-time.js'
import { matchRows } from '../../helpers/match-rows.js'
import { until } from '../../helpers/until.js'

/** A stream that fails, or stops reading, for as long as a test wants. */
class Reader extends Writable {
  readonly lines: string[] = []
  failure: NodeJS.ErrnoException | undefined
  isStuck = false
  #goOn: (() => void) | undefined

  constructor() {
    super({ decodeStrings: false })
  }

  /** Survives errors, by the call with which Node's stdout and stderr do. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error)
    ;(this as unknown as { _undestroy(): void })._undestroy()
  }

  override _write(text: string, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.failure !== undefined) return done(this.failure)
    this.lines.push(...String(text).trimEnd().split('\n'))
    if (this.isStuck) this.#goOn = done
    else done()
  }

  readOn(): void {
    this.isStuck = false
    this.#goOn?.()
  }
}

interface OpenDoor {
  readonly door: LogDoor
  readonly reader: Reader
  counted(name: CounterName): number
}

function open(
  t: Test,
  { log, limit = 10, level = 'info' }: { log?: Logger; limit?: number; level?: LogLevel } = {}
): OpenDoor {
  const metrics = new Metrics()
  const reader = new Reader()
  const door = new LogDoor({
    log,
    logLevel: level,
    maxLogLinesPerSecond: limit,
    stream: reader,
    metrics,
    now: () => 0
  })
  t.teardown(() => door.close())
  return { door, reader, counted: name => metrics.read()[name] }
}

function times(count: number, act: (index: number) => void): void {
  for (let i = 0; i < count; i++) act(i)
}

t.test('what is repeated is told as a count, and what is said once is not held up by it', async t => {
  const time = new HeldTime(t)
  const { door, reader, counted } = open(t)
  times(500, i => door.info('A frame was refused', { ip: i }))
  door.warn('Something else')
  times(12, () => door.error('A handler failed'))
  times(50, () => door.debug('Not logged at this level'))
  t.equal(reader.lines.filter(line => line.includes('A frame was refused ip=')).length, 10)
  t.match(reader.lines[10], /WARN {2}Something else/)
  time.pass(999)
  t.equal(reader.lines.length, 21, 'until its second is over nothing is said of them')
  time.pass(1)
  matchRows(t, reader.lines.slice(-2), [
    /INFO {2}A frame was refused … and 490 more like it$/,
    /ERROR A handler failed … and 2 more like it$/
  ])
  t.equal(counted('logLinesDropped'), 492)
  times(1, () => door.info('A frame was refused'))
  t.match(reader.lines.at(-1), /A frame was refused$/, 'and then it may be said anew')
})

t.test('an error is not held back because of lines of less weight with its text', async t => {
  const { door, reader } = open(t, { limit: 2 })
  times(3, () => door.info('Player'))
  times(3, () => door.error('Player'))
  door.close()
  matchRows(t, reader.lines, [
    / INFO {2}Player$/,
    / INFO {2}Player$/,
    / ERROR Player$/,
    / ERROR Player$/,
    / INFO {2}Player … and 1 more like it$/,
    / ERROR Player … and 1 more like it$/
  ])
})

t.test('errors of one route do not hold back those of another, and the rest is told of each', async t => {
  const { door, reader } = open(t, { limit: 2 })
  times(5, id => door.error('A handler failed', { route: 'a.noisy', id }))
  door.error('A handler failed', { route: 'a.rare', id: 5 })
  times(4, () => door.info('A request was refused', { route: `of a client ${Math.random()}` }))
  times(4, () => door.error('A handler failed', { route: 5 }))
  door.close()
  matchRows(t, reader.lines, [
    / ERROR A handler failed route=a\.noisy id=0$/,
    / ERROR A handler failed route=a\.noisy id=1$/,
    / ERROR A handler failed route=a\.rare id=5$/,
    / INFO {2}A request was refused route=/,
    / INFO {2}A request was refused route=/,
    / ERROR A handler failed route=5$/,
    / ERROR A handler failed route=5$/,
    / ERROR A handler failed … and 3 more like it route=a\.noisy$/,
    / INFO {2}A request was refused … and 2 more like it$/,
    / ERROR A handler failed … and 2 more like it$/
  ])
})

t.test('texts that are new each time share one count', async t => {
  const { door, reader } = open(t, { limit: 2 })
  times(10_000, i => door.info(`Player ${i} said something`))
  t.equal(reader.lines.length, maxKinds + 2)
  door.close()
  t.match(
    reader.lines.at(-1),
    new RegExp(`Lines of other texts … and ${10_000 - maxKinds - 2} more like it$`)
  )
})

t.test('without a limit each line is written', async t => {
  const { door, reader, counted } = open(t, { limit: 0 })
  times(1_000, () => door.info('The same'))
  t.equal(reader.lines.length, 1_000)
  t.equal(counted('logLinesDropped'), 0)
})

t.test(
  'a stream that fails ends nothing; its errors are counted, and told once when it works again',
  async t => {
    for (const code of ['EPIPE', 'ENOSPC', 'EAGAIN', 'EIO']) {
      const { door, reader, counted } = open(t)
      reader.failure = Object.assign(new Error('it failed'), { code })
      times(5, i => door.info(`Lost ${i}`))
      await until('all have failed', () => counted('logErrors') === 5)
      t.equal(counted('logLinesDropped'), 5)
      reader.failure = undefined
      door.info('It works again')
      await until('it is told', () => reader.lines.length === 2)
      matchRows(t, reader.lines, [/It works again$/, new RegExp(`WARN {2}5 lines dropped cause=${code}$`)])
      door.info('And again')
      // Its callback comes after those of all earlier lines. A second report would be written by one of them.
      await new Promise(resolve => reader.write('The last\n', resolve))
      matchRows(t, reader.lines.slice(2), [/And again$/, /^The last$/], 'told once')
    }
  }
)

t.test('what waits for a reader is bounded, and told when there is room again', async t => {
  const { door, reader, counted } = open(t, { limit: 0 })
  reader.isStuck = true
  times(5_000, () => door.info('x'.repeat(1_000)))
  t.ok(reader.writableLength < maxWaitingBytes + 2_000, `${reader.writableLength} bytes wait`)
  const dropped = counted('logLinesDropped')
  t.ok(dropped > 3_000)
  reader.readOn()
  await until('it is told', () => reader.lines.some(line => line.includes('dropped')))
  t.match(reader.lines.at(-1), new RegExp(`WARN {2}${dropped} lines dropped cause="nobody reads"$`))
  t.equal(reader.lines.length, 5_000 - dropped + 1)
})

t.test("a host's log that throws, or rejects, ends nothing; the first time is told on stderr", async t => {
  const failures: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('no disk')
      }
    ],
    ['rejects', () => Promise.reject(new Error('no disk'))],
    [
      'throws nothing that can be described',
      () => {
        throw new Proxy(
          {},
          {
            getPrototypeOf() {
              throw new Error('no')
            }
          }
        )
      }
    ]
  ]
  for (const [what, fail] of failures) {
    const log = createLogger('debug', () => fail() as undefined)
    const { door, reader, counted } = open(t, { log })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) door[level]('A line')
    await until(what, () => counted('logErrors') === 4)
    t.match(reader.lines[0], /ERROR The log that was given as an option fails.* error=/)
    t.notOk(
      reader.lines.some((line, i) => i > 0 && /^1970/.test(line)),
      'told once'
    )
  }
})

t.test("a host's log gets what was logged, at all levels and as it was", async t => {
  const got: [LogLevel, string, LogFields | undefined][] = []
  const { door } = open(t, { log: createLogger('debug', (...line) => got.push(line)), level: 'error' })
  const fields = { error: new Error('x') }
  door.debug('a', fields)
  door.error('b')
  t.same(got, [
    ['debug', 'a', fields],
    ['error', 'b', undefined]
  ])
})
