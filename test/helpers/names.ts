/** Names of a test that come and go, for a cluster to watch. */
import type { NameSource, NameWatcher } from '../../gateway/sessions/channels.js'

export class Names implements NameSource {
  readonly all = new Set<string>()
  #watcher: NameWatcher | undefined

  names(): Iterable<string> {
    return this.all
  }

  watchNames(watcher: NameWatcher): void {
    this.#watcher = watcher
  }

  add(name: string): void {
    if (this.all.has(name)) return
    this.all.add(name)
    this.#watcher?.first(name)
  }

  remove(name: string): void {
    if (this.all.delete(name)) this.#watcher?.last(name)
  }
}
