import type { HandlerApp } from '../../../workers/index.js'
import { setApp } from './_app.js'

export function onStart(app: HandlerApp) {
  setApp(app)
}
