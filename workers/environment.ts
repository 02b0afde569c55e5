/** What all requests of a worker share: its link, its claims, its handlers, its pace. Put together in game.ts. */
import { createLogger, type Logger } from '../shared/log.js'
import type { SettingsLimits } from '../shared/settings-text.js'
import type { BodyLimits } from './body.js'
import type { Claims } from './claims.js'
import type { WorkerInfo } from './context.js'
import type { Handler } from './handlers.js'
import type { Link } from './link.js'
import type { Pace } from './pace.js'
import type { Running } from './running.js'

export interface Environment extends SettingsLimits, BodyLimits {
  readonly frontendId: string
  readonly worker: WorkerInfo
  readonly link: Link
  readonly claims: Claims
  /** By the index that batches name routes with. */
  readonly handlers: readonly Handler[]
  readonly pace: Pace
  readonly running: Running
  readonly isDevelopment: boolean
}

/** A logger whose lines travel over the link and come out of the gateway's own. */
export function createLinkLogger(link: Link, always: Readonly<Record<string, unknown>>): Logger {
  return createLogger('debug', (level, message, fields) => {
    link.outbox.log(level, message, formatFields({ ...always, ...fields }))
    link.leaveSoon()
  })
}

function formatFields(fields: Record<string, unknown>): string {
  const replacer = (_key: string, value: unknown) =>
    value instanceof Error ? (value.stack ?? value.message) : typeof value === 'bigint' ? `${value}n` : value
  try {
    return JSON.stringify(fields, replacer)
  } catch (error) {
    return JSON.stringify({ unprintable: (error as Error).message })
  }
}
