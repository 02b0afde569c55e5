/**
 * The own gateway as a member of the cluster: its starts one after the other, their leases, and its hellos.
 *
 *     naming ── no earlier start of the name lives ──> member ──> left
 *       ^                                                │
 *       └──────── the own start is certified dead ───────┘
 *
 * One loop renews the lease, looks at it and begins the next start: never two of these at a time. What others
 * do because of a new start, such as claiming users anew, is not waited for here: the new lease would lapse.
 */
import { errors } from '../../../shared/errors.js'
import type { Subscription } from '../bus/bus.js'
import { logsOf, subjectsOf } from '../bus/subjects.js'
import { Deaths } from '../leases/deaths.js'
import { Lease, renewalPart } from '../leases/lease.js'
import { LeaseLog } from '../leases/lease-log.js'
import { longestNaming, Starts } from '../leases/starts.js'
import { formatHello, type Hello, parseHello } from './hello.js'
import { type JoinOutcome, JoinWait } from './join-wait.js'
import type { MembersInit } from './members-init.js'
import type { Member, MemberState, Membership, MembershipListener } from './membership.js'
import { MembershipListeners } from './membership-listeners.js'
import { Peers } from './peers.js'
import { Tick } from './tick.js'

/** Milliseconds between two hellos. */
const helloInterval = 500

/** Part of a lease after which the next step is tried if the last one had no answer. */
const retryPart = 1 / 20

const leaseOver = 'The lease of this gateway has ended, and others have taken note of it'

export class Members implements Membership {
  readonly frontendId: string
  readonly #init: MembersInit
  readonly #subjects: ReturnType<typeof subjectsOf>
  readonly #leases: LeaseLog
  readonly #starts: Starts
  readonly #deaths: Deaths
  readonly #peers: Peers
  readonly #listeners: MembershipListeners
  readonly #hellos: Subscription
  readonly #renewing: Tick
  readonly #greeting: Tick
  #life: 'naming' | 'member' | 'left' = 'naming'
  #lease: Lease | undefined
  #start = 0
  /** Whether an earlier start of the name was seen to renew its lease. */
  #hasNamesake = false
  #joinWait: JoinWait | undefined
  #isDraining = false
  #wasDegraded = true
  #hadLease = false
  /** Called when the loop has come to a step: by `createMembers`, until the gateway is a member. */
  #onStep: (outcome: JoinOutcome) => void = () => {}

  /** Use `createMembers`. */
  constructor(init: MembersInit) {
    const { bus, cluster, frontendId, leaseTtl: ttl, protocol, alike, log, monotonic, metrics } = init
    this.#init = init
    this.frontendId = frontendId
    this.#listeners = new MembershipListeners(log)
    this.#subjects = subjectsOf(cluster)
    const logs = logsOf(cluster)
    this.#leases = new LeaseLog(bus, logs.leases)
    const { who: subjectOf, known: knownSubject } = this.#subjects
    this.#starts = new Starts({ bus, log: logs.starts, frontendId, subjectOf, knownSubject })
    this.#deaths = new Deaths({ log: this.#leases, ttl, monotonic })
    this.#peers = new Peers({
      frontendId,
      protocol,
      alike,
      ttl,
      log,
      monotonic,
      deaths: this.#deaths,
      joined: member => this.#listeners.tell(listener => listener.joined?.(member)),
      left: (...ended) => this.#listeners.tell(listener => listener.left?.(...ended))
    })
    this.#hellos = bus.subscribe(this.#subjects.hello, bytes => this.#hear(bytes))
    bus.onState(isUp => this.#followBus(isUp))
    this.#renewing = new Tick(() => this.#step(), log)
    this.#greeting = new Tick(async () => this.#lookAround(), log)
    metrics.gauge('leaseLeft', () => Math.round(this.leaseLeft))
  }

  get start(): number {
    return this.#start
  }

  get isDegraded(): boolean {
    return !this.#init.bus.isUp || !this.hasLease
  }

  get hasLease(): boolean {
    return this.#life === 'member' && this.#lease?.isGood === true
  }

  get others(): readonly Member[] {
    return this.#peers.all
  }

  /** Number of the last renewal of the own lease. */
  get renewal(): number {
    return this.#lease?.renewal ?? 0
  }

  /** Those that were heard and can't be in one cluster with this gateway. */
  get strangers(): Pick<Peers, 'incompatible' | 'namesake'> {
    return this.#peers
  }

  /** Milliseconds until the own lease ends. */
  get leaseLeft(): number {
    return this.hasLease ? this.#lease!.left : 0
  }

  isDead(start: number): Promise<boolean | undefined> {
    return start === this.#start ? Promise.resolve(false) : this.#deaths.isDead(start)
  }

  /** Whether a start is known to be dead, without a look. */
  isKnownDead(start: number): boolean {
    return this.#deaths.isKnown(start)
  }

  watch(listener: MembershipListener): void {
    this.#listeners.add(listener)
  }

  /** Tells the others that this gateway takes no new clients. */
  drain(): void {
    this.#isDraining = true
    this.#sayHello()
  }

  /**
   * Leaves the cluster for good: ends the own lease, so that nobody waits for its end, and tells the others.
   * What this gateway has claimed is free for others from then on.
   */
  async leave(): Promise<void> {
    if (this.#life === 'left') return
    await this.#end()
    await this.#lease?.giveUp()
    if (this.#start > 0) this.#sayHello('left')
  }

  /** Makes the logs, and begins the first start. @throws GatewayError */
  async join(): Promise<void> {
    const { cluster, leaseTtl, log } = this.#init
    await this.#starts.make()
    await this.#leases.make()
    if (this.#life === 'left') throw errors.closing()
    const outcome = await this.#becomeMember()
    if (outcome === 'member')
      return log.info('Joined the cluster', { cluster, frontendId: this.frontendId, start: this.#start })
    await this.leave()
    if (outcome === 'taken') throw errors.frontendTaken(this.frontendId, cluster)
    const why = `its logs gave no answer for ${longestNaming * leaseTtl} ms`
    throw errors.clusterUnavailable('a start number', why)
  }

  /** Resolves when the first start is a member, or to why it is not. */
  #becomeMember(): Promise<JoinOutcome> {
    const { leaseTtl, monotonic } = this.#init
    const wait = new JoinWait(leaseTtl, monotonic)
    this.#joinWait = wait
    return new Promise(resolve => {
      this.#onStep = outcome => {
        if (!wait.isDecided(outcome, this.#hasNamesake)) return
        this.#onStep = () => {}
        resolve(outcome)
      }
      this.#renewing.begin(0)
    })
  }

  /** One step of the loop. Returns the milliseconds until the next. */
  async #step(): Promise<number> {
    const outcome = await this.#renew()
    this.#noticeState()
    this.#onStep(outcome)
    // The others count the lease from when they hear of its renewal.
    if (outcome === 'member') this.#sayHello()
    return this.#init.leaseTtl * (outcome === 'member' ? renewalPart : retryPart)
  }

  async #renew(): Promise<JoinOutcome> {
    if (!this.#init.bus.isUp) return 'unanswered'
    this.#lease ??= await this.#begin()
    const lease = this.#lease
    if (lease === undefined) return 'unanswered'
    const renewal = await lease.renew()
    if (renewal === 'unanswered') return 'unanswered'
    if (renewal === 'dead') {
      this.#lease = undefined
      this.#deaths.noteOwn(lease.start)
      if (this.#life === 'member') {
        this.#life = 'naming'
        this.#init.log.warn(leaseOver, { start: lease.start })
      }
      return this.#renew()
    }
    return this.#life === 'naming' ? this.#takeName(lease) : 'member'
  }

  async #begin(): Promise<Lease | undefined> {
    const { leaseTtl: ttl, monotonic } = this.#init
    const madeAt = await this.#leases.madeAt()
    const start = madeAt === undefined ? undefined : await this.#starts.begin()
    if (madeAt === undefined || start === undefined) return undefined
    return new Lease({ start, log: this.#leases, madeAt, ttl, monotonic })
  }

  /** Becomes a member, if no earlier start of the name lives. */
  async #takeName(lease: Lease): Promise<JoinOutcome> {
    const others = await this.#starts.othersBefore(lease.start, start => this.#deaths.isDead(start))
    // It may have left meanwhile.
    if (others === undefined || this.#hasLeft) return 'unanswered'
    this.#hasNamesake = others.some(start => this.#deaths.isSeenAlive(start))
    if (others.length > 0) return 'taken'
    if (!lease.isGood) return 'unanswered'
    const isFirst = this.#start === 0
    this.#start = lease.start
    this.#life = 'member'
    this.#sayHello(undefined, isFirst)
    if (isFirst) {
      this.#starts.answer()
      this.#greeting.begin(helloInterval)
    } else this.#listeners.tell(listener => listener.restarted?.(lease.start))
    return 'member'
  }

  /** What is done at each hello. */
  #lookAround(): number {
    this.#noticeState()
    this.#sayHello()
    if (this.#init.bus.isUp) this.#peers.judgeSilent()
    return helloInterval
  }

  #followBus(isUp: boolean): void {
    if (this.#life === 'left') return
    if (isUp) {
      this.#joinWait?.waitAnew()
      this.#deaths.waitAnew()
      this.#peers.listenAnew()
      void this.#lease?.followLog()
      this.#renewing.hurry()
      this.#sayHello(undefined, true)
    }
    this.#noticeState()
  }

  #noticeState(): void {
    const { isDegraded, hasLease } = this
    if (this.#life === 'left' || this.#start === 0) return
    if (this.#hadLease && !hasLease) this.#init.metrics.count('leasesLost')
    this.#hadLease = hasLease
    if (isDegraded === this.#wasDegraded) return
    this.#wasDegraded = isDegraded
    this.#sayHello()
    this.#listeners.tell(listener => listener.stateChanged?.(isDegraded))
  }

  #hear(bytes: Buffer): void {
    const hello = parseHello(bytes)
    if (hello === undefined || this.#life === 'left' || hello.start === this.#start) return
    this.#starts.note(hello.start)
    if (hello.greets) this.#sayHello()
    this.#peers.take(hello)
  }

  #sayHello(state: Hello['state'] = this.#state, greets = false): void {
    const { bus, version, protocol, alike, claimsVersion, load } = this.#init
    if (this.#start === 0 || (this.#hasLeft && state !== 'left')) return
    const { frontendId, start, renewal } = this
    const known = { frontendId, start, state, version, protocol, renewal, alike, claimsVersion }
    bus.publish(this.#subjects.hello, formatHello({ ...known, load: load(), greets }))
  }

  get #hasLeft(): boolean {
    return this.#life === 'left'
  }

  get #state(): MemberState {
    if (this.#isDraining) return 'draining'
    return this.isDegraded ? 'degraded' : 'up'
  }

  async #end(): Promise<void> {
    this.#life = 'left'
    await Promise.all([this.#renewing.end(), this.#greeting.end()])
    this.#hellos.end()
    this.#starts.end()
  }
}
