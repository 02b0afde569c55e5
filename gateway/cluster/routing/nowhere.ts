/** Stands for the sessions of this gateway where an event is for the others only. Does nothing. */
import type { EventReader } from '../../../shared/link/outbox.js'

export const nowhere: EventReader = {
  send() {},
  sendToUser() {},
  sendToUsers() {},
  broadcast() {},
  join() {},
  leave() {},
  joinUser() {},
  leaveUser() {},
  sendToChannel() {},
  members() {},
  channelSize() {},
  sessionsInChannel() {},
  destroyChannel() {}
}
