/** What the console shows of sessions: pages of a search, and one session with all that it holds. */
import type { ReceiverState } from '../sessions/receiver.js'
import type { Registry } from '../sessions/registry.js'
import type { Request } from '../sessions/request.js'
import type { Session } from '../sessions/session.js'
import type { Setting } from '../sessions/settings/setting.js'
import type {
  RequestRow,
  SessionDetail,
  SessionRow,
  SessionsPage,
  SessionsQuery,
  SettingRow
} from './api/console-api.js'

/** Settings, channels and requests of one session that are shown. */
const shown = { settings: 200, channels: 200, requests: 100 }

/** Characters of a value that are shown. A value that is longer than `parsed` is shown as it is kept. */
const lengths = { value: 1_000, parsed: 100_000 }

/** Sessions that a search looks at before other work gets its turn. */
const slice = 1_000

/** The limits that are shown beside the present values. */
export interface ShownLimits {
  readonly maxSendBytes: number
  readonly maxBacklogBytes: number
}

/** Returns a page of the sessions that fit. Looks at few sessions at a time, so that requests do not wait. */
export async function searchSessions(
  registry: Registry,
  { query = '', by = 'any', after = 0, limit = 50 }: SessionsQuery
): Promise<SessionsPage> {
  const fits = createFilter(query.trim().toLowerCase(), by)
  let found: Session[] = []
  let looked = 0
  for (const sessions = registry[Symbol.iterator](); ; ) {
    const { value: session, done } = sessions.next()
    if (done === true) break
    if (++looked % slice === 0) await new Promise(resolve => setImmediate(resolve))
    if (session.sid <= after || !session.isOpen || !fits(session)) continue
    found.push(session)
    // Sessions that have come from other gateways are not in the order of their numbers.
    if (found.length > slice) found = takeFirst(found, limit + 1)
  }
  const page = takeFirst(found, limit + 1)
  const rows = page.slice(0, limit).map(session => rowOf(session))
  const next = page.length > limit ? rows.at(-1)!.sid : null
  return { total: registry.size, sessions: rows, next, silent: [] }
}

function takeFirst(sessions: Session[], count: number): Session[] {
  return sessions.sort((a, b) => a.sid - b.sid).slice(0, count)
}

function createFilter(query: string, by: NonNullable<SessionsQuery['by']>): (session: Session) => boolean {
  if (query === '') return () => true
  const uid = ({ uid }: Session) => uid?.toLowerCase().includes(query) === true
  const sid = ({ sid }: Session) => `${sid}`.startsWith(query)
  const address = ({ receiver }: Session) => receiver?.address.ip.startsWith(query) === true
  return { uid, sid, address, any: (each: Session) => uid(each) || sid(each) || address(each) }[by]
}

/** Returns all that is shown of a session. Pings its client, to measure the round trip for next time. */
export function describeSession(
  session: Session,
  limits: ShownLimits,
  { at, monotonic }: { readonly at: number; readonly monotonic: number }
): SessionDetail {
  const state = stateOf(session, true)
  const { kept, channels } = session
  const requests = listRequests(session)
  return {
    ...rowOf(session, state),
    at,
    protocol: session.protocol,
    version: session.version,
    settings: take(kept, shown.settings).map(([key, setting]) => describeSetting(key, setting)),
    settingsTotal: kept.size,
    channels: take(channels ?? [], shown.channels).sort(),
    channelsTotal: channels?.size ?? 0,
    inFlight: requests.slice(0, shown.requests).map(each => describeRequest(each, monotonic)),
    sendBuffer: state.sendBytes === null ? null : { bytes: state.sendBytes, limit: limits.maxSendBytes },
    backlog: state.backlog && { ...state.backlog, limit: limits.maxBacklogBytes },
    roundTrip: state.roundTrip
  }
}

function rowOf(session: Session, state = stateOf(session, false)): SessionRow {
  const { sid, frontendId, uid, since, receiver, lane } = session
  return {
    sid,
    frontendId,
    uid,
    address: receiver?.address ?? { ip: '', port: 0 },
    since,
    connected: receiver?.isConnected === true,
    requests: lane.open,
    sendBytes: state.sendBytes ?? 0,
    backlogBytes: state.backlog?.bytes ?? 0
  }
}

function stateOf({ receiver }: Session, isWatched: boolean): ReceiverState {
  return receiver?.inspect(isWatched) ?? { sendBytes: null, backlog: null, roundTrip: null }
}

function take<Value>(values: Iterable<Value>, most: number): Value[] {
  const taken: Value[] = []
  for (const value of values) {
    if (taken.length === most) break
    taken.push(value)
  }
  return taken
}

function describeSetting(key: string, { text, version, route, at }: Readonly<Setting>): SettingRow {
  const value = showText(text)
  return { key, value, length: text.length, version, by: route, at: at === 0 ? null : at * 1_000 }
}

/** Returns the text of a value for people: only its JSON, without what restores Dates, Maps and so on. */
function showText(text: string): string {
  const value = text.length > lengths.parsed ? text : (readJson(text) ?? text)
  return value.length > lengths.value ? `${value.slice(0, lengths.value)}…` : value
}

function readJson(text: string): string | undefined {
  try {
    const { json } = JSON.parse(text) as { json?: unknown }
    return JSON.stringify(json)
  } catch {
    return undefined
  }
}

function listRequests({ lane }: Session): Request[] {
  const ofTurn = lane.turn?.requests ?? []
  const all = [...(lane.concurrent ?? []), ...ofTurn, ...lane.waiting]
  return all.filter(({ state }) => state !== 'decided')
}

function describeRequest(request: Request, now: number): RequestRow {
  const { rid, id, route, state, turn, deadline, arrivedAt } = request
  const hasDeadline = Number.isFinite(deadline)
  const isRunning = turn?.started.includes(request) === true
  return {
    rid,
    id,
    route: route.name,
    state: state === 'waiting' ? 'waiting' : isRunning ? 'running' : 'handedOut',
    age: Math.max(0, Math.round(now - arrivedAt)),
    timeLeft: hasDeadline ? Math.max(0, Math.round(deadline - now)) : null,
    worker: turn?.worker.index ?? null
  }
}
