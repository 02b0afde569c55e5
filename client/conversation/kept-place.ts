/**
 * A client's place in its session, kept in a storage while no client has it: from the moment when a page is
 * left until a page takes it. A page that has the place leaves no copy in the storage. So a duplicated tab,
 * whose storage is a copy, finds none, and cannot take the session away from the first tab. Owned by the
 * Conversation.
 */

import { maxMessageId } from '../../shared/wire/message.js'
import { isCount, isSecret } from '../../shared/wire/resume.js'
import type { PlaceStorage } from '../base/options.js'

/** What a client needs to go on where another one has left. */
export interface Place {
  readonly token: string
  readonly epoch: string
  /** Counted messages that were received in this epoch. */
  readonly received: number
  /** Id of the last request. Replies to earlier ones may still come, so ids go on from here. */
  readonly lastId: number
}

export class KeptPlace {
  readonly #find: () => PlaceStorage | undefined
  readonly #key: string
  /** The text that was put last. */
  #text: string | undefined
  #hasWarned = false

  /** `keep`: the option. Places of different gateways have different keys. */
  constructor(keep: PlaceStorage | (() => PlaceStorage) | undefined, url: string) {
    this.#find = typeof keep === 'function' ? keep : () => keep
    this.#key = `sallyport ${url}`
  }

  /** Removes and returns the place; undefined if there is none, or none that can be read. */
  take(): Place | undefined {
    try {
      const text = this.#use(storage => storage.getItem(this.#key))
      this.#use(storage => storage.removeItem(this.#key))
      return readPlace(JSON.parse(text as string))
    } catch {
      return undefined
    }
  }

  /** Writes the place. If the storage refuses it, the next client begins a new session. */
  put(place: Place): void {
    const text = JSON.stringify(place)
    this.#text = text
    this.#use(storage => storage.setItem(this.#key, text))
  }

  /** Removes the place that was put, because its client is back. That of another page stays. */
  drop(): void {
    if (this.#text === undefined) return
    const isOwn = this.#use(storage => storage.getItem(this.#key)) === this.#text
    this.#text = undefined
    if (isOwn) this.#use(storage => storage.removeItem(this.#key))
  }

  /** Calls the storage, whose faults cost no more than the place. */
  #use(call: (storage: PlaceStorage) => unknown): unknown {
    try {
      const answer = call(this.#find()!)
      // A page that is left cannot wait for a promise.
      if (answer instanceof Promise) {
        answer.catch(() => {})
        if (!this.#hasWarned)
          console.warn('sallyport: the storage of `keep` answers with promises: no place is kept')
        this.#hasWarned = true
      }
      return answer
    } catch {
      return undefined
    }
  }
}

/** Reads a place from a storage, where anybody may have written anything. */
function readPlace(value: Readonly<Record<string, unknown>>): Place | undefined {
  const { token, epoch, received, lastId } = value
  if (!isSecret(token) || !isSecret(epoch) || !isCount(received) || !isCount(lastId)) return undefined
  return lastId <= maxMessageId ? { token, epoch, received, lastId } : undefined
}
