/**
 * The links of a gateway to all others, over a bus. Made with the cluster; the assembly adds and removes the
 * gateways that Membership tells of.
 */
import type { Logger } from '../../../shared/text/log.js'
import type { Metrics } from '../../telemetry/metrics.js'
import { SeldomLine } from '../../telemetry/seldom-line.js'
import type { Bus, Subscription } from '../bus/bus.js'
import { encodeText, readEncoded } from './batch-text.js'
import { type LinkHost, processTiming, type Timing } from './link-host.js'
import {
  type FlushedLinks,
  type FrameKind,
  type FrameReader,
  frameKinds,
  type Link,
  type LinkFigures,
  type LinkListener
} from './links.js'
import { linkVersions, messageKinds, readHead } from './messages.js'
import { Peer } from './peer.js'
import type { PeerLink } from './peer-link.js'
import { pieceLength } from './pieces.js'
import { findShared, readShared, type SharedBatch } from './shared-batch.js'

export interface ClusterLinksInit {
  readonly bus: Bus
  /** Returns the subject of the messages to a start. */
  readonly subjectOf: (start: number) => string
  /** The subject of messages to all gateways. Without it, each gateway gets messages of its own only. */
  readonly allSubject?: string
  readonly log: Logger
  /** Gets the counters and the gauges of the links. */
  readonly metrics: Metrics
  /** Bytes that may be sent to one gateway and unacked (`clusterWindow`). */
  readonly window: number
  /** Bytes that may wait behind them (`clusterQueueBytes`). */
  readonly queueBytes: number
  /** Default: the process's. */
  readonly timing?: Timing
}

/** What the links need to know of a gateway. */
export interface LinkedMember {
  readonly frontendId: string
  readonly start: number
}

/** Milliseconds after which an ack leaves that had no batch to ride on. */
const ackAfter = 3

/** Milliseconds between two looks at batches without an ack. */
const lookEvery = 50

/** Unknown starts that are remembered because messages came from them. */
const mostStrangers = 256

export class ClusterLinks implements FlushedLinks, LinkHost {
  readonly window: number
  readonly queueBytes: number
  readonly metrics: Metrics
  readonly readers: (FrameReader | undefined)[] = []
  readonly monotonic: () => number
  readonly #init: ClusterLinksInit
  readonly #timing: Timing
  readonly #unreadable: SeldomLine
  readonly #listeners: LinkListener[] = []
  readonly #peers = new Map<number, Peer>()
  #strangers = new Set<number>()
  #all: readonly PeerLink[] = []
  broken: readonly string[] = []
  #start: number | undefined
  #subscriptions: readonly Subscription[] = []
  /** What is to run at the end of this turn, and the links that then are flushed. */
  #befores: (() => void)[] = []
  #flushes: PeerLink[] = []
  #isFlushDue = false
  #isClosed = false
  #acks: PeerLink[] = []
  #isLooking = false

  constructor(init: ClusterLinksInit) {
    const { bus, window, queueBytes, log, metrics, timing = processTiming } = init
    this.#init = init
    this.#timing = timing
    this.window = window
    this.queueBytes = queueBytes
    this.monotonic = timing.monotonic
    this.metrics = metrics
    this.#unreadable = new SeldomLine('A message on the bus could not be read', {
      log,
      monotonic: timing.monotonic
    })
    metrics.gauge('clusterPeers', () => this.#all.length)
    metrics.gauge('clusterQueueBytes', () => most(this.#all, ({ queueBytes }) => queueBytes))
    metrics.gauge('clusterLag', () => most(this.#all, ({ lag }) => lag))
    bus.onState(isUp => {
      if (isUp) for (const link of this.#all) link.sendAgain()
    })
  }

  get isUp(): boolean {
    return this.#init.bus.isUp
  }

  get pieceLength(): number {
    return pieceLength(this.#init.bus.maxBytes)
  }

  get all(): readonly PeerLink[] {
    return this.#all
  }

  find(frontendId: string): Link | undefined {
    return this.#all.findLast(link => link.frontendId === frontendId)
  }

  ofStart(start: number): Link | undefined {
    return this.#peers.get(start)?.link
  }

  read(kind: FrameKind, reader: FrameReader): void {
    const number = frameKinds[kind]
    if (this.readers[number] !== undefined)
      throw new Error(`Frames of the kind ${kind} have a reader already`)
    this.readers[number] = reader
  }

  watch(listener: LinkListener): void {
    this.#listeners.push(listener)
  }

  /** Begins to listen, as the start of this number. Ends all links of the start before. */
  begin(start: number): void {
    this.#endAll()
    this.#start = start
    const { bus, subjectOf, allSubject } = this.#init
    const subjects = [subjectOf(start), ...(allSubject === undefined ? [] : [allSubject])]
    this.#subscriptions = subjects.map(subject => bus.subscribe(subject, bytes => this.#receive(bytes)))
  }

  /** A gateway has joined: its link begins. Does nothing if there is one to this start. */
  add({ frontendId, start }: LinkedMember, version: number = linkVersions.most): void {
    const ownStart = this.#start
    if (ownStart === undefined) throw new Error('The links have not begun')
    if (this.#isClosed || this.#peers.has(start)) return
    const peer = new Peer({
      host: this,
      timing: this.#timing,
      log: this.#init.log,
      ownStart,
      frontendId,
      start,
      version,
      linkUp: link => {
        this.#listLinks()
        for (const listener of this.#listeners) listener.linkUp?.(link)
      },
      linkDown: link => {
        this.#listLinks()
        for (const listener of this.#listeners) listener.linkDown?.(link)
      }
    })
    this.#peers.set(start, peer)
    peer.begin(this.#strangers.delete(start))
  }

  /** A start is over: its link ends. */
  remove(start: number, byItself = false): void {
    const peer = this.#peers.get(start)
    this.#peers.delete(start)
    peer?.end(byItself)
  }

  /**
   * Sends what was written, and waits until the others have taken it in, at most `ms` milliseconds. Then ends
   * all links.
   */
  async close(ms: number): Promise<void> {
    const taken = this.#all.map(link => {
      link.flush()
      return new Promise<void>(resolve => link.whenTakenIn(() => resolve()))
    })
    let stop = () => {}
    await Promise.race([
      Promise.all(taken),
      new Promise<void>(resolve => (stop = this.#timing.after(ms, resolve)))
    ])
    stop()
    // What was taken in is not lost: else the others would count it.
    for (const link of this.#all) link.sendDueAck()
    this.#isClosed = true
    this.#endAll()
  }

  publish(start: number, bytes: Buffer): void {
    const { bus, subjectOf } = this.#init
    if (bus.isUp) bus.publish(subjectOf(start), bytes)
  }

  flushSoon(link: PeerLink): void {
    this.#flushes.push(link)
    this.#awaitFlush()
  }

  beforeFlush(run: () => void): void {
    this.#befores.push(run)
    this.#awaitFlush()
  }

  #awaitFlush(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    this.#timing.soon(this.#flush)
  }

  ackSoon(link: PeerLink): void {
    if (this.#acks.push(link) === 1) this.#timing.after(ackAfter, this.#sendAcks)
  }

  lookAfter(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#timing.after(lookEvery, this.#look)
  }

  readonly #flush = (): void => {
    const befores = this.#befores
    this.#befores = []
    for (const run of befores) run()
    const links = this.#flushes
    this.#flushes = []
    this.#isFlushDue = false
    const shared = this.#init.allSubject === undefined ? undefined : findShared(links, this.#all.length)
    if (shared === undefined) for (const link of links) link.flush()
    else this.#flushShared(links, shared)
  }

  #flushShared(links: readonly PeerLink[], shared: SharedBatch): void {
    const { bus, allSubject } = this.#init
    for (const link of links) {
      if (link.version === shared.version) link.flushInto(shared)
      else link.flush()
    }
    if (shared.isEmpty) return
    const message = encodeText(shared.format(this.#start!, Math.floor(this.monotonic())))
    this.metrics.count('clusterBatches')
    this.metrics.count('clusterBytes', message.length)
    bus.publish(allSubject!, message)
  }

  readonly #sendAcks = (): void => {
    const links = this.#acks
    this.#acks = []
    for (const link of links) link.sendDueAck()
  }

  readonly #look = (): void => {
    this.#isLooking = false
    const now = this.monotonic()
    for (const link of this.#all) if (link.look(now)) this.lookAfter()
  }

  /** The wall: whatever comes from the bus ends a link at the worst. */
  #receive(bytes: Buffer): void {
    try {
      const reader = readEncoded(bytes)
      const { version, kind, from, epoch } = readHead(reader)
      if (version < linkVersions.least || version > linkVersions.most)
        return this.#unreadable.tell({ version, from })
      const peer = this.#peers.get(from)
      if (kind === messageKinds.all) {
        const shared = readShared(reader, this.#start)
        if (shared !== undefined) peer?.receive(messageKinds.data, shared.epoch, reader, shared.head)
      } else if (peer !== undefined) peer.receive(kind, epoch, reader)
      else if (this.#strangers.size < mostStrangers) this.#strangers.add(from)
    } catch (error) {
      this.#unreadable.tell({ error })
    }
  }

  #listLinks(): void {
    const peers = [...this.#peers.values()]
    this.#all = peers.flatMap(({ link }) => link ?? [])
    this.broken = peers.flatMap(({ link, frontendId }) => (link === undefined ? frontendId : []))
  }

  #endAll(): void {
    for (const subscription of this.#subscriptions) subscription.end()
    this.#subscriptions = []
    this.#strangers = new Set()
    const peers = [...this.#peers.values()]
    this.#peers.clear()
    for (const peer of peers) peer.end()
  }
}

function most(links: readonly Link[], of: (figures: LinkFigures) => number): number {
  return links.reduce((found, link) => Math.max(found, of(link.figures())), 0)
}
