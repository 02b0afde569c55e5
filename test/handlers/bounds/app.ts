/** Handlers that ask by `app`, as those of Pinus do. */
import type { BackendSession } from '../../../workers/index.js'
import { getApp } from './_app.js'

export function send({ times }: { times: number }, session: BackendSession) {
  for (let index = 0; index < times; index++) getApp().send(session, 'event', index)
}

export function push({ times }: { times: number }, session: BackendSession) {
  const targets = [{ uid: 'nobody', sid: session.frontendId }]
  for (let index = 0; index < times; index++)
    getApp().channelService.pushMessageByUids('event', index, targets)
}
