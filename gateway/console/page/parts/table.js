/**
 * A table whose rows stay the same elements while their figures change, so that the focus stays too.
 *
 * On a phone each row is a card of its own: the style takes the name of a cell from `data-name`. That takes the
 * meaning from the elements of the table, so that their roles are written out.
 */
import { create, setText } from './dom.js'

/**
 * @template Row
 * @typedef {object} TableColumn
 * @property {string} title
 * @property {(row: Row) => string} [text] the cell's text
 * @property {(cell: HTMLElement, row: Row, isNew: boolean) => void} [fill] instead of `text`
 * @property {(row: Row) => number | string | null} [sortBy] makes the column one to sort by
 * @property {string} [className] `number`, `wide`, `actions`, …
 */

/** @template Row */
export class Table {
  element
  #body = create('tbody')
  #columns
  #keyOf
  #empty
  /** @type {Map<string | number, HTMLTableRowElement>} */
  #elements = new Map()
  /** @type {readonly Row[]} */
  #rows = []
  /** @type {{ column: number, isDown: boolean } | undefined} */
  #order
  /** @type {HTMLTableCellElement[]} */
  #heads = []

  /**
   * @param {object} init
   * @param {string} init.label
   * @param {readonly TableColumn<Row>[]} init.columns
   * @param {(row: Row) => string | number} init.keyOf
   * @param {string} init.empty what stands there without rows
   */
  constructor({ label, columns, keyOf, empty }) {
    this.#columns = columns
    this.#keyOf = keyOf
    this.#empty = create('p', { className: 'empty', hidden: true }, empty)
    this.#heads = columns.map((column, index) => this.#createHead(column, index))
    this.#body.role = 'rowgroup'
    const table = create(
      'table',
      { role: 'table', ariaLabel: label },
      create('thead', { role: 'rowgroup' }, create('tr', { role: 'row' }, ...this.#heads)),
      this.#body
    )
    this.element = create('div', { className: 'table' }, table, this.#empty)
  }

  /** @param {readonly Row[]} rows */
  update(rows) {
    this.#rows = rows
    this.#empty.hidden = rows.length > 0
    const sorted = this.#sort(rows)
    const keys = new Set(sorted.map(this.#keyOf))
    for (const [key, element] of this.#elements) {
      if (keys.has(key)) continue
      element.remove()
      this.#elements.delete(key)
    }
    for (const [index, row] of sorted.entries()) {
      const key = this.#keyOf(row)
      const element = this.#elements.get(key) ?? this.#createRow(key)
      this.#fill(element, row)
      // An element that is moved loses the focus, so only those that are in the wrong place are.
      const there = this.#body.children[index]
      if (there !== element) this.#body.insertBefore(element, there ?? null)
    }
  }

  /** @param {string | number} key */
  #createRow(key) {
    const cells = this.#columns.map(({ title, className = '' }) => {
      const cell = create('td', { className, role: 'cell' })
      cell.dataset['name'] = title
      return cell
    })
    const element = create('tr', { role: 'row' }, ...cells)
    this.#elements.set(key, element)
    return element
  }

  /** @param {HTMLTableRowElement} element @param {Row} row */
  #fill(element, row) {
    for (const [index, { text, fill }] of this.#columns.entries()) {
      const cell = /** @type {HTMLTableCellElement} */ (element.cells[index])
      if (fill) fill(cell, row, !cell.hasChildNodes())
      else setText(cell, text?.(row) ?? '')
    }
  }

  /** @param {TableColumn<Row>} column @param {number} index */
  #createHead({ title, sortBy, className = '' }, index) {
    const head = create('th', { className, scope: 'col', role: 'columnheader' })
    if (sortBy === undefined) {
      head.append(create('span', { className: className === 'actions' ? 'unseen' : '' }, title))
      return head
    }
    const sort = create('button', { type: 'button', className: 'sort' }, title)
    sort.addEventListener('click', () => {
      const isSame = this.#order?.column === index
      this.#order = { column: index, isDown: isSame ? !this.#order?.isDown : className.includes('number') }
      for (const [each, other] of this.#heads.entries())
        other.ariaSort = each !== index ? null : this.#order.isDown ? 'descending' : 'ascending'
      this.update(this.#rows)
    })
    head.append(sort)
    return head
  }

  /** @param {readonly Row[]} rows */
  #sort(rows) {
    const sortBy = this.#order && this.#columns[this.#order.column]?.sortBy
    if (sortBy === undefined) return rows
    const sign = this.#order?.isDown ? -1 : 1
    return [...rows].sort((a, b) => sign * compare(sortBy(a), sortBy(b)))
  }
}

/**
 * Compares two figures or texts; those that there are not come first.
 *
 * @param {number | string | null} a
 * @param {number | string | null} b
 */
function compare(a, b) {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  return typeof a === 'string' ? a.localeCompare(String(b)) : a - Number(b)
}
