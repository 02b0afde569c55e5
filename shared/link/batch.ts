/**
 * A batch of work, sent by the gateway to a worker: turns of several sessions.
 * Each turn has a snapshot of its session and up to 16 requests. A batch crosses as one flat array of strings
 * and numbers, which costs far less than objects do.
 *
 *   turn count, then for each turn:
 *     view, slot, sid, uid, version, settings text, is connected, request count, then for each request:
 *       rid, route index, flags, body, traceparent if its flag is set
 */

export type Batch = (string | number | null)[]

/**
 * Flags of a request, combined by `|`. Rich: the client writes and reads bodies in superjson's form.
 * Traced: a `traceparent` follows the body.
 */
export const requestFlags = { notify: 1, gzipped: 2, rich: 4, traced: 8 } as const

export interface RequestHead {
  /** The request's number in this gateway. The worker's outcome names it. */
  readonly rid: number
  /** The route's index in the worker's hello. */
  readonly route: number
  readonly flags: number
  /** The body's bytes, each as one character (latin1), so that it crosses as a plain copy of bytes. */
  readonly body: string
  /** The trace that it belongs to, and the span that has caused it. */
  readonly traceparent?: string | undefined
}

export interface TurnHead {
  /** The turn's number in this gateway, above 0. Changes by its requests are marked with it. */
  readonly viewId: number
  /** Index of the turn's slot in the claim table. */
  readonly slot: number
  readonly sid: number
  readonly uid: string | null
  /** The session's version in this snapshot. `commit` compares with it. */
  readonly version: number
  readonly settings: string
  /** Whether the session's client is connected. */
  readonly isConnected: boolean
}

/** A turn and its requests, as the worker reads them. */
export interface TurnTask extends TurnHead {
  readonly requests: readonly RequestHead[]
}

export function createBatch(): Batch {
  return [0]
}

export function addTurn(batch: Batch, turn: TurnHead, requestCount: number): void {
  batch[0] = (batch[0] as number) + 1
  const isConnected = turn.isConnected ? 1 : 0
  batch.push(
    turn.viewId,
    turn.slot,
    turn.sid,
    turn.uid,
    turn.version,
    turn.settings,
    isConnected,
    requestCount
  )
}

/** Adds a request to the turn that was added last. */
export function addRequest(batch: Batch, { rid, route, flags, body, traceparent }: RequestHead): void {
  if (traceparent === undefined) batch.push(rid, route, flags, body)
  else batch.push(rid, route, flags | requestFlags.traced, body, traceparent)
}

export function readBatch(batch: Batch): TurnTask[] {
  let at = 0
  const turns: TurnTask[] = new Array(batch[at++] as number)
  for (let i = 0; i < turns.length; i++) {
    const viewId = batch[at++] as number
    const slot = batch[at++] as number
    const sid = batch[at++] as number
    const uid = batch[at++] as string | null
    const version = batch[at++] as number
    const settings = batch[at++] as string
    const isConnected = batch[at++] === 1
    const requests: RequestHead[] = new Array(batch[at++] as number)
    for (let j = 0; j < requests.length; j++) {
      const rid = batch[at++] as number
      const route = batch[at++] as number
      const flags = batch[at++] as number
      const body = batch[at++] as string
      const traceparent = (flags & requestFlags.traced) === 0 ? undefined : (batch[at++] as string)
      requests[j] = { rid, route, flags, body, traceparent }
    }
    turns[i] = { viewId, slot, sid, uid, version, settings, isConnected, requests }
  }
  return turns
}
