/** The last things that have happened to something, with the times that the logs of gateways have, too. */

/** Lines that are kept. */
const mostLines = 40

export class History {
  readonly #lines: string[] = []

  add(what: string): void {
    this.#lines.push(`${new Date().toISOString()} ${what}`)
    if (this.#lines.length > mostLines) this.#lines.shift()
  }

  toString(): string {
    return this.#lines.join('\n')
  }
}
