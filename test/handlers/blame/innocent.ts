/** Runs alone when its worker ends. */
import { alarm, open } from './_door.js'

/** Never ends by itself. */
export function wait({ first }: { first: 'open' | 'alarm' | 'nothing' }) {
  if (first === 'open') open()
  if (first === 'alarm') alarm()
  return new Promise(() => {})
}

export function ping() {
  return 'pong'
}
