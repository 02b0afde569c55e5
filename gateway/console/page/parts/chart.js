/**
 * One chart: lines over the last minutes, drawn by uPlot, with a legend of their figures.
 *
 * The legend shows the newest figures, or those under the pointer, which all charts of the page share. To a
 * screen reader the canvas says nothing; the legend does, and the table below the charts.
 */
import { create, setText } from './dom.js'

/** @import uPlot from 'uplot' */
/** @import { Column, History } from './history.js' */

/**
 * @typedef {object} Line
 * @property {Column} column
 * @property {string} label
 * @property {1 | 2 | 3 | 4} colour number of a colour in styles/base.css
 */

/**
 * @typedef {object} ChartInit
 * @property {string} title
 * @property {readonly Line[]} lines
 * @property {(value: number | null) => string} format of a figure, in the legend and at the axis
 * @property {boolean} [isBytes] whether the axis counts in powers of two
 * @property {number} [least] the least top of the axis: without it, noise would fill the chart
 */

/** The package is served beside the page; see `docs/guide/console.md`. */
const place = '../uplot/uPlot.esm.js'
const height = 168
const shared = { key: 'console' }

/** Steps of an axis in bytes. */
const powersOfTwo = Array.from({ length: 50 }, (_, power) => 2 ** power)

/** Loads uPlot. @returns {Promise<typeof uPlot>} */
export async function loadCharts() {
  return /** @type {any} */ (await import(place)).default
}

export class Chart {
  element
  #init
  #values = /** @type {HTMLElement[]} */ ([])
  #space = create('div', { className: 'plot' })
  #newest = /** @type {readonly (number | null)[]} */ ([])
  #plot
  #observer

  /** @param {typeof uPlot} UPlot @param {ChartInit} init */
  constructor(UPlot, init) {
    this.#init = init
    const legend = create('dl', { className: 'legend' })
    for (const { label, colour } of init.lines) {
      const value = create('dd', {}, '–')
      this.#values.push(value)
      const name = create('dt', {}, create('span', { className: `key colour-${colour}` }), label)
      legend.append(create('div', {}, name, value))
    }
    this.#space.setAttribute('aria-hidden', 'true')
    this.element = create(
      'section',
      { className: 'card chart', ariaLabel: init.title },
      create('h3', {}, init.title),
      legend,
      this.#space
    )
    // The colours of the theme are known once the element is in the document.
    document.body.append(this.element)
    this.#plot = new UPlot(this.#options(), [[], ...init.lines.map(() => [])], this.#space)
    this.element.remove()
    this.#observer = new ResizeObserver(() => {
      const { clientWidth: width } = this.#space
      if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height })
    })
    this.#observer.observe(this.#space)
  }

  /** @param {History} history @param {number} seconds */
  draw(history, seconds) {
    const data = history.slice(
      this.#init.lines.map(({ column }) => column),
      seconds
    )
    const [time, ...columns] = data
    this.#newest = columns.map(column => column.at(-1) ?? null)
    const last = time.at(-1) ?? 0
    this.#plot.batch(() => {
      this.#plot.setData(data, false)
      this.#plot.setScale('x', { min: last - seconds, max: last })
    })
    this.#showFigures()
  }

  close() {
    this.#observer.disconnect()
    this.#plot.destroy()
  }

  #showFigures() {
    const { idx } = this.#plot.cursor
    const isPointed = idx !== null && idx !== undefined && (this.#plot.cursor.left ?? -1) >= 0
    for (const [index, value] of this.#values.entries()) {
      const figure = isPointed ? (this.#plot.data[index + 1]?.[idx] ?? null) : (this.#newest[index] ?? null)
      setText(value, this.#init.format(figure))
    }
  }

  /** @returns {uPlot.Options} */
  #options() {
    const { lines, format, isBytes = false, least = 0 } = this.#init
    const ink = colourOf(this.element, 'chart-ink')
    const grid = { stroke: colourOf(this.element, 'chart-grid'), width: 1 }
    const axis = { stroke: ink, grid, ticks: { show: false }, font: '11px system-ui, sans-serif' }
    return {
      width: 320,
      height,
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, sync: shared, points: { size: 7 } },
      scales: {
        x: { time: true, auto: false },
        y: { range: (_plot, _low, high) => [0, Math.max(least, (high ?? 0) * 1.1)] }
      },
      axes: [
        { ...axis, size: 26, space: 56, values: (_plot, times) => formatTimes(times) },
        {
          ...axis,
          size: 62,
          space: 34,
          gap: 6,
          ...(isBytes ? { incrs: powersOfTwo } : {}),
          values: (_plot, values) => values.map(value => (value === 0 ? '0' : format(value)))
        }
      ],
      series: [
        {},
        ...lines.map(({ label, colour }) => ({
          label,
          stroke: colourOf(this.element, `colour-${colour}`),
          width: 1.75,
          points: { size: 4 }
        }))
      ],
      hooks: { setCursor: [() => this.#plot && this.#showFigures()] }
    }
  }
}

/** Formats moments, with seconds only if they are needed. @param {number[]} times in seconds */
function formatTimes(times) {
  const length = times.every(time => time % 60 === 0) ? 5 : 8
  return times.map(time => new Date(time * 1000).toLocaleTimeString('en', { hour12: false }).slice(0, length))
}

/**
 * Returns the colour that a class gives to text in the present theme.
 *
 * @param {HTMLElement} parent
 * @param {string} className
 */
function colourOf(parent, className) {
  const probe = create('span', { className })
  parent.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
