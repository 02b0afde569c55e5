/**
 * Sends the operations on sessions, on behalf of one caller (a request or `app`).
 * Each change is also noted in the views that it concerns (view-notes.ts).
 */
import { maxNameBytes } from '../../shared/check.js'
import { errors } from '../../shared/errors.js'
import type { OperationHead } from '../../shared/link/outbox.js'
import { isRequestError } from '../../shared/request-error.js'
import { describeValue } from '../../shared/text/described.js'
import { isInstance } from '../../shared/text/instance.js'
import { codeOf, messageOf } from '../../shared/text/thrown.js'
import { type FoundSession, parseSessions } from '../../shared/values/session-text.js'
import { formatSetting, type SettingsLimits } from '../../shared/values/settings-text.js'
import type { SpanHolder } from '../tracing/handler-spans.js'
import type { Caller } from './caller.js'
import { type AckValue, type Link, Refused, traced } from './link.js'
import type { SessionView } from './session-view.js'
import { expectSettingsBudget, expectSettingsBudgetForAll } from './settings-budget.js'
import { ViewNotes } from './view-notes.js'

/** Computes a key's new text from its newest text; undefined stands for a missing key. */
type TextChange = (newest: string | undefined) => string | Promise<string>

interface UidHolder {
  uid: string | null
}

export class SessionOperations {
  readonly #link: Link
  readonly #caller: Caller
  readonly #limits: SettingsLimits & SpanHolder
  readonly #notes: ViewNotes

  constructor(link: Link, caller: Caller, limits: SettingsLimits & SpanHolder) {
    this.#link = link
    this.#caller = caller
    this.#limits = limits
    this.#notes = new ViewNotes(caller)
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
    if (this.#notes.ownBeside(view) !== undefined) return void this.apush(view, key, text).catch(ignore)
    this.#link.outbox.push(this.#head(view, 0), key, text)
    this.#notes.pushed(view, key, text)
    this.#link.leaveSoon()
  }

  apush(view: SessionView, key: string, text: string): Promise<void> {
    const isWithin = expectSettingsBudget(view, this.#limits, key, text)
    const pushed = this.#callOrSettle(view, isWithin, [[key, text]], ack =>
      this.#link.outbox.push(this.#head(view, ack), key, text)
    )
    this.#notes.pushed(view, key, text)
    return pushed
  }

  pushAll(view: SessionView, texts: ReadonlyMap<string, string>): void {
    this.#caller.author?.countOperation()
    expectSettingsBudgetForAll(view, this.#limits, texts)
    if (this.#notes.ownBeside(view) !== undefined) return void this.apushAll(view, texts).catch(ignore)
    this.#link.outbox.pushAll(this.#head(view, 0), joinTexts(texts))
    for (const [key, text] of texts) this.#notes.pushed(view, key, text)
    this.#link.leaveSoon()
  }

  apushAll(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    const isWithin = expectSettingsBudgetForAll(view, this.#limits, texts)
    const pushed = this.#callOrSettle(view, isWithin, texts, ack =>
      this.#link.outbox.pushAll(this.#head(view, ack), joinTexts(texts))
    )
    for (const [key, text] of texts) this.#notes.pushed(view, key, text)
    return pushed
  }

  /** Binds a session. Once the gateway has agreed, sets the uid of the view and of `holder`. */
  bind(view: SessionView, uid: string, holder: UidHolder = view): Promise<void> {
    return this.#awaited(async () => {
      await this.#call(ack => this.#link.outbox.bind(this.#head(view, ack), uid))
      holder.uid = uid
      this.#notes.uid(view, uid)
    })
  }

  unbind(view: SessionView, uid: string, holder: UidHolder = view): Promise<void> {
    return this.#awaited(async () => {
      await this.#call(ack => this.#link.outbox.unbind(this.#head(view, ack), uid))
      holder.uid = null
      this.#notes.uid(view, null)
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
      const note = this.#notes.later(view)
      await this.#call(ack => this.#link.outbox.update(this.#head(view, ack), key, after, before))
      note(key, after)
      newest = after
      return { text: after }
    } catch (refusal) {
      if (!isInstance(refusal, Refused) || refusal.code !== errors.conflict.code) throw refusal
      newest = refusal.newest === '' ? undefined : refusal.newest
      return { newest }
    } finally {
      if (isInside) keyLock.leave(name, { text: newest })
    }
  }

  commit(view: SessionView, texts: ReadonlyMap<string, string>): Promise<void> {
    return this.#awaited(async () => {
      expectSettingsBudgetForAll(view, this.#limits, texts)
      const note = this.#notes.later(view)
      await this.#call(ack => this.#link.outbox.commit(this.#head(view, ack), joinTexts(texts), view.version))
      for (const [key, text] of texts) note(key, text)
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
   * are not reported, and neither is a RequestError: the function of an update has decided to throw it.
   */
  #tellFailure(operation: string, about: unknown, error: unknown): void {
    if (isInstance(error, Refused) || isRequestError(error)) return
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
   * with the gateway's ack. Until then, the request's own view knows nothing of a push through another view
   * of its session, and its end waits for the ack.
   */
  #callOrSettle(
    view: SessionView,
    isWithin: boolean,
    texts: Iterable<readonly [key: string, text: string]>,
    write: (ack: number) => void
  ): Promise<void> {
    const own = this.#notes.ownBeside(view)
    if (own !== undefined) {
      const place = own.reserve()
      const noted = this.#call(write).then(() => {
        for (const [key, text] of texts) own.pushed(key, text, place)
      })
      noted.catch(ignore)
      this.#caller.awaitOperation(noted)
      return noted
    }
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
}

function ignore(): void {}

function joinTexts(texts: ReadonlyMap<string, string>): string {
  let joined = ''
  texts.forEach((text, key) => {
    joined += formatSetting(key, text)
  })
  return joined
}
