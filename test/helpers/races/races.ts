/**
 * A race: processes bind the same users at the same time, round after round, while processes and servers are
 * killed, stopped and cut off from each other. At the end all processes are killed, and a new one has all
 * users.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FaultTime, judge, type Verdict } from './judge.js'
import { RaceServers } from './race-servers.js'
import { Racers } from './racers.js'
import { sharedClock } from './record.js'
import type { Variant } from './variants.js'

export interface RacesInit {
  /** Servers of NATS: 1, or 3 that keep three replicas. */
  readonly servers: 1 | 3
  readonly racers: number
  readonly rounds: number
  readonly users: number
  /** Milliseconds from one round to the next. */
  readonly interval: number
  readonly mode: 'reject' | 'kick'
  readonly leaseTtl: number
  readonly variant: Variant
  /** What happens meanwhile: to processes, to servers, and between servers. */
  readonly faults: readonly FaultKind[]
  /** Milliseconds between two faults, on average, of processes and of servers. */
  readonly faultEvery: number
  readonly serverFaultEvery: number
}

export const faultKinds = ['kill', 'stop', 'killServer', 'stopServer', 'isolate'] as const

export type FaultKind = (typeof faultKinds)[number]

export interface RaceReport extends Verdict {
  readonly faults: Readonly<Record<FaultKind, number>>
  /** Milliseconds for which a new process had to wait for all users, after all others were killed. */
  readonly lastBoundAfter: number
  /** Users that the new process has. */
  readonly lastBound: number
}

export async function runRaces(init: RacesInit): Promise<RaceReport> {
  const ends: (() => Promise<void>)[] = []
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-races-'))
  try {
    const servers = await RaceServers.start(init.servers, { teardown: end => ends.push(end) })
    const { mode, interval, rounds, users, leaseTtl, variant } = init
    const common = { mode, interval, rounds, users, leaseTtl }
    const racers = new Racers(folder, {
      ...common,
      begin: 0,
      nats: servers.url,
      replicas: init.servers,
      variant,
      claimTimeout: 3 * leaseTtl
    })
    ends.push(() => racers.killAll())
    await Promise.all(Array.from({ length: init.racers }, () => racers.begin()))
    const begin = sharedClock() + 200
    racers.setBegin(begin)
    const faults = new Faults(init, servers, racers)
    await faults.runUntil(begin + rounds * interval)
    await racers.killAll()
    const lastSaid = (await racers.begin(true)) as { bound: number; after: number }
    await racers.killAll()
    const verdict = judge({ ...common, begin }, racers.readRecords(), faults.times)
    return { ...verdict, faults: faults.counts, lastBoundAfter: lastSaid.after, lastBound: lastSaid.bound }
  } finally {
    for (const end of ends.reverse()) await end()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Faults {
  readonly #init: RacesInit
  readonly #servers: RaceServers
  readonly #racers: Racers
  readonly times: FaultTime[] = []
  readonly counts: Record<FaultKind, number> = { kill: 0, stop: 0, killServer: 0, stopServer: 0, isolate: 0 }

  constructor(init: RacesInit, servers: RaceServers, racers: Racers) {
    this.#init = init
    this.#servers = servers
    this.#racers = racers
  }

  /** Does faults until a time; then all that was stopped goes on. */
  async runUntil(end: number): Promise<void> {
    const { faults, faultEvery, serverFaultEvery } = this.#init
    const ofRacers = faults.filter(kind => kind === 'kill' || kind === 'stop')
    const ofServers = faults.filter(kind => kind !== 'kill' && kind !== 'stop')
    await Promise.all([this.#run(ofRacers, faultEvery, end), this.#run(ofServers, serverFaultEvery, end)])
  }

  async #run(kinds: readonly FaultKind[], every: number, end: number): Promise<void> {
    for (;;) {
      await pause(Math.min(every * (0.3 + 1.4 * Math.random()), Math.max(0, end - sharedClock())))
      if (sharedClock() >= end) return
      const kind = pick(kinds)
      if (kind === undefined) continue
      const from = sharedClock()
      this.counts[kind]++
      await this.#do(kind)
      this.times.push({ from, to: sharedClock() })
    }
  }

  async #do(kind: FaultKind): Promise<void> {
    const { leaseTtl } = this.#init
    const index = Math.floor(Math.random() * this.#servers.all.length)
    const server = this.#servers.all[index]!
    const racer = pick(this.#racers.running)
    if (racer === undefined) return
    switch (kind) {
      case 'kill':
        await this.#racers.kill(racer)
        await this.#racers.begin()
        return
      case 'stop':
        racer.kill('SIGSTOP')
        await pause(leaseTtl * (0.2 + 2.3 * Math.random()))
        racer.kill('SIGCONT')
        return
      case 'killServer':
        await server.kill()
        await pause(100 + 900 * Math.random())
        await server.start()
        return
      case 'stopServer':
        server.stop()
        await pause(100 + 2_900 * Math.random())
        server.goOn()
        return
      case 'isolate':
        this.#servers.isolate(index)
        await pause(1_000 + 11_000 * Math.random())
        this.#servers.rejoin(index)
    }
  }
}

function pick<Value>(values: readonly Value[]): Value | undefined {
  return values[Math.floor(Math.random() * values.length)]
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
