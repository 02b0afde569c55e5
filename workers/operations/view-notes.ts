/**
 * Notes the changes of one caller (a request or `app`) in views, so that the next request of the turn reads
 * them. A change through another view of the request's own session concerns two views: that one and the
 * request's own.
 */
import type { Caller } from './caller.js'
import type { SessionView } from './session-view.js'

/** Notes one key of a change that was sent before. */
type LateNote = (key: string, text: string) => void

export class ViewNotes {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** Notes a key in the view from which it was pushed. */
  pushed(view: SessionView, key: string, text: string): void {
    if (this.#isNoted(view)) view.pushed(key, text)
  }

  /**
   * Called when a change is sent that the gateway may refuse. Returns what notes it once the gateway has
   * agreed. A key that has been pushed meanwhile stays as it is, because that push came later.
   */
  later(view: SessionView): LateNote {
    // Decided when the change is sent, because the gateway is told then. The request may have ended when the
    // answer comes.
    if (!this.#isNoted(view)) return () => {}
    const own = this.ownBeside(view)
    const [place, ownPlace] = [view.reserve(), own?.reserve()]
    return (key, text) => {
      view.pushed(key, text, place)
      own?.pushed(key, text, ownPlace)
    }
  }

  /** Notes a bind or an unbind that the gateway has agreed to. The request's end has waited for that. */
  uid(view: SessionView, uid: string | null): void {
    view.uid = uid
    const { view: own } = this.#caller
    if (own !== undefined && isSameSession(own, view)) own.uid = uid
  }

  /**
   * Returns the request's own view, if `view` is another view of the same session and the request has not
   * ended. The next request of the turn reads that own view.
   */
  ownBeside(view: SessionView): SessionView | undefined {
    const { view: own } = this.#caller
    if (own === undefined || own === view || this.#caller.hasEnded) return undefined
    return isSameSession(own, view) ? own : undefined
  }

  /**
   * Whether a change that is made now is noted in the view. A change after the end of its request is foreign
   * to the turn's later requests, which read the own view.
   */
  #isNoted(view: SessionView): boolean {
    return view !== this.#caller.view || !this.#caller.hasEnded
  }
}

/** A session keeps its number when it moves to another gateway; an older address names the one before. */
function isSameSession(one: SessionView, other: SessionView): boolean {
  return one.address.sid === other.address.sid
}
