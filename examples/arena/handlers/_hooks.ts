/**
 * The hooks of the arena. The clock starts and stops with the worker, and a player whose session ends leaves
 * the room.
 */
import type { HandlerApp } from 'sallyport/worker'
import { type ArenaSession, leaveRoom, startClock, stopClock } from './_world.js'

export function onStart(app: HandlerApp) {
  startClock(app)
}

export function onStop() {
  stopClock()
}

/** Runs in the room's worker, by the folder's `affinity`. */
export function onClose(session: ArenaSession) {
  const room = session.get('room')
  if (room !== undefined) leaveRoom(room, session.id)
}
