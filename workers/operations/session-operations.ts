/**
 * What is asked of the gateway about sessions, in the name of one origin (a request, or nobody). Every change
 * that leaves here is also noted in the view that it was made from, so that the next request of the turn
 * reads it.
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
import { expectSettingsBudget, expectSettingsBudgetForAll } from './settings-budget.js'

/** Makes a key's new text of its newest; undefined: there is no such key. */
type TextChange = (newest: string | undefined) => string | Promise<string>

interface UidHolder {
  uid: string | null
}

export class SessionOperations {
  readonly #link: Link
  readonly #caller: Caller
  readonly #limits: SettingsLimits

  constructor(link: Link, caller: Caller, limits: SettingsLimits) {
    this.#link = link
    this.#caller = caller
    this.#limits = limits
  }

  /**
   * Every failure becomes a rejection, and a rejection that nobody awaits ends no worker: a player who leaves
   * in the middle of a request is no fault of the game. `about` is the key or the uid, for the log.
   */
  promised<Result>(operation: string, about: unknown, work: () => Promise<Result>): Promise<Result> {
    return this.asked(operation, about, () => {
      const promise = work()
      promise.catch(error => this.#tellFailure(operation, about, error))
      return traced(promise)
    })
  }

  /**
   * The same for one operation that is asked for at once: of how it is answered the gateway has told already.
   */
  asked<Result>(operation: string, about: unknown, ask: () => Promise<Result>): Promise<Result> {
    try {
      // Counted before it is tried: what fails at once is told, and is work for the gateway too.
      this.#caller.author?.countOperation()
      return ask()
    } catch (error) {
      const promise = Promise.reject(error)
      promise.catch(() => this.#tellFailure(operation, about, error))
      return promise
    }
  }

  push(view: SessionView, key: string, text: string): void {
    this.#caller.author?.countOperation()
    expectSettingsBudget(view, this.#limits, key, text)
    this.#link.outbox.push(this.#head(view, 0), key, text)
    if (this.#isOwn(view)) this.#note(view, key, text)
    this.#link.leaveSoon()
  }

  apush(view: SessionView, key: string, text: string): Promise<void> {
    expectSettingsBudget(view, this.#limits, key, text)
    const answer = this.#call(ack => this.#link.outbox.push(this.#head(view, ack), key, text))
    if (this.#isOwn(view)) this.#note(view, key, text)
    return answer
  }

  pushAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    this.#caller.author?.countOperation()
    expectSettingsBudgetForAll(view, this.#limits, texts)
    this.#link.outbox.pushAll(this.#head(view, 0), joinTexts(texts))
    if (this.#isOwn(view)) this.#noteAll(view, texts)
    this.#link.leaveSoon()
  }

  apushAll(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    expectSettingsBudgetForAll(view, this.#limits, texts)
    const answer = this.#call(ack => this.#link.outbox.pushAll(this.#head(view, ack), joinTexts(texts)))
    if (this.#isOwn(view)) this.#noteAll(view, texts)
    return answer
  }

  /** The uid of `holder`, who has no other part in it, follows as that of the views does. */
  bind(view: SessionView, uid: string, holder: UidHolder = view): Promise<void> {
    return this.#awaited(async () => {
      await this.#call(ack => this.#link.outbox.bind(this.#head(view, ack), uid))
      holder.uid = uid
      this.#noteUid(view, uid)
    })
  }

  unbind(view: SessionView, uid: string, holder: UidHolder = view): Promise<void> {
    return this.#awaited(async () => {
      await this.#call(ack => this.#link.outbox.unbind(this.#head(view, ack), uid))
      holder.uid = null
      this.#noteUid(view, null)
    })
  }

  /** Gives the text that is in force in the end. */
  update(view: SessionView, key: string, change: TextChange): Promise<string> {
    return this.#awaited(async () => {
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
    const { keyLock } = this.#link
    const name = `${view.address.sid}:${key}`
    const left = await keyLock.enter(name)
    let newest = left === undefined ? known : left.text
    let isInside = true
    try {
      const before = newest ?? ''
      let text = change(newest)
      if (typeof text !== 'string') {
        keyLock.leave(name, undefined)
        isInside = false
        text = await text
      }
      const after = text
      expectSettingsBudget(view, this.#limits, key, after)
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
      if (isInside) keyLock.leave(name, { text: newest })
    }
  }

  commit(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    return this.#awaited(async () => {
      expectSettingsBudgetForAll(view, this.#limits, texts)
      const isOwn = this.#isOwn(view)
      await this.#call(ack => this.#link.outbox.commit(this.#head(view, ack), joinTexts(texts), view.version))
      if (isOwn) this.#noteAll(view, texts)
    })
  }

  /** The session as it is now; undefined where there is none. */
  async read(frontendId: string, sid: number): Promise<SessionText | undefined> {
    const rid = this.#caller.rid
    const head = { rid, viewId: 0, frontendId, sid }
    const answer = await this.#call<AckValue>(ack => this.#link.outbox.read({ ...head, ack }))
    return parseSessions(answer ?? '')[0]
  }

  async readByUid(frontendId: string, uid: string): Promise<SessionText[]> {
    const rid = this.#caller.rid
    const answer = await this.#call<AckValue>(ack =>
      this.#link.outbox.readByUid({ rid, ack, frontendId }, uid)
    )
    return parseSessions(answer ?? '')
  }

  async kick(frontendId: string, sid: number, reason: string | null): Promise<void> {
    const rid = this.#caller.rid
    await this.#call(ack => this.#link.outbox.kick({ rid, viewId: 0, ack, frontendId, sid }, reason))
  }

  async kickByUid(frontendId: string, uid: string, reason: string | null): Promise<void> {
    const rid = this.#caller.rid
    await this.#call(ack => this.#link.outbox.kickByUid({ rid, ack, frontendId }, uid, reason))
  }

  /**
   * Tells the gateway, which logs and counts it, of an operation that failed here; its own refusals it knows.
   */
  #tellFailure(operation: string, about: unknown, error: unknown): void {
    if (error instanceof Refused) return
    const code = codeOf(error)
    if (code === errors.tooManyOperations.code && this.#caller.author?.tellLimit() === false) return
    this.#link.outbox.refused(
      this.#caller.route,
      operation,
      typeof about === 'string' && about.length <= maxNameBytes ? about : describeValue(about),
      { code, message: messageOf(error) }
    )
    this.#link.leaveSoon()
  }

  #call<Value = void>(write: (ack: number) => void): Promise<Value> {
    this.#caller.expectAlive()
    return this.#link.call<Value>(write)
  }

  /** The request does not end before the work has: what the work notes last is there for the next request. */
  #awaited<Result>(work: () => Promise<Result>): Promise<Result> {
    const promise = work()
    this.#caller.awaitOperation(promise)
    return promise
  }

  #head(view: SessionView, ack: number): OperationHead {
    const { frontendId, sid } = view.address
    return { rid: this.#caller.rid, viewId: this.#caller.viewIdOf(view), ack, frontendId, sid }
  }

  /**
   * Whether a change that is asked for now counts for the view. One that comes after its request has ended is
   * somebody else's to the requests that follow in the turn. Asked when the change leaves: that is what the
   * gateway is told, and its answer may come when the request has ended.
   */
  #isOwn(view: SessionView): boolean {
    return this.#caller.viewIdOf(view) !== 0
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

  /**
   * The request's own view, if it is another one of the same session: the session's next request reads from
   * there.
   */
  #ownBeside(view: SessionView): SessionView | undefined {
    const { view: own } = this.#caller
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
