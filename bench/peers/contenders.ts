/**
 * The contenders of the comparison. Each defines the file to start, the protocol of its clients, and their
 * requests.
 */
import type { ReplyCheck } from './load/messages.js'
import type { ProtocolName } from './protocols/index.js'

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
  readonly route: string
  readonly check: ReplyCheck
  /**
   * Routes that push a key many times, and that read what the session holds; undefined: it has no sessions.
   */
  readonly pushes?: { readonly route: string; readonly readRoute: string }
}

const ours = {
  role: 'ours',
  file: { from: 'compiled', path: 'peers/ours.js' },
  packages: [],
  route: 'counter.add',
  check: 'counted'
} as const satisfies Partial<Contender>

const floor = { role: 'floor', packages: [], protocol: 'json', route: 'counter.add' } as const

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
  route: 'game.counterHandler.add',
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
  route: 'add',
  check: 'counted'
}

export const colyseus: Contender = {
  name: 'Colyseus',
  role: 'peer',
  file: { from: 'peers', path: 'servers/colyseus.js' },
  packages: ['@colyseus/core', '@colyseus/schema', '@colyseus/ws-transport'],
  protocol: 'colyseus',
  route: 'add',
  check: 'counted'
}

const echo: Contender = {
  ...floor,
  name: 'ws echo',
  file: { from: 'compiled', path: 'floors/echo.js' },
  check: 'bodies'
}

const poolRun: Contender = {
  ...floor,
  name: 'pool.run per request',
  file: { from: 'compiled', path: 'floors/pool-run.js' },
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
