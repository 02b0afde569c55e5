/**
 * Races of logins over gateways in processes of their own, of which some are drained and some killed, and
 * started anew; while connections are cut all the time.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cut } from '../../../testing/tcp-proxy.js'
import type { GatewayProcess } from '../cluster/gateway-process.js'
import { Gateways } from '../cluster/gateways.js'
import { fixture } from '../paths.js'
import { findDoubleLogins, LoginRaces, type LoginReport } from './login-races.js'
import { sharedClock } from './record.js'

export interface GatewayRacesInit {
  readonly count: number
  readonly mode: 'reject' | 'kick'
  readonly users: number
  readonly devices: number
  readonly ms: number
  readonly leaseTtl: number
  /** Milliseconds between two restarts of gateways; each third one is a kill. */
  readonly restartEvery: number
}

export interface GatewayRacesReport extends LoginReport {
  readonly cuts: number
  readonly drains: number
  readonly kills: number
  /** Sessions that have moved, as far as gateways could still be asked. */
  readonly moved: number
  readonly doubles: readonly string[]
}

/** Cuts that a client notices at once, whether its gateway does or not. */
const cuts: readonly Cut[] = ['end', 'reset', 'midFrame', 'clientOnly']

/** Milliseconds after which a drain has failed, whose requests are short and whose clients come back soon. */
const longestDrain = 15_000

/** A connection that is silent is noticed long before a lease is over. */
const options = {
  drainSpread: 300,
  handoverTimeout: 2_000,
  heartbeat: 500,
  maxQueueDelay: 0
}

export async function runGatewayRaces(init: GatewayRacesInit): Promise<GatewayRacesReport> {
  const { count, mode, users, devices, ms, leaseTtl, restartEvery } = init
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-logins-'))
  const pathOf = (start: number) => join(folder, `${start}`)
  const ends: (() => Promise<void>)[] = []
  try {
    const gateways = await Gateways.start(
      {
        count,
        handlers: fixture('handlers-cluster'),
        options: { ...options, singleSession: mode, leaseTtl },
        record: pathOf
      },
      { teardown: end => ends.push(end) }
    )
    const sessions = async () => {
      const all = gateways.all.map(each => each.ask('sessions', []).catch(() => []))
      return (await Promise.all(all)).flat()
    }
    const races = new LoginRaces({ gateways: { url: gateways.url, sessions }, users, devices, mode })
    const endedAt = new Map<number, number>()
    const counts = { cuts: 0, drains: 0, kills: 0, moved: 0 }
    const end = sharedClock() + ms
    const cut = async () => {
      for (let n = 0; sharedClock() < end; n++) {
        await pause(200)
        counts.cuts += gateways.proxy.cut(cuts[n % cuts.length]!, 0.2)
      }
    }
    const noteMoves = async (gateway: GatewayProcess) => {
      const metrics = await gateway.ask('metrics').catch(() => undefined)
      counts.moved += metrics?.sessionsMovedIn ?? 0
    }
    const drain = async (gateway: GatewayProcess) => {
      const late = setTimeout(async () => {
        const metrics = await gateway.ask('metrics').catch(({ message }) => message as object)
        const counted = Object.entries(metrics).filter(([, count]) => count > 0)
        const about = `${JSON.stringify(Object.fromEntries(counted))} ${gateway.said.slice(-1000)}`
        races.fault(`a drain has taken ${longestDrain} ms: ${about}`)
      }, longestDrain)
      const code = await gateway.drain()
      clearTimeout(late)
      endedAt.set(gateway.start, sharedClock())
      if (code !== 0) races.fault(`a gateway drained and ended with ${code}: ${gateway.said.slice(-500)}`)
    }
    const restart = async () => {
      for (let n = 0; ; n++) {
        await pause(restartEvery)
        if (sharedClock() > end) return
        const gateway = gateways.at(n % count)
        await noteMoves(gateway)
        if (n % 3 !== 2) {
          await drain(gateway)
          await gateways.startAnew(n % count)
          counts.drains++
          continue
        }
        races.killed()
        endedAt.set(gateway.start, sharedClock())
        await gateway.kill()
        races.killed()
        await gateways.startAnew(n % count)
        counts.kills++
      }
    }
    const report = await races.run(Promise.all([cut(), restart()]))
    for (const gateway of gateways.up) await noteMoves(gateway)
    for (const end of ends.splice(0)) await end()
    const records = Array.from({ length: gateways.starts }, (_, start) => ({
      text: readFileSync(pathOf(start), 'utf8'),
      endedAt: endedAt.get(start)
    }))
    return { ...report, ...counts, doubles: findDoubleLogins(records) }
  } finally {
    for (const end of ends) await end()
    rmSync(folder, { recursive: true, force: true })
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
