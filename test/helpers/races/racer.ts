/**
 * A process of a race: a gateway's members and claims without its sockets. It binds the users of each round
 * at the round's time, and records what it believes.
 */
import { NatsBus } from '../../../gateway/cluster/bus/nats-bus.js'
import { subjectsOf } from '../../../gateway/cluster/bus/subjects.js'
import { ClusterClaims } from '../../../gateway/cluster/claims/cluster-claims.js'
import { questionsVersion } from '../../../gateway/cluster/claims/questions.js'
import { Interest } from '../../../gateway/cluster/interest/interest.js'
import { ClusterLinks } from '../../../gateway/cluster/link/cluster-links.js'
import { processTiming } from '../../../gateway/cluster/link/link-host.js'
import { createMembers } from '../../../gateway/cluster/members/create-members.js'
import type { ClaimedSessions } from '../../../gateway/sessions/user-claims.js'
import { Metrics } from '../../../gateway/telemetry/metrics.js'
import { createTextLogger } from '../../../shared/text/log.js'
import { Names } from '../names.js'
import { CasClaims } from './cas-claims.js'
import { heldFor, type RacePlan, userOf } from './judge.js'
import { Recorder, sharedClock } from './record.js'
import { leaveOut, type Variant } from './variants.js'

export interface RacerInit extends RacePlan {
  readonly nats: string
  readonly replicas: number
  readonly frontendId: string
  readonly claimTimeout: number
  readonly variant: Variant
  readonly record: string
  /** Numbers of its sessions begin behind it. */
  readonly sidsBehind: number
  /** Binds all users once, and ends: shows how long they are kept out by those that were killed. */
  readonly isLast: boolean
}

const cluster = 'races'

/** Part of the rounds whose sessions stay until the next round of their user. */
const keptPart = 0.4

/** Times that the last process tries to have a user, each for a claim's time at most. */
const mostTries = 10

/** Milliseconds between two looks at the own lease. */
const lookInterval = 2

const init: RacerInit = JSON.parse(process.argv[2]!)
const { frontendId, leaseTtl, claimTimeout, mode, variant, replicas } = init
const log = createTextLogger('error', line => console.error(`${frontendId} ${line}`), Date.now)
const metrics = new Metrics()
const recorder = new Recorder(init.record)

const natsBus = await NatsBus.connect({
  nats: init.nats,
  natsCredentials: '',
  natsToken: '',
  natsUser: '',
  natsPassword: '',
  natsTlsCa: '',
  natsTlsCert: '',
  natsTlsKey: '',
  cluster,
  clusterReplicas: replicas,
  frontendId,
  log
})
const bus = leaveOut(natsBus, cluster, variant)
const members = await createMembers({
  bus,
  cluster,
  frontendId,
  version: '1.0.0',
  protocol: { least: 1, most: 1 },
  alike: {},
  claimsVersion: questionsVersion,
  leaseTtl,
  load: () => ({ connections: 0, sessions: 0, queueDelay: 0, eventLoopDelay: 0, heapUsed: 0 }),
  metrics,
  log,
  monotonic: sharedClock
})

/** The users of bound sessions, as the others know of them: by links, and a little late. */
const users = new Names()
const links = new ClusterLinks({
  bus,
  subjectOf: subjectsOf(cluster).link,
  allSubject: subjectsOf(cluster).all,
  log,
  metrics,
  window: 1_048_576,
  queueBytes: 16_777_216
})
const interest = new Interest({ ...processTiming, links, users, channels: new Names(), metrics })

function beginLinks(start: number): void {
  links.begin(start)
  for (const member of members.others) links.add(member, member.protocol)
}
members.watch({
  joined: member => links.add(member, member.protocol),
  left: start => links.remove(start),
  restarted: beginLinks
})
beginLinks(members.start)

/** The users of bound sessions. */
const bound = new Map<number, string>()
const unsecured = new Set<number>()
let lastSid = init.sidsBehind

const sessions: ClaimedSessions = {
  giveUp(uid, sid, how) {
    if (bound.get(sid) !== uid) return true
    if (how === 'reject') return false
    end(sid)
    return true
  }
}

const common = { bus, cluster, members, sessions, mode, claimTimeout, leaseTtl, metrics, log }
const clusterClaims = variant === 'cas' ? undefined : new ClusterClaims({ ...common, monotonic: sharedClock })
// A faulty variant has no second net, which would hide its fault.
if (clusterClaims !== undefined && variant === 'none')
  clusterClaims.interestedIn = uid => interest.ofUser(uid).map(({ start }) => start)
await clusterClaims?.open()
const claims = clusterClaims ?? (await CasClaims.open({ ...common, replicas, servers: init.nats }))

// Those who are bound when the own start is dead hold their users again only once they are claimed anew.
members.watch({
  restarted() {
    for (const [sid, uid] of bound) {
      recorder.end(sid, uid)
      unsecured.add(sid)
      if (clusterClaims === undefined) end(sid)
    }
  }
})

function end(sid: number): void {
  const uid = bound.get(sid)
  if (uid === undefined) return
  if (!unsecured.delete(sid)) recorder.end(sid, uid)
  bound.delete(sid)
  users.remove(uid)
  claims.release(uid, sid)
}

let until = 0
function look(): void {
  const now = sharedClock()
  const ends = now + members.leaseLeft
  if (Math.abs(ends - until) > 0.01) {
    until = ends
    recorder.lease(until)
  }
  for (const sid of unsecured) {
    const uid = bound.get(sid)!
    if (clusterClaims?.isSecured(uid, sid) !== true) continue
    unsecured.delete(sid)
    recorder.bound(sid, uid)
  }
}

async function bind(uid: string, round: number, endsAt: number): Promise<boolean> {
  const sid = ++lastSid
  const error = await claims.claim(uid, sid)
  const isHeld = claims.isHeld(uid, sid)
  if (error === undefined && isHeld) {
    look()
    bound.set(sid, uid)
    users.add(uid)
    recorder.bound(sid, uid)
    if (!init.isLast) setTimeout(end, endsAt - sharedClock(), sid)
  }
  recorder.outcome(round, error === undefined && !isHeld ? 'SINGLE_SESSION' : (error?.code ?? 'bound'))
  return error === undefined
}

/** Begins the rounds whose time has come; those that were missed are left out. */
function runRounds(): void {
  const now = sharedClock()
  for (; next < init.rounds && timeOf(next) <= now; next++) {
    if (timeOf(next) < now - 150) continue
    const round = next
    const isKept = ((round * 2_654_435_761) >>> 0) / 2 ** 32 < keptPart
    const endsAt = timeOf(isKept ? round + init.users : round) + heldFor
    void bind(userOf(init, round), round, endsAt)
    if (round % 5 === 0) void bind(userOf(init, round), round, endsAt)
  }
}

function timeOf(round: number): number {
  return begin + round * init.interval
}

let begin = init.begin
let next = 0
setInterval(look, lookInterval)
if (init.isLast) {
  const begun = sharedClock()
  // As clients do, which come again where a claim was not decided in time.
  const keepTrying = async (user: number) => {
    for (let tries = 0; tries < mostTries; tries++)
      if (await bind(userOf(init, user), -1 - user, 0)) return true
    return false
  }
  const results = Array.from({ length: init.users }, (_, user) => keepTrying(user))
  const all = await Promise.all(results)
  process.send!({ bound: all.filter(isBound => isBound).length, after: Math.round(sharedClock() - begun) })
} else {
  process.send!('ready')
  // The first ones are told the time of the first round when all are ready.
  process.on('message', time => {
    begin = Number(time)
  })
  setInterval(() => {
    if (begin > 0) runRounds()
  }, 1)
}
process.on('disconnect', () => process.exit())
