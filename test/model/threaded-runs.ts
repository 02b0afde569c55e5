/**
 * Runs of the model with real threads and sockets, and three players of one gateway. The players send steps
 * at the same time, without waiting for replies. They lose their connections and come back, leave and are
 * kicked. Workers are killed meanwhile.
 */
import fc from 'fast-check'
import { ClientError } from '../../client/index.js'
import { TestGateway } from '../../testing/index.js'
import type { Cut } from '../../testing/tcp-proxy.js'
import type { TestPlayer } from '../../testing/test-player.js'
import type { Acted, Step } from '../handlers/model/player.js'
import { handlersFolder } from '../helpers/gateway.js'
import { until } from '../helpers/until.js'
import { after, isSame, type Model, newModel, show, step, uid, uids } from './model.js'

type Move =
  | {
      readonly do: 'steps'
      /** Steps that each player sends, all at once. */
      readonly lists: readonly (readonly Step[])[]
      /** A worker that is killed, and a player who is cut off, while the steps are done. */
      readonly killed: number | undefined
      readonly cut: { readonly player: number; readonly how: Cut } | undefined
    }
  | { readonly do: 'kick'; readonly player: number; readonly uid: string }
  | { readonly do: 'comeBack'; readonly player: number }
  | { readonly do: 'leave'; readonly player: number }

/** Returns an arbitrary that has a value once in `times` times. */
function sometimes<Value>(arbitrary: fc.Arbitrary<Value>, times: number): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 1, arbitrary }, { weight: times - 1, arbitrary: fc.constant(undefined) })
}

const player = fc.nat(2)
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('steps' as const),
        lists: fc.array(fc.array(step, { maxLength: 5 }), { minLength: 3, maxLength: 3 }),
        killed: sometimes(fc.nat(1), 4),
        cut: sometimes(fc.record({ player, how: fc.constantFrom<Cut[]>('end', 'reset', 'midFrame') }), 3)
      })
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('comeBack' as const), player }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('kick' as const), player, uid }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), player }) }
  ),
  { minLength: 1, maxLength: 12 }
)

class ModelPlayer {
  readonly player: TestPlayer
  sid: number
  /** Possible states of the session; several only until the gateway's session is looked at. */
  possible: Model[] = [newModel()]
  isAway = false
  /** Whether the player was kicked, or has left. */
  hasLeft = false
  /** Steps whose replies were not checked yet. */
  readonly pending: { readonly step: Step; readonly acted: Promise<Acted | 'lost'> }[] = []

  constructor(player: TestPlayer, sid: number) {
    this.player = player
    this.sid = sid
  }

  send(route: 'player.act' | 'player.actSlowly', step: Step): void {
    const acted = this.player.request(route, step).catch((error: unknown) => {
      if (error instanceof ClientError && error.code === 'WORKER_LOST') return 'lost'
      throw error
    })
    acted.catch(() => {})
    this.pending.push({ step, acted: acted as Promise<Acted | 'lost'> })
  }

  /**
   * Waits for all replies, and keeps the possible states after them. Returns the number of steps that were
   * lost with their worker.
   */
  async settle(): Promise<number> {
    let lost = 0
    for (const { step, acted } of this.pending.splice(0)) {
      if ((await acted) === 'lost') lost++
      const before = this.possible
      this.possible = after(before, step, await acted)
      if (this.possible.length === 0)
        throw new Error(
          `${JSON.stringify(step)} ended with ${JSON.stringify(await acted)}, where the session was ${before
            .map(({ uid, settings }) => show(uid, settings))
            .join(' or ')}`
        )
    }
    return lost
  }
}

export class ThreadedRuns {
  readonly moves: fc.Arbitrary<Move[]> = moves
  readonly counts = { steps: 0, lost: 0, killed: 0, resumed: 0, kicked: 0, left: 0 }
  readonly #test: TestGateway

  private constructor(test: TestGateway) {
    this.#test = test
  }

  static async start(): Promise<ThreadedRuns> {
    const handlers = handlersFolder('model')
    const workerArgv = [] as string[]
    return new ThreadedRuns(
      await TestGateway.start({ handlers, workers: 2, workerArgv, maxRequestsPerSecond: 0 })
    )
  }

  close(): Promise<void> {
    return this.#test.close()
  }

  /** Returns the gateway's metrics, which show what is left over after a run. */
  left() {
    return this.#test.gateway.metrics()
  }

  /** Number of calls of the hooks so far, by name. */
  get hookCounts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = { onDrop: 0, onResume: 0, onClose: 0 }
    for (const { fields } of this.#hookLines()) counts[String(fields['hook'])]!++
    return counts
  }

  /**
   * Returns what is wrong with the hooks of the sessions so far, apart from those that were lost with their
   * worker: onDrop and onResume come in pairs, and onClose comes last, once.
   */
  hookFaults(): string[] {
    const { lines } = this.#test
    const lost = new Set(
      lines.filter(({ message }) => message === 'A hook failed').map(line => line.fields['sid'])
    )
    const bySid = new Map<unknown, string[]>()
    for (const { fields } of this.#hookLines()) {
      const { sid, hook } = fields
      bySid.set(sid, [...(bySid.get(sid) ?? []), String(hook)])
    }
    return [...bySid].flatMap(([sid, calls]) => {
      const names = calls.join(' ')
      const isRight = /^(onDrop onResume )*(onDrop )?onClose$/.test(names)
      return isRight || lost.has(sid) ? [] : [`${sid}: ${names}`]
    })
  }

  #hookLines() {
    return this.#test.lines.filter(({ message }) => message === 'hook')
  }

  async play(list: readonly Move[]): Promise<void> {
    const players = await Promise.all([1, 2, 3].map(() => this.#join()))
    try {
      for (const move of list) {
        await this.#do(move, players)
        await this.#compare(players)
      }
      for (const each of players) await this.#comeBack(each)
      await this.#compare(players)
      for (const { player } of players) player.client.close()
      await until('all sessions have ended', () => this.left().sessions === 0, 5_000)
    } finally {
      await Promise.all(players.map(({ player }) => player.close()))
    }
    if (this.left().users > 0) throw new Error(`${this.left().users} users are left over`)
  }

  async #join(): Promise<ModelPlayer> {
    const player = await this.#test.connect()
    return new ModelPlayer(player, (await player.request('player.whoAmI')) as number)
  }

  async #do(move: Move, players: readonly ModelPlayer[]): Promise<void> {
    if (move.do === 'steps') return this.#doSteps(move, players)
    const one = players[move.player]!
    if (one.hasLeft) return
    if (move.do === 'comeBack') return this.#comeBack(one)
    if (move.do === 'leave') {
      // A client that is away can't leave: the gateway would wait for its return.
      await this.#comeBack(one)
      one.player.client.close()
      this.counts.left++
      return this.#expectGone(one)
    }
    // A player with steps under way may be bound to any user, so they have to come back first. A player who
    // is away without such steps is kicked while away.
    for (const each of players) if (each.pending.length > 0 || each === one) await this.#comeBack(each)
    await this.#compare(players)
    // Players who kick themselves may get no reply, only the close.
    await one.player.request('player.act', { do: 'kick', uid: move.uid }).catch(() => {})
    for (const each of players) {
      if (each.hasLeft || each.possible[0]!.uid !== move.uid) continue
      this.counts.kicked++
      await this.#expectGone(each)
    }
  }

  async #doSteps(
    { lists, killed, cut }: Move & { do: 'steps' },
    players: readonly ModelPlayer[]
  ): Promise<void> {
    const route = killed === undefined ? 'player.act' : 'player.actSlowly'
    for (const [index, list] of lists.entries()) {
      if (players[index]!.hasLeft) continue
      for (const each of list) players[index]!.send(route, each)
      this.counts.steps += list.length
    }
    const one = cut === undefined ? undefined : players[cut.player]!
    const cutting = one === undefined || one.hasLeft || one.isAway ? undefined : one.player.cut(cut!.how)
    if (cutting !== undefined) one!.isAway = true
    // The kill should hit a running request. If all players are away, there is none.
    for (let i = 0; killed !== undefined && i < 10 && this.left().requestsRunning === 0; i++)
      await new Promise(resolve => setTimeout(resolve, 1))
    // The worker may be missing, since its replacement has not started yet.
    const kill = killed === undefined ? undefined : this.#test.killWorker(killed)
    await kill?.then(
      () => this.counts.killed++,
      error => {
        if (!(error instanceof RangeError)) throw error
      }
    )
    await cutting
  }

  async #comeBack(one: ModelPlayer): Promise<void> {
    if (one.isAway && !one.hasLeft) {
      const { resumed } = await one.player.comeBack()
      if (!resumed) throw new Error(`${one.sid} was not resumed`)
      one.isAway = false
      this.counts.resumed++
    }
    this.counts.lost += await one.settle()
  }

  /** Waits until a player's session has ended. The client can't resume it, and plays no more. */
  async #expectGone(one: ModelPlayer): Promise<void> {
    one.hasLeft = true
    one.pending.length = 0
    await until(
      `session ${one.sid} is gone`,
      () => this.#test.gateway.sessions.get(one.sid) === undefined,
      3_000
    )
    one.player.client.close()
  }

  /** Checks that each session has a possible state, and each user the sessions that are bound to them. */
  async #compare(players: readonly ModelPlayer[]): Promise<void> {
    const { sessions } = this.#test.gateway
    for (const one of players) {
      if (one.hasLeft || one.isAway) continue
      this.counts.lost += await one.settle()
      const session = sessions.get(one.sid)
      if (session === undefined) throw new Error(`session ${one.sid} is gone`)
      const seen = { uid: session.uid, settings: Object.entries(session.settings) }
      const found = one.possible.find(model => isSame(model, seen))
      if (found === undefined)
        throw new Error(
          `session ${one.sid} is ${show(seen.uid, seen.settings)}, not ${one.possible
            .map(({ uid, settings }) => show(uid, settings))
            .join(' or ')}`
        )
      one.possible = [found]
    }
    if (players.some(({ pending }) => pending.length > 0)) return
    for (const uid of uids) {
      const bound = players.filter(({ hasLeft, possible }) => !hasLeft && possible[0]!.uid === uid)
      const found = sessions.getByUid(uid).map(({ id }) => id)
      const wanted = bound.map(({ sid }) => sid)
      if (String(found.sort()) !== String(wanted.sort()))
        throw new Error(`${uid} has ${found}, not ${wanted}`)
    }
  }
}
