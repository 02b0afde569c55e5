/** The picture of the comparison's rows. */
import type { Picture } from '../../report/picture.js'
import type { Row } from './report.js'

/** Groups of the picture, one below the other: those in which a handler awaits its push. */
const groups = [
  { name: 'awaited-50x16', heading: '50 sockets, 16 requests in flight on each' },
  { name: 'awaited-50x1', heading: '50 sockets, 1 request in flight on each' }
]

export function pictureOf(rows: readonly Row[]): Picture {
  return {
    title: 'Requests a second',
    description:
      'Requests a second of Sallyport, of Pinus, Socket.IO and Colyseus doing the same job, of ws alone, and of a Piscina that runs each request by itself: one machine, one run, the same load.',
    groups: groups.map(({ name, heading }) => ({
      heading,
      bars: rows
        .filter(row => row.case === name && row.perSecond !== null)
        .sort((a, b) => b.perSecond! - a.perSecond!)
        .map(({ contender, version, role, perSecond }) => ({
          name: [contender, version].filter(word => word !== null).join(' '),
          value: perSecond!,
          isOurs: role === 'ours'
        }))
    }))
  }
}

/** Returns the file of a picture's rows: it stands beside the picture, so that it can be drawn again. */
export function rowsFileOf(picture: string): string {
  return picture.replace(/\.svg$|$/, '.jsonl')
}
