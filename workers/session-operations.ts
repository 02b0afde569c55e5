/**
 * What is asked of the gateway about sessions, in the name of one origin (a request, or nobody). Every change that
 * leaves here is also noted in the view that it was made from, so that the next request of the turn reads it.
 */
import { describeValue } from '../shared/check.js'
import { errors } from '../shared/errors.js'
import type { OperationHead } from '../shared/outbox.js'
import { parseSessions, type SessionText } from '../shared/session-text.js'
import { formatSetting } from '../shared/settings-text.js'
import { BackendSessionService } from './backend-session-service.js'
import { type Link, Refused } from './link.js'
import type { Origin } from './origin.js'
import type { SessionView } from './session-view.js'

export interface OperationLimits {
  readonly maxSettingsLength: number
}

export class SessionOperations {
  readonly #link: Link
  readonly #origin: Origin
  readonly #limits: OperationLimits
  #service: BackendSessionService | undefined

  constructor(link: Link, origin: Origin, limits: OperationLimits) {
    this.#link = link
    this.#origin = origin
    this.#limits = limits
  }

  /** Sessions other than the request's own, asked for in the same name. */
  get service(): BackendSessionService {
    this.#service ??= new BackendSessionService(this)
    return this.#service
  }

  /**
   * Every refusal becomes a rejection, and a rejection that nobody awaits ends no worker: a player who leaves in
   * the middle of a request is no fault of the game. `about` is the key or the uid, for the log.
   */
  promised<Result>(operation: string, about: unknown, work: () => Promise<Result>): Promise<Result> {
    let promise: Promise<Result>
    try {
      promise = work()
    } catch (error) {
      promise = Promise.reject(error)
    }
    promise.catch(error => this.#tellFailure(operation, about, error))
    return promise
  }

  push(view: SessionView, key: string, text: string): void {
    this.#expectRoom(view, key, text)
    this.#link.outbox.push(this.#head(view, 0), key, text)
    this.#note(view, key, text)
    this.#link.leaveSoon()
  }

  async apush(view: SessionView, key: string, text: string): Promise<void> {
    this.#expectRoom(view, key, text)
    const answer = this.#call(ack => this.#link.outbox.push(this.#head(view, ack), key, text))
    this.#note(view, key, text)
    await answer
  }

  pushAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    this.#expectRoomForAll(view, texts)
    this.#link.outbox.pushAll(this.#head(view, 0), joinTexts(texts))
    this.#noteAll(view, texts)
    this.#link.leaveSoon()
  }

  async apushAll(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    this.#expectRoomForAll(view, texts)
    const answer = this.#call(ack => this.#link.outbox.pushAll(this.#head(view, ack), joinTexts(texts)))
    this.#noteAll(view, texts)
    await answer
  }

  async bind(view: SessionView, uid: string): Promise<void> {
    await this.#callHolding(ack => this.#link.outbox.bind(this.#head(view, ack), uid))
    for (const each of this.#viewsOf(view)) each.uid = uid
  }

  async unbind(view: SessionView, uid: string): Promise<void> {
    await this.#callHolding(ack => this.#link.outbox.unbind(this.#head(view, ack), uid))
    for (const each of this.#viewsOf(view)) each.uid = null
  }

  /** Gives the text that is in force in the end. */
  update(
    view: SessionView,
    key: string,
    change: (newest: string | undefined) => Promise<string>
  ): Promise<string> {
    const work = this.#update(view, key, change)
    this.#origin.hold(work)
    return work
  }

  async #update(
    view: SessionView,
    key: string,
    change: (newest: string | undefined) => Promise<string>
  ): Promise<string> {
    let newest = view.textOf(key)
    for (;;) {
      const before = newest ?? ''
      const text = await change(newest)
      this.#expectRoom(view, key, text)
      const head = (ack: number) => this.#head(view, ack)
      try {
        await this.#call(ack => this.#link.outbox.update(head(ack), key, text, before))
        this.#note(view, key, text)
        return text
      } catch (refusal) {
        if (!(refusal instanceof Refused) || refusal.code !== errors.conflict.code) throw refusal
        newest = refusal.newest === '' ? undefined : refusal.newest
      }
    }
  }

  async commit(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    this.#expectRoomForAll(view, texts)
    await this.#callHolding(ack =>
      this.#link.outbox.commit(this.#head(view, ack), joinTexts(texts), view.version)
    )
    this.#noteAll(view, texts)
  }

  /** The session as it is now; undefined where there is none. */
  async read(frontendId: string, sid: number): Promise<SessionText | undefined> {
    const rid = this.#origin.rid
    const answer = await this.#call(ack => this.#link.outbox.read({ rid, view: 0, ack, frontendId, sid }))
    return parseSessions(answer)[0]
  }

  async readByUid(frontendId: string, uid: string): Promise<SessionText[]> {
    const rid = this.#origin.rid
    return parseSessions(await this.#call(ack => this.#link.outbox.readByUid({ rid, ack, frontendId }, uid)))
  }

  async kick(frontendId: string, sid: number, reason: string | null): Promise<void> {
    const rid = this.#origin.rid
    await this.#call(ack => this.#link.outbox.kick({ rid, view: 0, ack, frontendId, sid }, reason))
  }

  async kickByUid(frontendId: string, uid: string, reason: string | null): Promise<void> {
    const rid = this.#origin.rid
    await this.#call(ack => this.#link.outbox.kickByUid({ rid, ack, frontendId }, uid, reason))
  }

  /** Tells the gateway, which logs and counts it, of an operation that failed here; its own refusals it knows. */
  #tellFailure(operation: string, about: unknown, error: unknown): void {
    if (error instanceof Refused) return
    const { code, message } = error instanceof Error ? (error as Error & { code?: unknown }) : {}
    this.#link.outbox.refused(
      this.#origin.route,
      operation,
      typeof about === 'string' ? about : describeValue(about),
      { code: String(code ?? ''), message: message ?? String(error) }
    )
    this.#link.leaveSoon()
  }

  #call(write: (ack: number) => void): Promise<string> {
    this.#origin.expectAlive()
    return this.#link.call(write)
  }

  #callHolding(write: (ack: number) => void): Promise<string> {
    const answer = this.#call(write)
    this.#origin.hold(answer)
    return answer
  }

  #head(view: SessionView, ack: number): OperationHead {
    const { frontendId, sid } = view.address
    return { rid: this.#origin.rid, view: this.#origin.viewOf(view), ack, frontendId, sid }
  }

  #note(view: SessionView, key: string, text: string): void {
    // A change that comes after its request has ended is somebody else's to the requests that follow in the turn.
    if (this.#origin.viewOf(view) === 0) return
    for (const each of this.#viewsOf(view)) each.pushed(key, text)
  }

  #noteAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    for (const [key, text] of texts) this.#note(view, key, text)
  }

  /** The view, and the request's own if that is of the same session: its next request reads from there. */
  #viewsOf(view: SessionView): readonly SessionView[] {
    const own = this.#origin.view
    if (own === undefined || own === view) return [view]
    const isSame = own.address.sid === view.address.sid && own.address.frontendId === view.address.frontendId
    return isSame ? [view, own] : [view]
  }

  #expectRoom(view: SessionView, key: string, text: string): void {
    const limit = this.#limits.maxSettingsLength
    // Most sessions are far from their limit, and then the key need not be looked up.
    if (text === '' || view.size + key.length + text.length <= limit) return
    const size = view.sizeWith(key, text)
    if (size > limit) throw errors.settingsTooLarge(key, size, limit)
  }

  #expectRoomForAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    const limit = this.#limits.maxSettingsLength
    let size = view.size
    let largest = ''
    for (const [key, text] of texts) {
      size += view.sizeWith(key, text) - view.size
      if (text.length > (texts.get(largest)?.length ?? 0)) largest = key
    }
    if (size > limit) throw errors.settingsTooLarge(largest, size, limit)
  }
}

function joinTexts(texts: ReadonlyMap<string, string>): string {
  let joined = ''
  for (const [key, text] of texts) joined += formatSetting(key, text)
  return joined
}
