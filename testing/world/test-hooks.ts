/** The hooks of a game in a `TestWorld`: read as a worker reads them, and run in the order of a gateway. */

import { errors } from '../../shared/errors.js'
import { hookNameOf, type SessionHookName } from '../../shared/link/hooks.js'
import { describeValue } from '../../shared/text/described.js'
import type { HandlerApp } from '../../workers/loading/app.js'
import type { Handler } from '../../workers/loading/handlers.js'
import { type FolderHooks, readHooks } from '../../workers/loading/hooks.js'
import { expectNames } from './expect-names.js'

/** The hooks of one folder below the handlers' folder. */
export interface TestFolder {
  /** The folder's path from the handlers' folder, such as `match`. */
  readonly folder: string
  /** The `_hooks` module of the folder. */
  readonly hooks: object
  /** The `affinity` of the folder's `_options`: its hooks run in sessions that have a value for it. */
  readonly affinity?: string
}

export interface TestHooksInit {
  /** The `_hooks` module of the handlers' folder: `import * as hooks from '../handlers/_hooks.js'`. */
  readonly hooks?: object
  /** The `_hooks` modules of other folders, outer folders first. */
  readonly folders?: readonly TestFolder[]
}

/**
 * The hooks of a world.
 *
 * @internal
 */
export class TestHooks {
  readonly #root: FolderHooks | undefined
  /** The session hooks, those of the outermost folder first. */
  readonly #handlers: readonly Handler[]

  /**
   * Throws `HANDLERS_INVALID` for a module that a gateway would not accept, and `OPTION_INVALID` for a name
   * that it does not know.
   */
  constructor(init: TestHooksInit) {
    expectNames('TestWorld', init, ['hooks', 'folders'])
    const { hooks, folders = [] } = init
    if (!Array.isArray(folders))
      throw errors.optionInvalid(`Expected \`folders\` to be a list, got ${describeValue(folders)}`)
    for (const each of folders) {
      expectNames('A folder of TestWorld', each, ['folder', 'hooks', 'affinity'])
      if (typeof each.folder !== 'string')
        throw errors.optionInvalid(`Expected \`folder\` to be a path, got ${describeValue(each.folder)}`)
    }
    const root = hooks && readHooks({ file: '_hooks.js', loaded: { ...hooks } }, true, {})
    const others = folders.map(({ folder, hooks: loaded, affinity }) => {
      const file = `${folder}/_hooks.js`
      return readHooks({ file, loaded: { ...loaded } }, false, affinity === undefined ? {} : { affinity })
    })
    this.#root = root
    this.#handlers = [...(root?.handlers ?? []), ...others.flatMap(({ handlers }) => handlers)]
  }

  /** Returns the hooks of that name, in the order in which a gateway runs them. */
  of(name: SessionHookName): readonly Handler[] {
    const found = this.#handlers.filter(({ route }) => hookNameOf(route) === name)
    return name === 'onClose' || name === 'onDrop' ? found.reverse() : found
  }

  async start(app: HandlerApp): Promise<void> {
    await this.#root?.hooks.start(app)
  }

  /** Runs onStop, if there is one. Returns undefined if not. */
  stop(app: HandlerApp): unknown {
    return this.#root?.hooks.stop?.(app)
  }
}
