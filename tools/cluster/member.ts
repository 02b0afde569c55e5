/**
 * One gateway of the cluster: the program `sallyport` in a process of its own.
 *
 *   starting ──▶ listening ──▶ over
 *       └──────────────────────▲
 */
import { fileURLToPath } from 'node:url'
import type { Place } from './balancer.js'
import { Child } from './child.js'

const program = fileURLToPath(new URL('../../gateway/program/main.js', import.meta.url))

export interface MemberInit {
  readonly name: string
  /** 0: any free port. */
  readonly port: number
  readonly nats: string
  readonly passed: readonly string[]
  onLine(line: string, stream: 'out' | 'err'): void
}

export class Member {
  readonly name: string
  /** Resolves when it listens. */
  readonly listening: Promise<void>
  readonly child: Child
  /** Its address for clients; undefined while it does not listen. */
  url: string | undefined
  consoleUrl: string | undefined
  #listens: () => void = () => {}

  private constructor(name: string, child: Child) {
    this.name = name
    this.child = child
    this.listening = new Promise(resolve => {
      this.#listens = resolve
    })
    void child.ended.then(() => {
      this.url = undefined
    })
  }

  static async start({ name, port, nats, passed, onLine }: MemberInit): Promise<Member> {
    const internal = port === 0 ? 0 : port + 1
    // An example stands in front, as with npm start: handlers that are given win.
    const args = ['--example', 'chat', '--port', String(port), '--internal-port', String(internal), ...passed]
    const early: string[] = []
    let member: Member | undefined
    const child = await Child.start({
      command: process.execPath,
      args: ['--enable-source-maps', program, ...args, '--frontend-id', name, '--nats', nats],
      onLine: (line, stream) => {
        if (member === undefined) early.push(line)
        else member.#read(line)
        onLine(line, stream)
      }
    })
    member = new Member(name, child)
    for (const line of early) member.#read(line)
    return member
  }

  /** Where the balancer finds it; undefined while it does not listen. */
  get place(): Place | undefined {
    if (this.url === undefined) return undefined
    const { hostname, port } = new URL(this.url)
    // An address of all interfaces is none to connect to.
    const host = hostname === '0.0.0.0' || hostname === '[::]' ? '127.0.0.1' : hostname
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  }

  #read(line: string): void {
    const [, what, where] = /^ {2}(listens on|console) +(\S+:\/\/.*)$/.exec(line) ?? []
    if (what === 'console') this.consoleUrl = where
    if (what !== 'listens on') return
    this.url = where!
    this.#listens()
  }
}
