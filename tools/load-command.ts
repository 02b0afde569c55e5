/** The command `sallyport load`: its flags, and what loads it when it is run. */
import type { Given } from './terminal/arguments.js'

export const loadCommand = {
  usage: 'load URL --route R [options]',
  summary: 'Sends requests to a gateway, or to any Pomelo server, and measures how long they take.',
  details: `A closed loop keeps --inflight requests in flight on each socket. With --rate it is an open loop: requests are
sent when they are due, and their times count from then. Durations are such as 500ms, 2s or 1m.
Ctrl-C ends it with the figures so far.`,
  flags: {
    route: { value: 'ROUTE', help: 'the route to request' },
    body: { value: 'JSON', help: 'the body of each request; @FILE reads it from a file (default: none)' },
    sockets: { value: 'N', help: 'connections, or players of a scenario (default: 10)' },
    inflight: {
      value: 'K',
      help: 'requests in flight on each socket (default: 1; with --rate: any number)'
    },
    seconds: { value: 'S', help: 'how long to send (default: 10)' },
    rate: { value: 'Q', help: 'requests due in a second on all sockets together: an open loop' },
    ramp: { value: 'TIME', help: 'spread the connecting over this time (default: as fast as it goes)' },
    'drop-every': { value: 'TIME', help: 'cut each connection once in this time; its session is resumed' },
    scenario: { value: 'FILE', help: 'run a player’s life, the default export of this file' },
    user: { value: 'JSON', help: 'the `user` of the handshake, such as a token; @FILE reads it' },
    timeout: {
      value: 'TIME',
      help: 'the longest wait for a connection, a reply, an event (default: 10s)'
    },
    threads: { value: 'N', help: 'threads to send from, if one core can’t load the server (default: 1)' },
    json: { help: 'print JSON' }
  },
  mostWords: 1,
  run: async (given: Given): Promise<void> => (await import('./load/run-load.js')).runLoad(given)
}
