/**
 * A WebSocket class for the client that can read slowly, and not connect at all. The socket itself lives in a
 * thread of its own.
 */

/** @import { WebSocketClass, WebSocketLike } from '../../../../client/index.js' */

/** The reading of one player: how slowly, and how much so far. */
export class Reading {
  /** Bytes of all messages. */
  bytes = 0
  /**
   * Whether sockets that are created now never connect. The client makes an attempt of its own when the page
   * is seen again, or the network is back.
   */
  isCut = false
  #pause = 0
  /** @type {Set<Worker>} */
  #threads = new Set()

  /** Milliseconds of sleep after each message; 0: none. @param {number} pause */
  set pause(pause) {
    this.#pause = pause
    for (const thread of this.#threads) thread.postMessage({ kind: 'pause', pause })
  }

  /** Returns the class to give to the client. @returns {WebSocketClass} */
  createClass() {
    const reading = this
    return class {
      binaryType = 'arraybuffer'
      /** @type {WebSocketLike['onopen']} */
      onopen = null
      /** @type {WebSocketLike['onmessage']} */
      onmessage = null
      /** @type {WebSocketLike['onclose']} */
      onclose = null
      /** @type {WebSocketLike['onerror']} */
      onerror = null
      /** @type {Worker | undefined} */
      #thread

      /** @param {string} url */
      constructor(url) {
        if (!reading.isCut) this.#thread = reading.#start(url, event => this.#receive(event))
      }

      /** @param {Uint8Array<ArrayBuffer>} data */
      send(data) {
        this.#thread?.postMessage({ kind: 'send', data })
      }

      /** @param {number} [code] @param {string} [reason] */
      close(code, reason) {
        this.#thread?.postMessage({ kind: 'close', code, reason })
      }

      /** @param {any} event */
      #receive(event) {
        const tell = /** @type {any} */ (this)[`on${event.kind}`]
        if (event.kind === 'message') reading.bytes += event.size
        if (event.kind === 'close') reading.#end(/** @type {Worker} */ (this.#thread))
        tell?.(event)
      }
    }
  }

  /** @param {string} url @param {(event: any) => void} receive */
  #start(url, receive) {
    const thread = new Worker(new URL('./slow-socket-worker.js', import.meta.url))
    thread.onmessage = ({ data }) => receive(data)
    // What the thread does not catch, such as an address that the browser refuses, is the end of its socket.
    thread.onerror = () => {
      receive({ kind: 'error' })
      receive({ kind: 'close', code: 1006, reason: '' })
    }
    if (this.#pause > 0) thread.postMessage({ kind: 'pause', pause: this.#pause })
    thread.postMessage({ kind: 'open', url })
    this.#threads.add(thread)
    return thread
  }

  /** @param {Worker} thread */
  #end(thread) {
    thread.terminate()
    this.#threads.delete(thread)
  }
}
