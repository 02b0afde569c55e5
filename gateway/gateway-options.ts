/** The options of `createGateway`, and of a configuration file: the tree of options with exact types. */
import type { Gateway } from './gateway.js'
import type { GivenPlainOptions, OptionTree } from './options/options.js'

/** The options that a configuration file may hold. What it leaves out may come from elsewhere. */
export interface Config extends OptionTree {
  /**
   * Called once, when the gateway listens, with the gateway: to listen to its sessions, to begin timers, and
   * the like. If it throws or rejects, the gateway is closed, and its start fails with that error. Default:
   * nothing.
   */
  onStart?: (gateway: Gateway) => void | Promise<void>
  /**
   * Called once, if `onStart` was called, when the gateway has closed: no session and no worker is left. The
   * end waits for it, for up to `closeTimeout`; an error is logged. Default: nothing.
   */
  onStop?: (gateway: Gateway) => void | Promise<void>
}

/** The options of a gateway that a program creates. */
export interface GatewayOptions extends Config {
  /**
   * Folder of the handler modules: a path, which is relative to the current directory, or a `file:` URL, such
   * as `new URL('./handlers', import.meta.url)`.
   */
  handlers: NonNullable<GivenPlainOptions['handlers']>
  /**
   * Whether environment variables set options too, such as `SALLYPORT_PORT`. They take precedence over the
   * options here, so that an operator has the last word. Default: false.
   */
  env?: boolean
}
