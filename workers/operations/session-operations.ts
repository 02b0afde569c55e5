/**
 * Sends the operations on sessions, on behalf of one caller (a request or `app`).
 * Each change is also noted in the view that it was made from, so that the next request of the turn reads it.
 */
import { maxNameBytes } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { OperationHead } from '../../shared/link/outbox.js'
import { describeValue } from '../../shared/text/described.js'
import { codeOf, messageOf } from '../../shared/text/thrown.js'
import { type FoundSession, parseSessions } from '../../shared/values/session-text.js'
import { formatSetting, type SettingsLimits } from '../../shared/values/settings-text.js'
import type { SpanHolder } from '../tracing/handler-spans.js'
import type { Caller } from './caller.js'
import { type AckValue, type Link, Refused, traced } from './link.js'
import type { SessionView } from './session-view.js'
import { expectSettingsBudget, expectSettingsBudgetForAll } from './settings-budget.js'

/** Computes a key's new text from its newest text; undefined stands for a missing key. */
type TextChange = (newest: string | undefined) => string | Promise<string>

interface UidHolder {
  uid: string | null
}

export class SessionOperations {
  readonly #link: Link
  readonly #caller: Caller
  readonly #limits: SettingsLimits & SpanHolder

  constructor(link: Link, caller: Caller, limits: SettingsLimits & SpanHolder) {
    this.#link = link
    this.#caller = caller
    this.#limits = limits
  }

  /**
   * Runs `work`, turning each failure into a rejection. An unhandled rejection does not end the worker,
   * because a player may leave in the middle of a request without any fault of the game. `about` is the key
   * or the uid, for the log.
   */
  promised<Result>(operation: string, about: unknown, work: () => Promise<Result>): Promise<Result> {
    return this.asked(operation, about, () => {
      const promise = work()
      promise.catch(error => this.#tellFailure(operation, about, error))
      return traced(promise)
    })
  }

  /**
   * Variant of `promised` for a single operation that is sent at once. The gateway itself logs its refusals.
   */
  asked<Result>(operation: string, about: unknown, ask: () => Promise<Result>): Promise<Result> {
    try {
      // Counts the operation before it is tried, because an operation that fails at once is reported, and so
      // is work for the gateway too.
      this.#caller.author?.countOperation()
      const { spans } = this.#limits
      return spans === undefined ? ask() : spans.operation(operation, ask)
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
    const isWithin = expectSettingsBudget(view, this.#limits, key, text)
    const pushed = this.#callOrSettle(view, isWithin, ack =>
      this.#link.outbox.push(this.#head(view, ack), key, text)
    )
    if (this.#isOwn(view)) this.#note(view, key, text)
    return pushed
  }

  pushAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    this.#caller.author?.countOperation()
    expectSettingsBudgetForAll(view, this.#limits, texts)
    this.#link.outbox.pushAll(this.#head(view, 0), joinTexts(texts))
    if (this.#isOwn(view)) this.#noteAll(view, texts)
    this.#link.leaveSoon()
  }

  apushAll(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    const isWithin = expectSettingsBudgetForAll(view, this.#limits, texts)
    const pushed = this.#callOrSettle(view, isWithin, ack =>
      this.#link.outbox.pushAll(this.#head(view, ack), joinTexts(texts))
    )
    if (this.#isOwn(view)) this.#noteAll(view, texts)
    return pushed
  }

  /** Binds a session. Once the gateway has agreed, sets the uid of the view and of `holder`. */
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

  /** Updates one key, and tries again after each conflict. Resolves with the text that was pushed. */
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

  /** Sets the session's resume window; null: as the gateway's options say. */
  setResumeWindow(view: SessionView, ms: number | null): Promise<void> {
    return this.#call(ack => this.#link.outbox.setResumeWindow(this.#head(view, ack), ms ?? -1))
  }

  /** Reads the current state of a session; undefined if there is none. */
  async read(frontendId: string, sid: number): Promise<FoundSession | undefined> {
    const rid = this.#caller.rid
    const head = { rid, viewId: 0, frontendId, sid }
    const answer = await this.#call<AckValue>(ack => this.#link.outbox.read({ ...head, ack }))
    return parseSessions(answer ?? '', frontendId)[0]
  }

  async readByUid(frontendId: string, uid: string): Promise<FoundSession[]> {
    const rid = this.#caller.rid
    const answer = await this.#call<AckValue>(ack =>
      this.#link.outbox.readByUid({ rid, ack, frontendId }, uid)
    )
    return parseSessions(answer ?? '', frontendId)
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
   * Reports an operation that failed here, so that the gateway logs and counts it. The gateway's own refusals
   * are not reported.
   */
  #tellFailure(operation: string, about: unknown, error: unknown): void {
    if (error instanceof Refused) return
    const code = codeOf(error)
    if (code === errors.tooManyOperations.code && this.#caller.author?.tellLimit() === false) return
    this.#link.outbox.refused(
      this.#caller.rid,
      this.#caller.route,
      operation,
      typeof about === 'string' && about.length <= maxNameBytes ? about : describeValue(about),
      { code, message: messageOf(error) }
    )
    this.#link.leaveSoon()
  }

  /**
   * Sends a push. Resolves when it has left, if nothing can refuse it or lose it then. Otherwise resolves
   * with the gateway's ack.
   */
  #callOrSettle(view: SessionView, isWithin: boolean, write: (ack: number) => void): Promise<void> {
    if (!isWithin || !this.#caller.settlesPush(view)) return this.#call(write)
    write(0)
    return this.#link.whenLeft()
  }

  #call<Value = void>(write: (ack: number) => void): Promise<Value> {
    this.#caller.expectAlive()
    return this.#link.call<Value>(write)
  }

  /**
   * Delays the end of the request until the work has ended, so that the next request sees the changes that
   * the work notes in the view.
   */
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
   * Whether a change that is made now belongs to the view. A change after the end of its request is foreign
   * to the turn's later requests. Decided when the change is sent, because the gateway is told then. The
   * request may have ended when the answer comes.
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
    const own = this.#ownBeside(view)
    texts.forEach((text, key) => {
      view.pushed(key, text)
      own?.pushed(key, text)
    })
  }

  #noteUid(view: SessionView, uid: string | null): void {
    view.uid = uid
    const own = this.#ownBeside(view)
    if (own !== undefined) own.uid = uid
  }

  /**
   * The request's own view, if `view` is another view of the same session. The next request of the turn reads
   * that own view.
   */
  #ownBeside(view: SessionView): SessionView | undefined {
    const { view: own } = this.#caller
    if (own === undefined || own === view) return undefined
    // A session keeps its number when it moves to another gateway; an older address names the one before.
    return own.address.sid === view.address.sid ? own : undefined
  }
}

function joinTexts(texts: ReadonlyMap<string, string>): string {
  let joined = ''
  texts.forEach((text, key) => {
    joined += formatSetting(key, text)
  })
  return joined
}
