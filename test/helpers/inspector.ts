/** A debugger for tests: speaks the inspector's protocol with a process, and with the threads in it. */
import { EventEmitter, once } from 'node:events'
import { WebSocket } from 'ws'

type Params = Readonly<Record<string, unknown>>

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
type Result = any

/** Sends a message of the protocol, and gets its answer. Events are emitted under their methods. */
export class Debugger extends EventEmitter {
  readonly #send: (text: string) => void
  readonly #waiting = new Map<number, { resolve(result: Result): void; reject(error: Error): void }>()
  #lastId = 0

  constructor(send: (text: string) => void) {
    super()
    this.#send = send
  }

  /** Attaches to a process. `at`: the host and port of its inspector. */
  static async attach(at: string): Promise<Debugger & { detach(): void }> {
    const targets = (await (await fetch(`http://${at}/json/list`)).json()) as {
      webSocketDebuggerUrl: string
    }[]
    const ws = new WebSocket(targets[0]!.webSocketDebuggerUrl)
    const found = new Debugger(text => ws.send(text))
    ws.on('message', data => found.receive(String(data)))
    ws.on('error', () => {})
    await once(ws, 'open')
    return Object.assign(found, { detach: () => ws.terminate() })
  }

  /** Attaches to all threads of the process, and waits for `count` of them. */
  async attachToThreads(count: number): Promise<Debugger[]> {
    const threads = new Map<string, Debugger>()
    this.on('NodeWorker.attachedToWorker', ({ sessionId }) => {
      const post = (message: string) => this.post('NodeWorker.sendMessageToWorker', { sessionId, message })
      threads.set(sessionId, new Debugger(text => void post(text)))
      this.emit('thread')
    })
    this.on('NodeWorker.receivedMessageFromWorker', ({ sessionId, message }) =>
      threads.get(sessionId)?.receive(message)
    )
    await this.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
    while (threads.size < count) await once(this, 'thread')
    return [...threads.values()]
  }

  post(method: string, params: Params = {}): Promise<Result> {
    const id = ++this.#lastId
    this.#send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  /** Sets a breakpoint at the first line of a script that contains the text. Returns when it is set. */
  async breakAt(file: string, text: string): Promise<void> {
    const scripts: { scriptId: string; url: string }[] = []
    this.on('Debugger.scriptParsed', script => scripts.push(script))
    await this.post('Debugger.enable')
    const { scriptId } = scripts.find(({ url }) => url.endsWith(file))!
    const { scriptSource } = await this.post('Debugger.getScriptSource', { scriptId })
    const lines: string[] = scriptSource.split('\n')
    const lineNumber = lines.findIndex(line => line.includes(text))
    await this.post('Debugger.setBreakpoint', { location: { scriptId, lineNumber } })
  }

  receive(text: string): void {
    const { id, method, params, result, error } = JSON.parse(text)
    if (id === undefined) {
      this.emit(method, params)
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error.message))
  }
}
