/**
 * Several gateways on this machine as one: a nats-server, the gateways, and a balancer before them. What ends
 * is started again, as a supervisor does, until the cluster is asked to end. A part that ends before all are
 * up fails the start.
 *
 *   starting ──▶ running ──▶ ending
 *       └───────────────────▲
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errors } from '../../shared/errors.js'
import type { ClusterArguments } from './arguments.js'
import { Balancer, type Place } from './balancer.js'
import type { Child } from './child.js'
import { Member } from './member.js'
import { type NatsServer, startNatsServer } from './nats-server.js'

/** Milliseconds before what has ended is started again. */
const restartPause = 1_000

/** Milliseconds that the gateways have to end before they are killed. */
const longestEnd = 30_000

export interface LocalClusterInit extends ClusterArguments {
  /** Called with each line of output, and the name of the program that wrote it. */
  onLine(name: string, line: string, stream: 'out' | 'err'): void
}

export class LocalCluster {
  readonly #init: LocalClusterInit
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-cluster-'))
  readonly #members: (Member | undefined)[] = []
  readonly #children = new Set<Child>()
  #nats: NatsServer | undefined
  #balancer: Balancer | undefined
  #state: 'starting' | 'running' | 'ending' = 'starting'
  #ended: Promise<void> | undefined
  #failStart: (error: Error) => void = () => {}
  /** Rejects if a part of it ends before all are up. */
  readonly #startFailed = new Promise<never>((_resolve, reject) => {
    this.#failStart = reject
  })

  constructor(init: LocalClusterInit) {
    this.#init = init
    this.#startFailed.catch(() => {})
  }

  /** @throws if a part of it does not start, or ends before all are up; what has started has to be ended */
  start(): Promise<void> {
    return Promise.race([this.#start(), this.#startFailed])
  }

  async #start(): Promise<void> {
    const { gateways, port, nats } = this.#init
    this.#balancer = await Balancer.open(port, () => this.#places())
    if (nats === undefined) await this.#startNats(0)
    const members = await Promise.all(Array.from({ length: gateways }, (_, i) => this.#startMember(i)))
    await Promise.all(members.map(({ listening }) => listening))
    if (this.#state === 'starting') this.#state = 'running'
  }

  get isEnding(): boolean {
    return this.#state === 'ending'
  }

  get url(): string {
    const [first] = this.members
    const protocol = first?.url === undefined ? 'ws:' : new URL(first.url).protocol
    return `${protocol}//127.0.0.1:${this.#balancer!.port}`
  }

  get natsUrl(): string {
    return this.#init.nats ?? this.#nats!.url
  }

  /** The nats-server's process; undefined if it is not ours. */
  get natsPid(): number | undefined {
    return this.#nats?.child.pid
  }

  /** The gateways that run. */
  get members(): readonly Member[] {
    return this.#members.filter(member => member !== undefined)
  }

  /** Ends the gateways, then the nats-server; a second call waits for the first. */
  end(): Promise<void> {
    this.#state = 'ending'
    this.#ended ??= this.#end()
    return this.#ended
  }

  /** Ends all processes at once. */
  kill(): void {
    this.#state = 'ending'
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(): Promise<void> {
    const gateways = [...this.#children].filter(child => child !== this.#nats?.child)
    for (const child of gateways) child.kill('SIGINT')
    const timer = setTimeout(() => {
      for (const child of gateways) child.kill('SIGKILL')
    }, longestEnd)
    await Promise.all(gateways.map(({ ended }) => ended))
    clearTimeout(timer)
    this.#nats?.child.kill('SIGKILL')
    await Promise.all([...this.#children].map(({ ended }) => ended))
    await this.#balancer?.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #places(): readonly Place[] {
    return this.members.map(({ place }) => place).filter(place => place !== undefined)
  }

  async #startNats(port: number): Promise<void> {
    const onLine = (line: string) => this.#init.onLine('nats', line, 'err')
    const nats = await startNatsServer({ folder: this.#folder, port, onLine })
    this.#nats = nats
    // Again on the same port, with the same store: the gateways know no other.
    this.#follow('nats', nats.child, () => this.#startNats(Number(new URL(nats.url).port)))
  }

  async #startMember(index: number): Promise<Member> {
    const { port, passed, onLine } = this.#init
    const name = `g${index + 1}`
    const member = await Member.start({
      name,
      port: port === 0 ? 0 : port + 10 * (index + 1),
      nats: this.natsUrl,
      passed,
      onLine: (line, stream) => onLine(name, line, stream)
    })
    this.#members[index] = member
    this.#follow(name, member.child, async () => {
      await this.#startMember(index)
    })
    return member
  }

  /** Starts a program again if it ends while the cluster runs. */
  #follow(name: string, child: Child, startAgain: () => Promise<void>): void {
    this.#children.add(child)
    if (this.#state === 'ending') child.kill('SIGINT')
    void child.ended.then(async how => {
      this.#children.delete(child)
      if (this.#state !== 'running')
        return this.#failStart(errors.optionInvalid(`${name} has ended (${how}) before all were up`))
      this.#init.onLine(name, `It has ended (${how}), and is started again`, 'err')
      await this.#restart(name, startAgain)
    })
  }

  /** Starts a program again after a pause, until that succeeds. */
  async #restart(name: string, start: () => Promise<void>): Promise<void> {
    for (;;) {
      await new Promise(resolve => setTimeout(resolve, restartPause))
      if (this.#state !== 'running') return
      try {
        return await start()
      } catch (error) {
        this.#init.onLine(name, `It does not start: ${(error as Error).message}`, 'err')
      }
    }
  }
}
