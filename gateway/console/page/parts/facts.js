/** A list of names with values, which is changed in place. */
import { create, setText } from './dom.js'

/** @template Thing */
export class Facts {
  element = create('dl', { className: 'facts' })
  /** @type {Map<string, HTMLElement>} */
  #values = new Map()
  #describe

  /** @param {(thing: Thing) => Record<string, string>} describe the same names each time */
  constructor(describe) {
    this.#describe = describe
  }

  /** @param {Thing} thing */
  update(thing) {
    for (const [name, text] of Object.entries(this.#describe(thing))) {
      let value = this.#values.get(name)
      if (value === undefined) {
        value = create('dd')
        this.#values.set(name, value)
        this.element.append(create('div', {}, create('dt', {}, name), value))
      }
      setText(value, text)
    }
  }
}
