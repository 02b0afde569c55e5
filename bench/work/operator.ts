/** An operator who looks at the console. The value is the CPU that this costs, as a share of a core. */
import { setTimeout } from 'node:timers/promises'
import type { Racer } from '../processes/racer.js'
import { rateBetween } from '../readings/usage.js'
import type { Work } from './work.js'

/** Milliseconds between two looks, as on the page. */
const interval = 2_000

/** Microseconds of CPU in a second that are a per cent of a core. */
const perCent = 10_000

export interface OperatorInit {
  readonly token: string
  /** What the operator searches for among the users. */
  readonly search: string
}

/**
 * Returns the work. Measures the server with the console closed, open, and closed again: the value is the
 * difference.
 */
export function operator({ token, search }: OperatorInit): Work {
  return {
    async run(racer, { seconds }) {
      const ms = seconds * 1000
      const { result: url } = await racer.ask<string>('console')
      const look = () =>
        Promise.all(
          ['api/overview', `api/sessions?by=uid&query=${search}`].map(path => get(url, path, token))
        )
      // The first look loads and compiles.
      await look()
      const before = await shareDuring(racer, () => setTimeout(ms))
      const open = await shareDuring(racer, () => repeat(look, ms))
      const after = await shareDuring(racer, () => setTimeout(ms))
      return { value: open - (before + after) / 2 }
    }
  }
}

/** Returns the work of idle sessions, with nobody who looks. */
export function nobodyLooks(): Work {
  return {
    run: async (racer, { seconds }) => ({ value: await shareDuring(racer, () => setTimeout(seconds * 1000)) })
  }
}

/** Returns the CPU of the server's process during `wait`, in per cent of a core. */
async function shareDuring(racer: Racer, wait: () => Promise<unknown>): Promise<number> {
  const before = await racer.usage()
  await wait()
  return rateBetween(before, await racer.usage()).process / perCent
}

async function repeat(look: () => Promise<unknown>, ms: number): Promise<void> {
  for (let times = Math.max(1, Math.round(ms / interval)); times > 0; times--) {
    await Promise.all([look(), setTimeout(Math.min(ms, interval))])
  }
}

async function get(url: string, path: string, token: string): Promise<void> {
  const response = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } })
  const answered = await response.text()
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${answered}`)
}
