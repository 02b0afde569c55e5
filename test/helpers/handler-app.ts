/** Makes the `app` of a worker for code that only reads its names. */
import type { BackendSessionService } from '../../workers/api/backend-session-service.js'
import { HandlerApp, type HandlerAppInit } from '../../workers/loading/app.js'
import type { Messenger } from '../../workers/operations/messenger.js'
import type { ChannelService } from '../../workers/pinus/channel-service.js'

export function handlerApp(init: Partial<HandlerAppInit> = {}): HandlerApp {
  return new HandlerApp({
    backendSessionService: {} as BackendSessionService,
    channelService: {} as ChannelService,
    serverId: 'gateway-1',
    worker: { index: 0 },
    messenger: {} as Messenger,
    ...init
  })
}
