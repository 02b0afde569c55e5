/**
 * A WebSocket in a thread of its own, which sleeps after each message to read slowly.
 *
 * A page can't read slowly: what arrives is read, whoever wants it. A thread that sleeps reads nothing, so that
 * the buffers of the browser, of the network and then of the gateway fill, as with a player on a bad line.
 */

/** @type {WebSocket | undefined} */
let webSocket
/** Milliseconds of sleep after each message; 0: none. */
let pause = 0

/** Memory to sleep on. The class SharedArrayBuffer itself is kept from pages that are not isolated. */
const bed = new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer)

/** @param {string} url */
function open(url) {
  webSocket = new WebSocket(url)
  webSocket.binaryType = 'arraybuffer'
  webSocket.onopen = () => self.postMessage({ kind: 'open' })
  webSocket.onerror = () => self.postMessage({ kind: 'error' })
  webSocket.onclose = ({ code, reason }) => self.postMessage({ kind: 'close', code, reason })
  webSocket.onmessage = ({ data }) => {
    const size = typeof data === 'string' ? data.length : data.byteLength
    self.postMessage({ kind: 'message', data, size }, { transfer: typeof data === 'string' ? [] : [data] })
    if (pause > 0) Atomics.wait(bed, 0, 0, pause)
  }
}

self.onmessage = ({ data: order }) => {
  if (order.kind === 'open') open(order.url)
  else if (order.kind === 'send') webSocket?.send(order.data)
  else if (order.kind === 'close') webSocket?.close(order.code, order.reason)
  else pause = order.pause
}
