import type { HandlerApp } from '../../../workers/index.js'

let app: HandlerApp | undefined

export function setApp(given: HandlerApp) {
  app = given
}

export function getApp(): HandlerApp {
  return app!
}
