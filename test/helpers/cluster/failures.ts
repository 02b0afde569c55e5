/**
 * What befalls a cluster, one thing at a time, under players with requests in flight and events for them: a
 * rolling restart with changed handlers, the death of a gateway, an outage of NATS, and a gateway that is
 * stopped. Each returns its figures; what was promised and did not hold is among the faults.
 */
import { percentile } from '../../../bench/figures/percentile.js'
import { connect } from '../../../client/node.js'
import { until } from '../until.js'
import { ClusterCrowd, type ClusterCrowdInit } from './cluster-crowd.js'
import type { ClusterReport } from './cluster-report.js'
import type { Gateways } from './gateways.js'

export interface FailureInit {
  readonly gateways: Gateways
  readonly count: number
  readonly players: number
}

type Figures<More> = ClusterReport & More

/** An answered request: when, how long it took, and by which gateway's process. */
interface Answered {
  readonly at: number
  readonly ms: number
  readonly pid: number
}

async function play(init: FailureInit, more: Partial<ClusterCrowdInit> = {}) {
  const answers: Answered[] = []
  const crowd = await ClusterCrowd.join({
    gateways: init.gateways,
    players: init.players,
    answered: (player, ms) => answers.push({ at: performance.now(), ms, pid: player.at }),
    ...more
  })
  crowd.play({ inFlight: 2, pause: 20 })
  crowd.every(50, 'events', () => crowd.tick())
  return { crowd, answers }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

function p99(answers: readonly Answered[]): number {
  return Math.round(
    percentile(
      answers.map(({ ms }) => ms),
      0.99
    )
  )
}

/** Drains each gateway and starts it anew with changed handlers, one after the other. */
export async function runRolling(
  init: FailureInit & { readonly next: string; readonly nextDist?: string }
): Promise<Figures<{ readonly drainMs: readonly number[] }>> {
  const { gateways, count, next, nextDist } = init
  const { crowd } = await play(init)
  const drainMs: number[] = []
  for (let index = 0; index < count; index++) {
    await pause(500)
    await crowd.keepFigures(gateways.at(index))
    const start = performance.now()
    const renewal = { handlers: next, ...(nextDist !== undefined && { dist: nextDist }) }
    const code = await gateways.roll(index, renewal)
    drainMs.push(Math.round(performance.now() - start))
    if (code !== 0) crowd.fault(`g${index + 1} drained and ended with ${code}`)
  }
  await crowd.expect('all are back', () => crowd.players.every(({ isIn }) => isIn))
  for (const player of crowd.players) {
    const version = await player.ask('player.version')
    if (version !== 2) crowd.fault(`${player.uid} has version ${version}`)
  }
  return { ...(await crowd.end({ isExact: true })), drainMs }
}

/** Kills one gateway; the others must not notice, and its users must be in again. */
export async function runCrash(init: FailureInit): Promise<
  Figures<{
    readonly lostWithIt: number
    readonly backAfterMs: number
    readonly p99BeforeMs: number
    /** Of the players of the others, for each half second after the death. */
    readonly p99AfterMs: readonly number[]
  }>
> {
  const { gateways } = init
  // Their name is held by the dead gateway until its lease is over.
  const stated = new Set(['SINGLE_SESSION', 'CLUSTER_UNAVAILABLE', 'CLUSTER_TIMEOUT', 'FRONTEND_LOST'])
  const { crowd, answers } = await play(init, { stated })
  await pause(2_000)
  const dead = gateways.at(0)
  const its = crowd.players.filter(({ at }) => at === dead.pid)
  const others = crowd.players.filter(({ at }) => at !== dead.pid)
  const sids = others.map(({ sid }) => sid)
  const before = p99(answers.filter(({ pid }) => pid !== dead.pid))
  const start = performance.now()
  await crowd.kill(dead)
  await crowd.expect('its users are in again', () => its.every(({ isIn, lives }) => isIn && lives > 1))
  const backAfterMs = Math.round(performance.now() - start)
  await pause(1_000)
  const after = [0, 500, 1_000, 1_500, 2_000, 2_500].map(ms =>
    p99(answers.filter(({ at, pid }) => pid !== dead.pid && at >= start + ms && at < start + ms + 500))
  )
  for (const [i, { uid, lives, sid }] of others.entries())
    if (lives > 1 || sid !== sids[i]) crowd.fault(`${uid} of another gateway got a new session`)
  await gateways.startAnew(0)
  const report = await crowd.end({ isExact: true })
  return { ...report, lostWithIt: its.length, backAfterMs, p99BeforeMs: before, p99AfterMs: after }
}

/** Kills NATS and starts it again after `ms`; own players play on, and nothing is lost. */
export async function runOutage(
  init: FailureInit & { readonly ms: number }
): Promise<
  Figures<{ readonly degradedAfterMs: number; readonly healedAfterMs: number; readonly answeredInIt: number }>
> {
  const { gateways, ms } = init
  const { crowd, answers } = await play(init)
  const start = performance.now()
  await gateways.nats.kill()
  await expectStates(gateways, 'degraded', crowd)
  const degradedAfterMs = Math.round(performance.now() - start)
  for (const gateway of gateways.up) {
    const problems = await gateway.ask('problems')
    if (problems.length === 0) crowd.fault(`${gateway.options['frontendId']} has no problem to tell of`)
    if (!(await gateway.ask('isReady'))) crowd.fault(`${gateway.options['frontendId']} is not ready`)
  }
  const code = await logInAnew(gateways)
  if (code !== 'CLUSTER_UNAVAILABLE') crowd.fault(`a new login ended with ${code}`)
  await pause(Math.max(0, start + ms - performance.now()))
  const answeredInIt = answers.filter(({ at }) => at > start + degradedAfterMs).length
  if (answeredInIt === 0) crowd.fault('no request was answered while NATS was away')
  const back = performance.now()
  await gateways.nats.startAgain()
  await expectStates(gateways, 'up', crowd)
  const healedAfterMs = Math.round(performance.now() - back)
  const again = await logInAnew(gateways)
  if (again !== undefined) crowd.fault(`a new login after the outage ended with ${again}`)
  return { ...(await crowd.end({ isExact: true })), degradedAfterMs, healedAfterMs, answeredInIt }
}

/** Kills NATS again and again, each time for a moment. */
export async function runOutages(
  init: FailureInit & { readonly times: number }
): Promise<Figures<{ readonly kills: number; readonly resent: number }>> {
  const { gateways, times } = init
  const { crowd } = await play(init)
  for (let kill = 0; kill < times; kill++) {
    await pause(300)
    await gateways.nats.kill()
    await pause(Math.random() * 500)
    await gateways.nats.startAgain()
    await expectStates(gateways, 'up', crowd)
  }
  let resent = 0
  for (const gateway of gateways.up)
    resent += ((await gateway.ask('metrics')) as Record<string, number>)['clusterResent'] ?? 0
  return { ...(await crowd.end({ isExact: true })), kills: times, resent }
}

/**
 * Stops one gateway's process for `ms`; the others must not wait for it. `beyondLease`: the others may take
 * it for dead, and have its users log in anew.
 */
export async function runStopped(
  init: FailureInit & { readonly ms: number; readonly beyondLease?: boolean }
): Promise<
  Figures<{ readonly p99BeforeMs: number; readonly p99InItMs: number; readonly answeredInIt: number }>
> {
  const { gateways, ms } = init
  const { crowd, answers } = await play(init)
  await pause(1_000)
  const stopped = gateways.at(0)
  const before = p99(answers.filter(({ pid }) => pid !== stopped.pid))
  const start = performance.now()
  if (init.beyondLease) crowd.suspect(stopped)
  stopped.stop()
  await pause(ms)
  const inIt = answers.filter(({ at, pid, ms: took }) => pid !== stopped.pid && at - took > start)
  stopped.go()
  if (init.beyondLease) await crowd.doubtAll(stopped)
  if (inIt.length === 0) crowd.fault('the others answered nothing')
  const report = await crowd.end({ isExact: true })
  return { ...report, p99BeforeMs: before, p99InItMs: p99(inIt), answeredInIt: inIt.length }
}

/** Waits until all gateways say that they are in a state. */
async function expectStates(gateways: Gateways, state: string, crowd: ClusterCrowd): Promise<void> {
  let said: unknown[] = []
  const end = performance.now() + 20_000
  do {
    said = await Promise.all(gateways.up.map(gateway => gateway.ask('state')))
  } while (said.some(each => each !== state) && performance.now() < end)
  if (said.some(each => each !== state)) crowd.fault(`the states are ${said.join(', ')}, not ${state}`)
}

/** A user who was not there before logs in. Returns the code of the error; undefined: they are in. */
async function logInAnew(gateways: Gateways): Promise<string | undefined> {
  const client = await connect(gateways.url)
  try {
    await client.request('player.login', { uid: `newcomer ${performance.now()}` })
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  } finally {
    client.close()
    await until('they have gone', () => client.state === 'closed')
  }
}
