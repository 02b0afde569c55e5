/**
 * The pace at which the package `ws` passes messages on. It may read several in one task. Then each has to
 * wait until all that waited for the one before it has gone on, such as the code behind `await`. Browsers
 * have a task for each message.
 */
import type { EventEmitter } from 'node:events'
import type { WebSocketLike } from './web-socket.js'

/** Has each message of a socket follow the microtasks of the one before it. */
export function paceMessages(webSocket: WebSocketLike): void {
  const emitter = webSocket as unknown as Pick<EventEmitter, 'emit'>
  // A class of the game's own need not be an emitter.
  if (typeof emitter.emit !== 'function') return
  const emit = emitter.emit.bind(emitter)
  const waiting: unknown[][] = []
  let isPassingOn = false
  const passOn = () => {
    const next = waiting.shift()
    isPassingOn = next !== undefined
    if (next === undefined) return
    try {
      emit('message', ...next)
    } finally {
      // All microtasks run before the tick that one of them has asked for.
      queueMicrotask(() => process.nextTick(passOn))
    }
  }
  emitter.emit = (event, ...args) => {
    if (event === 'message') {
      waiting.push(args)
      if (!isPassingOn) passOn()
      return true
    }
    if (event === 'close') for (const each of waiting.splice(0)) emit('message', ...each)
    return emit(event, ...args)
  }
}
