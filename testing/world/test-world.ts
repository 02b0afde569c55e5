/**
 * `TestWorld`: handlers, hooks and timers of a game in a unit test, without a gateway, a worker or a socket.
 * Operations of the game (push, bind, join, send) run through the same code as in a running gateway.
 */
import type { Session } from '../../gateway/sessions/session.js'
import { expectUid } from '../../shared/check.js'
import { createLogger, type LogLevel } from '../../shared/text/log.js'
import type { AnySettings } from '../../shared/values/session-settings.js'
import { BackendSessionService } from '../../workers/api/backend-session-service.js'
import { HandlerApp } from '../../workers/loading/app.js'
import { appCaller } from '../../workers/operations/caller.js'
import { Messenger } from '../../workers/operations/messenger.js'
import { ChannelService } from '../../workers/pinus/channel-service.js'
import { UserOperations } from '../../workers/pinus/user-operations.js'
import { clearTimeout, setTimeout } from '../../workers/runtime/own-time.js'
import { Closings } from './closings.js'
import { expectNames } from './expect-names.js'
import { createLinkWorld, type LinkWorld } from './link-world.js'
import { TestHooks, type TestHooksInit } from './test-hooks.js'
import { TestReceiver } from './test-receiver.js'
import { TestSession } from './test-session.js'

export interface TestSessionInit {
  /** User id that the session is bound to. Default: none. */
  readonly uid?: string
  /** Settings that the session holds. Default: none. */
  readonly settings?: Readonly<Partial<AnySettings>>
}

/** A log line. */
export interface TestLogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

const frontendId = 'test-gateway'

/** A group of sessions that share users and channels, and the one worker that runs their game. */
export class TestWorld {
  /** Log lines of handlers, and lines about their refused operations, oldest first. */
  readonly lines: TestLogLine[] = []
  /** The `app` of the worker, as factories of handlers, onStart and onStop get it. */
  readonly app: HandlerApp
  readonly #world: LinkWorld
  readonly #hooks: TestHooks
  readonly #closings = new Closings()
  readonly #sessions = new WeakMap<Session, TestSession>()
  #hasStarted = false
  #isClosed = false

  /**
   * Throws `HANDLERS_INVALID` for a module of hooks that a gateway would not accept, and `OPTION_INVALID` for
   * a name that it does not know. Runs no hook yet: see `start` and `connect`.
   */
  constructor(init: TestHooksInit = {}) {
    const log = createLogger('debug', (level, message, fields = {}) =>
      this.lines.push({ level, message, fields })
    )
    this.#hooks = new TestHooks(init)
    this.#world = createLinkWorld({ frontendId, log })
    this.#world.registry.on('closed', (session, reason) => this.#sessions.get(session)?.ended(reason))
    const { link, operations } = this.#world
    const messenger = new Messenger(link, appCaller, operations, frontendId)
    const users = new UserOperations(link, operations)
    this.app = new HandlerApp({
      backendSessionService: new BackendSessionService(operations),
      channelService: new ChannelService({ frontendId, messenger, operations, users }),
      serverId: frontendId,
      worker: { index: 0 },
      messenger
    })
  }

  /**
   * Runs onStart, as a worker does before the first request. Rejects with `HANDLERS_INVALID` if it fails, and
   * with an Error if it was called before.
   */
  async start(): Promise<void> {
    this.#world.expectOpen()
    if (this.#hasStarted) throw new Error('The world has started: onStart runs once')
    this.#hasStarted = true
    await this.#world.untilClosed(this.#hooks.start(this.app))
    await this.settle()
  }

  /** Opens a session without running onConnect. Throws as `abind` does, and `OPTION_INVALID` for a name. */
  join(init: TestSessionInit = {}): TestSession {
    expectNames('A session', init, ['uid', 'settings'])
    const { uid, settings = {} } = init
    if (uid !== undefined) expectUid(uid)
    const { registry } = this.#world
    this.#world.expectOpen()
    const receiver = new TestReceiver()
    const session: Session = registry.open(receiver)
    if (uid !== undefined) registry.bind(session, uid)
    const test = new TestSession({
      world: this.#world,
      frontendId,
      session,
      receiver,
      lines: this.lines,
      hooks: this.#hooks,
      closings: this.#closings
    })
    this.#sessions.set(session, test)
    test.put(settings)
    return test
  }

  /**
   * Opens a session and runs onConnect. If that refuses the session, `isOpen` is false and `ending` says why.
   * Rejects with any other error of onConnect; a gateway logs it.
   */
  async connect(init: TestSessionInit = {}): Promise<TestSession> {
    const session = this.join(init)
    await session.begin(false)
    return session
  }

  /**
   * Waits until all operations are applied, also those that follow from them, and until the onClose of each
   * session that they have ended is over. To be called after a timer of the game has run, before the test
   * looks at events and settings. Rejects with the error of an onClose.
   */
  async settle(): Promise<void> {
    await this.#world.untilClosed(this.#world.settle())
    await this.#world.untilClosed(this.#closings.settled())
  }

  /**
   * Aborts the calls under way, runs onStop if `start` was called, and ends the world. From then on all other
   * calls throw or reject, and so do calls under way and operations of the game that had no answer yet. Does
   * nothing when called again. Rejects if onStop does not end within 4 s, as long as a gateway's
   * `closeTimeout` by default.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const session of this.#world.registry) this.#sessions.get(session)?.abort('shutdown')
    try {
      if (this.#hasStarted) await inTime(this.#hooks.stop(this.app))
    } finally {
      this.#world.close()
    }
  }
}

/** Milliseconds that onStop may take. */
const longestStop = 4_000

/** Waits for onStop, by the real clock: a test may have mocked the timers. */
async function inTime(stopped: unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`onStop has not ended within ${longestStop} ms`)), longestStop)
  })
  try {
    await Promise.race([stopped, late])
  } finally {
    clearTimeout(timer)
  }
}
