/** Each worker process has a port of its own for its inspector. */
import t from 'tap'
import { asksInspector, freeInspectPort, takeInspectPort } from '../../../gateway/isolation/inspect-ports.js'

const first = process.debugPort + 1

function withNodeOptions(value: string, run: () => void): void {
  const before = process.env['NODE_OPTIONS']
  process.env['NODE_OPTIONS'] = value
  try {
    run()
  } finally {
    if (before === undefined) delete process.env['NODE_OPTIONS']
    else process.env['NODE_OPTIONS'] = before
  }
}

t.test(
  'an inspector is asked for by --inspect, -brk and -wait, in the arguments or in NODE_OPTIONS',
  async t => {
    withNodeOptions('', () => {
      for (const each of ['--inspect', '--inspect=9300', '--inspect-brk', '--inspect-wait=0.0.0.0:9300'])
        t.equal(asksInspector(['--no-warnings', each]), true, each)
      for (const each of ['--inspect-port=9300', '--inspect-publish-uid=http', '--enable-source-maps'])
        t.equal(asksInspector([each]), false, each)
    })
    withNodeOptions('--no-warnings  --inspect', () => t.equal(asksInspector([]), true))
  }
)

t.test(
  "workers get the ports after the gateway's own, and a port is free again when its worker has ended",
  async t => {
    withNodeOptions('', () => {
      const ports = [0, 1, 2].map(() => takeInspectPort(['--inspect'], false))
      t.same(ports, [first, first + 1, first + 2])
      freeInspectPort(first + 1)
      t.equal(takeInspectPort([], false), first + 1)
      for (const port of ports) freeInspectPort(port)
    })
  }
)

t.test('arguments of the workers alone name the port of the first worker', async t => {
  withNodeOptions('', () => {
    for (const argv of [
      ['--inspect=40300'],
      ['--inspect=0.0.0.0:40300'],
      ['--inspect=[::1]:40300'],
      ['--inspect', '--inspect-port=40300'],
      ['--inspect', '--inspect-port', '40300'],
      ['--inspect=9', '--debug-port=127.0.0.1:40300']
    ]) {
      const ports = [takeInspectPort(argv, true), takeInspectPort(argv, true)]
      t.same(ports, [40_300, 40_301], argv.join(' '))
      for (const port of ports) freeInspectPort(port)
    }
  })
})

t.test('port 0 stays 0, and no port is beyond the last one', async t => {
  withNodeOptions('', () => {
    t.equal(takeInspectPort(['--inspect=0'], false), 0)
    t.equal(takeInspectPort(['--inspect=localhost:0'], true), 0)
    t.equal(takeInspectPort(['--inspect=65535'], true), 65_535)
    t.equal(takeInspectPort(['--inspect=65535'], true), 0)
    freeInspectPort(65_535)
  })
  withNodeOptions('--inspect=0', () => {
    t.equal(takeInspectPort([], false), 0)
    t.equal(takeInspectPort(['--inspect=40300'], true), 40_300, 'the command line has the last word')
    freeInspectPort(40_300)
  })
})
