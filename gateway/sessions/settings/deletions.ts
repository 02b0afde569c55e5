/** The deleted keys of a session, which `commit` asks for. */
import { isForeign, type Setting } from './setting.js'

/** Deleted keys that are remembered by their names. */
export const rememberedDeletions = 64

/**
 * Knows the last deleted keys by their names. Of older ones it knows only when the latest was made, and by
 * which view.
 */
export class Deletions {
  readonly #keys: Map<string, Setting>
  /** Number of characters of the keys. */
  #length = 0
  /** Version of the latest forgotten deletion, and its view. */
  #forgotten: number
  #forgottenView = 0
  /** Version of the latest forgotten deletion of all other views. */
  #forgottenElsewhere = 0

  constructor(keys = new Map<string, Setting>(), forgotten = 0) {
    this.#keys = keys
    this.#forgotten = forgotten
    for (const key of keys.keys()) this.#length += key.length
  }

  get size(): number {
    return this.#keys.size
  }

  get length(): number {
    return this.#length
  }

  get kept(): ReadonlyMap<string, Setting> {
    return this.#keys
  }

  get forgotten(): number {
    return this.#forgotten
  }

  add(key: string, deletion: Setting): void {
    this.#keys.set(key, deletion)
    this.#length += key.length
    if (this.#keys.size <= rememberedDeletions) return
    const [oldest, { version, viewId }] = this.#keys.entries().next().value!
    this.delete(oldest)
    if (viewId !== this.#forgottenView) {
      this.#forgottenElsewhere = this.#forgotten
      this.#forgottenView = viewId
    }
    this.#forgotten = version
  }

  /** Called when the key has a value again. */
  delete(key: string): void {
    if (this.#keys.delete(key)) this.#length -= key.length
  }

  /**
   * Returns the version at which a key without a value was deleted by another view than `viewId`, or may have
   * been; 0: it was not.
   */
  foreignTo(viewId: number, key: string): number {
    const deletion = this.#keys.get(key)
    if (deletion !== undefined) return isForeign(deletion, viewId) ? deletion.version : 0
    const isElsewhere = viewId === 0 || viewId !== this.#forgottenView
    return isElsewhere ? this.#forgotten : this.#forgottenElsewhere
  }
}
