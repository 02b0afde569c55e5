/** The command `sallyport play`: its flags, and what loads it when it is run. */
import type { Given } from './terminal/arguments.js'

export const playCommand = {
  usage: 'play [URL] [options]',
  summary: 'Connects as a player: sends the requests that you type, and shows replies and events.',
  details: `URL is that of the gateway (default: ws://127.0.0.1:3010). Type a route and a body: room.enter {"room":"a"}
.help lists the commands. Lines can be piped in; then it ends after the last one, with exit code 1 if any failed.`,
  flags: {
    user: { value: 'JSON', help: 'the `user` of the handshake, such as a token; @FILE reads it' },
    timeout: {
      value: 'TIME',
      help: 'the longest wait for a connection, a reply, an event (default: 10s)'
    },
    history: { value: 'FILE', help: 'the file of the lines typed before (default: ~/.sallyport_history)' },
    json: { help: 'print each reply, error and event as a line of JSON' }
  },
  mostWords: 1,
  run: async (given: Given): Promise<void> => (await import('./play/run-play.js')).runPlay(given)
}
