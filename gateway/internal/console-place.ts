/** Where the console of a gateway is. */

export interface ConsolePlace {
  readonly url: string
  /** The token, if it was made for this start; undefined if the option `consoleToken` gave it. */
  readonly token: string | undefined
}
