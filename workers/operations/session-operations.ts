/**
 * What is asked of the gateway about sessions, in the name of one origin (a request, or nobody). Every change that
 * leaves here is also noted in the view that it was made from, so that the next request of the turn reads it.
 */
import { describeValue, maxNameBytes } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { OperationHead } from '../../shared/link/outbox.js'
import { codeOf, messageOf } from '../../shared/text/thrown.js'
import { parseSessions, type SessionText } from '../../shared/values/session-text.js'
import { formatSetting, type SettingsLimits } from '../../shared/values/settings-text.js'
import type { Caller } from './caller.js'
import { type AckValue, type Link, Refused, traced } from './link.js'
import type { SessionView } from './session-view.js'
import { expectRoom, expectRoomForAll } from './settings-budget.js'

/** Makes a key's new text of its newest; undefined: there is no such key. */
type TextChange = (newest: string | undefined) => string | Promise<string>

interface UidHolder {
  uid: string | null
}

export class SessionOperations {
  readonly #link: Link
  readonly #origin: Caller
  readonly #limits: SettingsLimits

  constructor(link: Link, origin: Caller, limits: SettingsLimits) {
    this.#link = link
    this.#origin = origin
    this.#limits = limits
  }

  /**
   * Every failure becomes a rejection, and a rejection that nobody awaits ends no worker: a player who leaves in
   * the middle of a request is no fault of the game. `about` is the key or the uid, for the log.
   */
  promised<Result>(operation: string, about: unknown, work: () => Promise<Result>): Promise<Result> {
    return this.asked(operation, about, () => {
      const promise = work()
      promise.catch(error => this.#tellFailure(operation, about, error))
      return traced(promise)
    })
  }

  /** The same for one operation that is asked for at once: of how it is answered the gateway has told already. */
  asked<Result>(operation: string, about: unknown, ask: () => Promise<Result>): Promise<Result> {
    try {
      // Counted before it is tried: what fails at once is told, and is work for the gateway too.
      this.#origin.author?.countOperation()
      return ask()
    } catch (error) {
      const promise = Promise.reject(error)
      promise.catch(() => this.#tellFailure(operation, about, error))
      return promise
    }
  }

  push(view: SessionView, key: string, text: string): void {
    this.#origin.author?.countOperation()
    expectRoom(view, this.#limits, key, text)
    this.#link.outbox.push(this.#head(view, 0), key, text)
    if (this.#isOwn(view)) this.#note(view, key, text)
    this.#link.leaveSoon()
  }

  apush(view: SessionView, key: string, text: string): Promise<void> {
    expectRoom(view, this.#limits, key, text)
    const answer = this.#call(ack => this.#link.outbox.push(this.#head(view, ack), key, text))
    if (this.#isOwn(view)) this.#note(view, key, text)
    return answer
  }

  pushAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    this.#origin.author?.countOperation()
    expectRoomForAll(view, this.#limits, texts)
    this.#link.outbox.pushAll(this.#head(view, 0), joinTexts(texts))
    if (this.#isOwn(view)) this.#noteAll(view, texts)
    this.#link.leaveSoon()
  }

  apushAll(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    expectRoomForAll(view, this.#limits, texts)
    const answer = this.#call(ack => this.#link.outbox.pushAll(this.#head(view, ack), joinTexts(texts)))
    if (this.#isOwn(view)) this.#noteAll(view, texts)
    return answer
  }

  /** The uid of `holder`, who has no other part in it, follows as that of the views does. */
  bind(view: SessionView, uid: string, holder: UidHolder = view): Promise<void> {
    return this.#held(async () => {
      await this.#call(ack => this.#link.outbox.bind(this.#head(view, ack), uid))
      holder.uid = uid
      this.#noteUid(view, uid)
    })
  }

  unbind(view: SessionView, uid: string, holder: UidHolder = view): Promise<void> {
    return this.#held(async () => {
      await this.#call(ack => this.#link.outbox.unbind(this.#head(view, ack), uid))
      holder.uid = null
      this.#noteUid(view, null)
    })
  }

  /** Gives the text that is in force in the end. */
  update(view: SessionView, key: string, change: TextChange): Promise<string> {
    return this.#held(async () => {
      let newest = view.textOf(key)
      for (;;) {
        const result = await this.#tryUpdate(view, key, newest, change)
        if ('text' in result) return result.text
        newest = result.newest
      }
    })
  }

  async #tryUpdate(
    view: SessionView,
    key: string,
    known: string | undefined,
    change: TextChange
  ): Promise<{ text: string } | { newest: string | undefined }> {
    const { turnstile } = this.#link
    const name = `${view.address.sid}:${key}`
    const left = await turnstile.enter(name)
    let newest = left === undefined ? known : left.text
    let isInside = true
    try {
      const before = newest ?? ''
      let text = change(newest)
      if (typeof text !== 'string') {
        turnstile.leave(name, undefined)
        isInside = false
        text = await text
      }
      const after = text
      expectRoom(view, this.#limits, key, after)
      const isOwn = this.#isOwn(view)
      await this.#call(ack => this.#link.outbox.update(this.#head(view, ack), key, after, before))
      if (isOwn) this.#note(view, key, after)
      newest = after
      return { text: after }
    } catch (refusal) {
      if (!(refusal instanceof Refused) || refusal.code !== errors.conflict.code) throw refusal
      newest = refusal.newest === '' ? undefined : refusal.newest
      return { newest }
    } finally {
      if (isInside) turnstile.leave(name, { text: newest })
    }
  }

  commit(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    return this.#held(async () => {
      expectRoomForAll(view, this.#limits, texts)
      const isOwn = this.#isOwn(view)
      await this.#call(ack => this.#link.outbox.commit(this.#head(view, ack), joinTexts(texts), view.version))
      if (isOwn) this.#noteAll(view, texts)
    })
  }

  /** The session as it is now; undefined where there is none. */
  async read(frontendId: string, sid: number): Promise<SessionText | undefined> {
    const rid = this.#origin.rid
    const head = { rid, viewId: 0, frontendId, sid }
    const answer = await this.#call<AckValue>(ack => this.#link.outbox.read({ ...head, ack }))
    return parseSessions(answer ?? '')[0]
  }

  async readByUid(frontendId: string, uid: string): Promise<SessionText[]> {
    const rid = this.#origin.rid
    const answer = await this.#call<AckValue>(ack =>
      this.#link.outbox.readByUid({ rid, ack, frontendId }, uid)
    )
    return parseSessions(answer ?? '')
  }

  async kick(frontendId: string, sid: number, reason: string | null): Promise<void> {
    const rid = this.#origin.rid
    await this.#call(ack => this.#link.outbox.kick({ rid, viewId: 0, ack, frontendId, sid }, reason))
  }

  async kickByUid(frontendId: string, uid: string, reason: string | null): Promise<void> {
    const rid = this.#origin.rid
    await this.#call(ack => this.#link.outbox.kickByUid({ rid, ack, frontendId }, uid, reason))
  }

  /** Tells the gateway, which logs and counts it, of an operation that failed here; its own refusals it knows. */
  #tellFailure(operation: string, about: unknown, error: unknown): void {
    if (error instanceof Refused) return
    const code = codeOf(error)
    if (code === errors.tooManyOperations.code && this.#origin.author?.tellLimit() === false) return
    this.#link.outbox.refused(
      this.#origin.route,
      operation,
      typeof about === 'string' && about.length <= maxNameBytes ? about : describeValue(about),
      { code, message: messageOf(error) }
    )
    this.#link.leaveSoon()
  }

  #call<Value = void>(write: (ack: number) => void): Promise<Value> {
    this.#origin.expectAlive()
    return this.#link.call<Value>(write)
  }

  /** The request does not end before the work has: what the work notes last is there for the next request. */
  #held<Result>(work: () => Promise<Result>): Promise<Result> {
    const promise = work()
    this.#origin.awaitOperation(promise)
    return promise
  }

  #head(view: SessionView, ack: number): OperationHead {
    const { frontendId, sid } = view.address
    return { rid: this.#origin.rid, viewId: this.#origin.viewIdOf(view), ack, frontendId, sid }
  }

  /**
   * Whether a change that is asked for now counts for the view. One that comes after its request has ended is
   * somebody else's to the requests that follow in the turn. Asked when the change leaves: that is what the gateway
   * is told, and its answer may come when the request has ended.
   */
  #isOwn(view: SessionView): boolean {
    return this.#origin.viewIdOf(view) !== 0
  }

  #note(view: SessionView, key: string, text: string): void {
    view.pushed(key, text)
    const own = this.#ownBeside(view)
    own?.pushed(key, text)
  }

  #noteAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    for (const [key, text] of texts) this.#note(view, key, text)
  }

  #noteUid(view: SessionView, uid: string | null): void {
    view.uid = uid
    const own = this.#ownBeside(view)
    if (own !== undefined) own.uid = uid
  }

  /** The request's own view, if it is another one of the same session: the session's next request reads from there. */
  #ownBeside(view: SessionView): SessionView | undefined {
    const { view: own } = this.#origin
    if (own === undefined || own === view) return undefined
    const isSame = own.address.sid === view.address.sid && own.address.frontendId === view.address.frontendId
    return isSame ? own : undefined
  }
}

function joinTexts(texts: ReadonlyMap<string, string>): string {
  let joined = ''
  for (const [key, text] of texts) joined += formatSetting(key, text)
  return joined
}
