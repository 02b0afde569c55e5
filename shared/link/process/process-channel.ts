/**
 * The channel between the gateway and a worker process: messages over a pipe.
 * Each message is a value in V8's serialization format behind a header of eight bytes. Node's own channel
 * (`process.send`) is not used: unreadable bytes, and messages whose `cmd` begins with `NODE_`, would end or
 * silence the process that reads them.
 */
import type { Duplex } from 'node:stream'
import { Deserializer, Serializer } from 'node:v8'
import { showValue } from '../../text/shown.js'

/** First four bytes of a header: unlikely to be written by chance. The next four are the message's length. */
const mark = 0x9a11_90e7
const headerBytes = 8
const emptyHeader = Buffer.alloc(headerBytes)

/** Maximum size of a message in bytes: V8's strings can't be longer. */
const mostBytes = 2 ** 29

export interface ProcessChannelInit {
  /** Called for each message, whose shape is not checked. */
  readonly onMessage: (message: unknown) => void
  /** Called when unreadable bytes have arrived. Nothing after them is read. */
  readonly onUnreadable: (what: string) => void
  /** Called when the other end is gone. */
  readonly onClose: () => void
}

export class ProcessChannel {
  readonly #pipe: Duplex
  readonly #init: ProcessChannelInit
  /** The parts of an incomplete message that have come so far. */
  #parts: Buffer[] = []
  #size = 0
  /** Number of bytes needed to go on: a header, or a header and its message. */
  #needed = headerBytes

  constructor(pipe: Duplex, init: ProcessChannelInit) {
    this.#pipe = pipe
    this.#init = init
    pipe.on('data', (bytes: Buffer) => this.#receive(bytes))
    // An error is always followed by `close`, which is handled.
    pipe.on('error', () => {})
    pipe.on('close', init.onClose)
  }

  /** Sends a message, unless the other end is gone. Throws V8's error for a value that V8 can't write. */
  send(message: unknown): void {
    if (!this.#pipe.writable) return
    const serializer = new Serializer()
    serializer.writeRawBytes(emptyHeader)
    serializer.writeHeader()
    serializer.writeValue(message)
    const bytes = serializer.releaseBuffer()
    bytes.writeUInt32LE(mark, 0)
    bytes.writeUInt32LE(bytes.length - headerBytes, 4)
    this.#pipe.write(bytes)
  }

  /** Closes this end, and calls `onLeft` once all messages have been sent. */
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

  /** Reads the first message, if it is complete. Returns false if the channel has become unreadable. */
  #readFrom(all: Buffer): boolean {
    this.#parts = [all]
    const length = all.readUInt32LE(4)
    if (all.readUInt32LE(0) !== mark || length > mostBytes) return this.#giveUp(all)
    this.#needed = headerBytes + length
    if (all.length < this.#needed) return true
    const message = deserialize(all.subarray(headerBytes, this.#needed))
    if (message === unreadable) return this.#giveUp(all)
    const rest = all.subarray(this.#needed)
    this.#parts = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
    this.#needed = headerBytes
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
