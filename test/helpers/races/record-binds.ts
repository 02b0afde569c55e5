/** Records which users have a session in a gateway, and when. */
import type { SessionService } from '../../../gateway/host/session-service.js'
import type { Recorder } from './record.js'

export function recordBinds(sessions: SessionService, recorder: Pick<Recorder, 'bound' | 'end'>): void {
  sessions.on('bind', ({ id }, uid) => recorder.bound(id, uid))
  sessions.on('unbind', ({ id }, uid) => recorder.end(id, uid))
  sessions.on('movedIn', ({ id, uid }) => uid !== null && recorder.bound(id, uid))
  sessions.on('moved', ({ id, uid }) => uid !== null && recorder.end(id, uid))
  sessions.on('closed', ({ id, uid }) => uid !== null && recorder.end(id, uid))
}
