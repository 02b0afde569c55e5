/**
 * Short codes that the gateway assigned to its routes. After a restart the gateway may assign others, so
 * codes of an earlier handshake are kept only if the gateway confirms their version.
 */

/** The part of a handshake's answer that is about route codes. */
export interface DictionaryAnswer {
  /** Codes by route; undefined: the gateway uses no codes, or the client's version is current. */
  readonly dict: Readonly<Record<string, number>> | undefined
  readonly dictVersion: string | undefined
}

export class Dictionary {
  /** Version of the codes; undefined: the gateway named none. */
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
   * Returns the dictionary that is valid after this answer: this one if the gateway confirms its version,
   * else a new one.
   */
  after(answer: DictionaryAnswer): Dictionary {
    const isSame = answer.dict === undefined && answer.dictVersion === this.version
    return isSame ? this : new Dictionary(answer)
  }

  /** All names that have a code. */
  get list(): readonly string[] {
    return [...this.#codes.keys()]
  }

  /** Returns the route's code, or its name if it has none. */
  write(name: string): string | number {
    return this.#codes.get(name) ?? name
  }

  /** Returns a route's name; undefined for an unknown code. */
  read(route: string | number): string | undefined {
    return typeof route === 'string' ? route : this.#names.get(route)
  }
}
