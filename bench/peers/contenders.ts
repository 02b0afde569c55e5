/**
 * The contenders of the comparison. Each defines the file to start, the protocol of its clients, and their
 * requests, in both forms: with a handler that awaits its push, and with one that does not.
 */
import type { ReplyCheck } from './load/messages.js'
import type { ProtocolName } from './protocols/index.js'

/** Whether the handler awaits its push. */
export type FormName = 'awaited' | 'unawaited'

/** A form of the counter. */
export interface Form {
  readonly route: string
  /** Where the handler keeps the counter, and how it saves it there; null: there is no counter. */
  readonly keeps: string | null
}

export interface Contender {
  readonly name: string
  readonly role: 'ours' | 'peer' | 'floor'
  /**
   * File that is started. `compiled`: path below the compiled bench; `peers`: path below the folder with the
   * peers' packages.
   */
  readonly file: { readonly from: 'compiled' | 'peers'; readonly path: string }
  /** Packages that it needs; the first one's version is its version. */
  readonly packages: readonly string[]
  readonly protocol: ProtocolName
  readonly forms: Readonly<Record<FormName, Form>>
  readonly check: ReplyCheck
  /**
   * Routes that push a key many times, and that read what the session holds; undefined: it has no sessions.
   */
  readonly pushes?: { readonly route: string; readonly readRoute: string }
}

/** The forms of a contender with sessions, whose handlers have the names of the forms. */
function pushing(handlers: string): Contender['forms'] {
  return {
    awaited: { route: `${handlers}.awaited`, keeps: 'session, await apush' },
    unawaited: { route: `${handlers}.unawaited`, keeps: 'session, push' }
  }
}

/** The one form of a contender without sessions, in place of both. */
function inOneForm(route: string, keeps: string | null): Contender['forms'] {
  const form: Form = { route, keeps }
  return { awaited: form, unawaited: form }
}

const ours = {
  role: 'ours',
  file: { from: 'compiled', path: 'peers/ours.js' },
  packages: [],
  forms: pushing('counter'),
  check: 'counted'
} as const satisfies Partial<Contender>

const floor = { role: 'floor', packages: [], protocol: 'json' } as const

export const oursInText: Contender = { ...ours, name: 'Sallyport, JSON text', protocol: 'json' }

export const oursInPackages: Contender = {
  ...ours,
  name: 'Sallyport, Pomelo packages',
  protocol: 'pomelo',
  pushes: { route: 'position.push', readRoute: 'position.read' }
}

export const pinus: Contender = {
  name: 'Pinus',
  role: 'peer',
  file: { from: 'peers', path: 'servers/pinus.js' },
  packages: ['pinus', 'reflect-metadata'],
  protocol: 'pomelo',
  forms: pushing('game.counterHandler'),
  // With several requests in flight it loses increments; the case counts how many.
  check: 'numbers',
  pushes: { route: 'game.positionHandler.push', readRoute: 'game.positionHandler.read' }
}

export const socketIo: Contender = {
  name: 'Socket.IO',
  role: 'peer',
  file: { from: 'peers', path: 'servers/socket-io.js' },
  packages: ['socket.io', '@socket.io/cluster-adapter'],
  protocol: 'socket.io',
  forms: inOneForm('add', 'memory of the process'),
  check: 'counted'
}

export const colyseus: Contender = {
  name: 'Colyseus',
  role: 'peer',
  file: { from: 'peers', path: 'servers/colyseus.js' },
  packages: ['@colyseus/core', '@colyseus/schema', '@colyseus/ws-transport'],
  protocol: 'colyseus',
  forms: inOneForm('add', 'memory of the process'),
  check: 'counted'
}

const echo: Contender = {
  ...floor,
  name: 'ws echo',
  file: { from: 'compiled', path: 'floors/echo.js' },
  forms: inOneForm('counter.add', null),
  check: 'bodies'
}

const poolRun: Contender = {
  ...floor,
  name: 'pool.run per request',
  file: { from: 'compiled', path: 'floors/pool-run.js' },
  forms: inOneForm('counter.add', 'session, with the reply'),
  check: 'numbers'
}

export const contenders: readonly Contender[] = [
  oursInText,
  oursInPackages,
  pinus,
  socketIo,
  colyseus,
  echo,
  poolRun
]
