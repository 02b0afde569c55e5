/** A session of a player, as one gateway hands it over to another, or keeps it. */
import type { MovableSession } from '../../../gateway/cluster/items/movable.js'

export function movableSession(sid: number): MovableSession {
  return {
    session: {
      sid,
      uid: 'red',
      version: 3,
      since: 5,
      protocol: 'pomelo',
      resumeWindow: null,
      settings: [['name', { text: '"röd ☃"', version: 2, route: null, at: 0 }]],
      deletions: [],
      deletionsForgotten: 0,
      channels: ['lobby']
    },
    receiver: {
      uid: null,
      epoch: '',
      form: { emptyBody: '', errorFlag: true, rich: true },
      address: { ip: '10.0.0.1', port: 9 },
      received: 0,
      given: 0,
      dropped: { code: 1000, reason: 'lost', kickReason: null },
      backlog: { sent: 0, gone: 0, latestFloor: 0, acknowledged: 0, frames: [], latest: [] }
    },
    secrets: { held: 'older', offered: ['secret'] },
    requests: [],
    absence: null,
    claim: null
  }
}
