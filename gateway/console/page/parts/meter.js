/** A bar that shows a share, with its name and its figure as text. */
import { create, setText } from './dom.js'

/** Share from which a bar warns. */
const high = 0.9

export class Meter {
  #value = create('span', { className: 'value' })
  #bar = create('meter', { min: 0, max: 1, high, optimum: 0 })

  /** @param {string} label */
  constructor(label) {
    this.#bar.ariaLabel = label
    this.element = create(
      'div',
      { className: 'meter' },
      create('p', {}, create('span', { className: 'faint' }, label), this.#value),
      this.#bar
    )
  }

  /** @param {number | null} share of 1; null: not known @param {string} text */
  show(share, text) {
    setText(this.#value, text)
    this.#bar.value = share ?? 0
  }
}
