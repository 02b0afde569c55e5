/**
 * The channel between the gateway and a worker that is a process: messages over a pipe, each as v8 writes values, behind a
 * head of eight bytes. Node's own channel (`process.send`) is not used: bytes that can't be read there, and messages whose
 * `cmd` begins with `NODE_`, end the process that reads them, or silence it.
 */
import type { Duplex } from 'node:stream'
import { Deserializer, Serializer } from 'node:v8'
import { showValue } from '../text/shown.js'

/** What a head begins with: nobody writes it by chance. Behind it is the number of bytes that follow. */
const mark = 0x9a11_90e7
const headBytes = 8
const roomForHead = Buffer.alloc(headBytes)

/** Bytes of a message, at most: V8's strings end there. */
const mostBytes = 2 ** 29

export interface ProcessChannelInit {
  /** Each message, whatever it is. */
  readonly onMessage: (message: unknown) => void
  /** Bytes came that are no message; nothing behind them is read. */
  readonly onUnreadable: (what: string) => void
  /** The other end is gone. */
  readonly onClose: () => void
}

export class ProcessChannel {
  readonly #pipe: Duplex
  readonly #init: ProcessChannelInit
  /** What has come of a message that has not come as a whole. */
  #parts: Buffer[] = []
  #size = 0
  /** Bytes that are needed to go on: a head, or a head and what it speaks of. */
  #needed = headBytes

  constructor(pipe: Duplex, init: ProcessChannelInit) {
    this.#pipe = pipe
    this.#init = init
    pipe.on('data', (bytes: Buffer) => this.#receive(bytes))
    // How it broke tells nobody more than that it is closed.
    pipe.on('error', () => {})
    pipe.on('close', init.onClose)
  }

  /** Sends a message; nothing, once the other end is gone. Throws what v8 throws for a value that it can't write. */
  send(message: unknown): void {
    if (!this.#pipe.writable) return
    const serializer = new Serializer()
    serializer.writeRawBytes(roomForHead)
    serializer.writeHeader()
    serializer.writeValue(message)
    const bytes = serializer.releaseBuffer()
    bytes.writeUInt32LE(mark, 0)
    bytes.writeUInt32LE(bytes.length - headBytes, 4)
    this.#pipe.write(bytes)
  }

  /** Ends this end; `onLeft`: once all that was sent has left. */
  end(onLeft: () => void): void {
    this.#pipe.end(onLeft)
  }

  #receive(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#size += bytes.length
    while (this.#size >= this.#needed) {
      const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#size)
      const isReadable = this.#readFrom(all)
      if (!isReadable) return
    }
  }

  /** Reads the first message, if all of it is there. Returns false if there is no message to be read any more. */
  #readFrom(all: Buffer): boolean {
    this.#parts = [all]
    const length = all.readUInt32LE(4)
    if (all.readUInt32LE(0) !== mark || length > mostBytes) return this.#giveUp(all)
    this.#needed = headBytes + length
    if (all.length < this.#needed) return true
    const message = deserialize(all.subarray(headBytes, this.#needed))
    if (message === unreadable) return this.#giveUp(all)
    const rest = all.subarray(this.#needed)
    this.#parts = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
    this.#needed = headBytes
    this.#init.onMessage(message)
    return true
  }

  #giveUp(bytes: Buffer): false {
    this.#pipe.removeAllListeners('data').resume()
    this.#parts = []
    this.#size = 0
    this.#init.onUnreadable(`the bytes ${showValue(bytes.toString('latin1', 0, 80))}`)
    return false
  }
}

const unreadable = Symbol('unreadable')

function deserialize(bytes: Buffer): unknown {
  try {
    const deserializer = new Deserializer(bytes)
    deserializer.readHeader()
    return deserializer.readValue()
  } catch {
    return unreadable
  }
}
