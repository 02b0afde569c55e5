/**
 * The codes that a gateway has for its routes. They are those of one handshake. The gateway after a restart
 * may have others, so nothing is ever added to what an earlier handshake has said.
 */

/** What an answer to a handshake says of it. */
export interface DictionaryAnswer {
  /** undefined: none is in use, or the one of that version is. */
  readonly dict: Readonly<Record<string, number>> | undefined
  readonly dictVersion: string | undefined
}

export class Dictionary {
  /** undefined: the gateway has no name for it. */
  readonly version: string | undefined
  readonly #codes = new Map<string, number>()
  readonly #names = new Map<number, string>()

  constructor({ dict = {}, dictVersion }: DictionaryAnswer = { dict: undefined, dictVersion: undefined }) {
    this.version = dictVersion
    for (const [name, code] of Object.entries(dict)) {
      this.#codes.set(name, code)
      this.#names.set(code, name)
    }
  }

  /**
   * Returns the dictionary that holds after this answer: a new one, unless the gateway says that it is this.
   */
  after(answer: DictionaryAnswer): Dictionary {
    const isSame = answer.dict === undefined && answer.dictVersion === this.version
    return isSame ? this : new Dictionary(answer)
  }

  /** The route as it is written: its code, or its name where it has none. */
  write(name: string): string | number {
    return this.#codes.get(name) ?? name
  }

  /** The name of a route as it was read; undefined for a code that was not told. */
  read(route: string | number): string | undefined {
    return typeof route === 'string' ? route : this.#names.get(route)
  }
}
