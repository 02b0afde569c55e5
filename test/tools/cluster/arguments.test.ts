/** The command line of `npm run cluster`. */
import t from 'tap'
import { readClusterArguments } from '../../../tools/cluster/arguments.js'

t.test('its own flags are read, and each gateway gets the others', async t => {
  t.same(readClusterArguments([]), {
    isHelp: false,
    gateways: 3,
    port: 3010,
    nats: undefined,
    passed: []
  })
  t.same(
    readClusterArguments([
      '--gateways=2',
      '--handlers',
      'dist/handlers',
      '--port',
      '0',
      '--nats',
      'nats://a'
    ]),
    { isHelp: false, gateways: 2, port: 0, nats: 'nats://a', passed: ['--handlers', 'dist/handlers'] }
  )
})

t.test('a wrong value, and a flag in which gateways must differ, are refused in a sentence', async t => {
  const refused = (...argv: string[]) => {
    try {
      readClusterArguments(argv)
    } catch (error) {
      return (error as Error).message
    }
  }
  t.equal(refused('--gateways', '0'), 'Expected --gateways to be a whole number from 1 to 32, got "0"')
  t.equal(refused('--port'), '--port needs a value')
  t.match(refused('--frontend-id=a'), /^--frontend-id can't be given: it is different for each gateway/)
})
