/** The places of workers. While a worker retires, its place has two: it, and the one that replaces it. */

/**
 * @template {{ readonly index: number, readonly state: string }} Worker
 * @typedef {object} Place
 * @property {Worker} worker the one that has the place
 * @property {Worker[]} retiring those that had it and finish their requests
 */

/**
 * Groups workers by their places, in the order of the list.
 *
 * @template {{ readonly index: number, readonly state: string }} Worker
 * @param {readonly Worker[]} workers
 * @returns {Place<Worker>[]}
 */
export function groupByPlace(workers) {
  return [...new Set(workers.map(({ index }) => index))].map(index => {
    const here = workers.filter(each => each.index === index)
    const worker = /** @type {Worker} */ (here.find(({ state }) => state !== 'retiring') ?? here[0])
    return { worker, retiring: here.filter(each => each !== worker) }
  })
}

/**
 * Counts the places whose worker is up: `1 of 2`.
 *
 * @param {readonly { readonly index: number, readonly state: string }[]} workers
 */
export function countUp(workers) {
  const places = groupByPlace(workers)
  return `${places.filter(({ worker }) => worker.state === 'up').length} of ${places.length}`
}
