/** The picture of the `growth` cases' rows. */
import { growthInFlight, growthSockets } from '../cases/growth.js'
import type { Row } from '../rounds/row.js'
import type { Curve, CurvePicture, Panel } from './curves.js'

type Figure = (row: Row) => number | null

const thousands = (value: number) => `${Math.round(value / 1000)} k`
const micros = (value: number) => value.toFixed(0)
const millis = (value: number) => value.toFixed(1)

/** Returns the picture. Cases that were not measured have no points in it. */
export function growthPicture(rows: readonly Row[]): CurvePicture {
  return {
    title: 'How cost grows with active sockets',
    description:
      'Requests a second, CPU for each request, and the 99th percentile of latencies, at 10 to 5,000 active sockets, with 1 and with 16 requests in flight on each, of Sallyport and of a bare ws echo in the same run.',
    across: 'active sockets',
    panels: [
      panel(rows, 'Requests a second', thousands, [
        { name: 'ours', isOurs: true, figure: row => row.ours },
        { name: 'ws echo', isOurs: false, figure: row => row.floor }
      ]),
      panel(rows, 'CPU for each request, in microseconds: the gateway’s thread, and all of ws echo', micros, [
        { name: 'gateway', isOurs: true, figure: row => row.gatewayMicros },
        { name: 'ws echo', isOurs: false, figure: row => row.floorCpuMicros }
      ]),
      panel(rows, 'CPU for each request in the workers, in microseconds', micros, [
        { name: 'workers', isOurs: true, figure: row => row.workerMicros }
      ]),
      panel(rows, 'p99 of latencies, in milliseconds', millis, [
        { name: 'ours', isOurs: true, figure: row => scaled(row.p99) },
        { name: 'ws echo', isOurs: false, figure: row => scaled(row.floorP99) }
      ])
    ]
  }
}

interface Family {
  readonly name: string
  readonly isOurs: boolean
  readonly figure: Figure
}

function panel(
  rows: readonly Row[],
  heading: string,
  format: Panel['format'],
  families: readonly Family[]
): Panel {
  const curves = families.flatMap(({ name, isOurs, figure }) =>
    growthInFlight.map((inFlight): Curve => {
      const points = growthSockets.flatMap(sockets => {
        const row = rows.find(each => each.case === `growth-${sockets}x${inFlight}`)
        const value = row === undefined ? null : figure(row)
        return value === null ? [] : [[sockets, value] as const]
      })
      return { name: `${name}, ${inFlight} in flight`, isOurs, isDashed: inFlight > 1, points }
    })
  )
  return { heading, format, curves: curves.filter(({ points }) => points.length > 0) }
}

/** Microseconds in milliseconds. */
function scaled(micros: number | null): number | null {
  return micros === null ? null : micros / 1000
}
