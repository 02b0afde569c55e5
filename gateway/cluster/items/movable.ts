/**
 * A session on its way to another gateway, as items of a frame. The order of the items is frozen: what a
 * later version adds comes at the end.
 */
import type { AbsenceState } from '../../intake/session-hooks.js'
import type { BacklogState } from '../../resume/backlog.js'
import type { ResumableState } from '../../resume/resumable-parts.js'
import type { SecretHashes } from '../../resume/resume-secrets.js'
import type { SessionState, SettingState, WaitingRequest } from '../../sessions/session-state.js'
import { UnreadableBatchError } from '../link/batch-text.js'
import type { Item } from '../link/links.js'
import { CheckedItems } from './checked-items.js'

/** All that belongs to a session. */
export interface MovableSession {
  readonly session: SessionState
  readonly receiver: ResumableState
  readonly secrets: SecretHashes
  readonly requests: readonly WaitingRequest[]
  readonly absence: AbsenceState
  /** The name of the claim of its user; null: there is none. */
  readonly claim: { readonly start: number; readonly number: number } | null
}

type Keys = SessionState['settings']

export function writeSession(moved: MovableSession): Item[] {
  const { session, receiver, secrets, requests, absence, claim } = moved
  const { form, address, dropped, backlog } = receiver
  const items: Item[] = [
    ...[session.sid, session.uid, session.version, session.since, session.protocol, session.resumeWindow],
    ...[receiver.uid, receiver.epoch, form.emptyBody, form.errorFlag ? 1 : 0, form.rich ? 1 : 0],
    ...[address.ip, address.port, receiver.received, receiver.given],
    ...[dropped.code, dropped.reason, dropped.kickReason, secrets.held ?? null],
    ...[backlog.sent, backlog.gone, backlog.latestFloor, backlog.acknowledged, session.deletionsForgotten],
    ...[claim?.start ?? null, claim?.number ?? null, absence?.awayFor ?? null]
  ]
  writeKeys(items, session.settings)
  writeKeys(items, session.deletions)
  writeTexts(items, session.channels)
  writeTexts(items, secrets.offered)
  writeTexts(items, absence?.untold ?? [])
  writeTexts(items, backlog.frames)
  items.push(backlog.latest.length)
  for (const { key, frame, after } of backlog.latest) items.push(key, frame, after)
  items.push(requests.length)
  for (const { route, id, flags, body, timeout, traceparent } of requests)
    items.push(route, id, flags, body, timeout, traceparent)
  return items
}

/** @throws UnreadableBatchError for what no gateway writes */
export function readSession(items: readonly Item[]): MovableSession {
  const reader = new CheckedItems('a session', items)
  const [sid, uid, version, since] = [reader.count(), reader.textOrNull(), reader.count(), reader.number()]
  const [protocol, resumeWindow] = [reader.oneOf(['json', 'pomelo']), reader.numberOrNull()]
  const [firstUid, epoch] = [reader.textOrNull(), reader.text()]
  const form = { emptyBody: reader.oneOf(['', '{}']), errorFlag: reader.flag(), rich: reader.flag() }
  const address = { ip: reader.text(), port: reader.count() }
  const [received, given] = [reader.count(), reader.count()]
  const dropped = { code: reader.count(), reason: reader.text(), kickReason: reader.textOrNull() }
  const held = reader.textOrNull() ?? undefined
  const [sent, gone, latestFloor, acknowledged] = reader.counts(4)
  const deletionsForgotten = reader.count()
  const [start, number, awayFor] = [reader.numberOrNull(), reader.numberOrNull(), reader.numberOrNull()]
  const [settings, deletions] = [readKeys(reader), readKeys(reader)]
  const [channels, offered, untold, frames] = [reader.texts(), reader.texts(), reader.texts(), reader.texts()]
  const latest = reader.list(() => ({ key: reader.text(), frame: reader.text(), after: reader.count() }))
  const backlog = { sent, gone, latestFloor, acknowledged, frames, latest } as BacklogState
  if (sent! - gone! !== frames.length)
    throw new UnreadableBatchError(`a backlog of ${frames.length} messages after ${gone} of ${sent}`)
  const requests = reader.list(() => ({
    route: reader.text(),
    id: reader.count(),
    flags: reader.count(),
    body: reader.text(),
    timeout: reader.number(),
    traceparent: reader.textOrNull()
  }))
  return {
    session: {
      sid,
      uid,
      version,
      since,
      protocol,
      resumeWindow,
      settings,
      deletions,
      deletionsForgotten,
      channels
    },
    receiver: { uid: firstUid, epoch, form, address, received, given, dropped, backlog },
    secrets: { held, offered },
    requests,
    absence: awayFor === null ? null : { awayFor, untold },
    claim: start === null || number === null ? null : { start, number }
  }
}

function writeTexts(items: Item[], texts: readonly string[]): void {
  items.push(texts.length)
  for (const text of texts) items.push(text)
}

function writeKeys(items: Item[], keys: Keys): void {
  items.push(keys.length)
  for (const [key, { text, version, route, at }] of keys) items.push(key, text, version, route, at)
}

function readKeys(reader: CheckedItems): Keys {
  return reader.list((): readonly [string, SettingState] => [
    reader.text(),
    {
      text: reader.text(),
      version: reader.count(),
      route: reader.textOrNull(),
      at: reader.count()
    }
  ])
}
