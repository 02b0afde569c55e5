/** The command `sallyport top`: its flags, and what loads it when it is run. */
import type { Given } from './terminal/arguments.js'

export const topCommand = {
  usage: 'top [URL] [options]',
  summary: 'Shows what a gateway does, as the console’s overview in a terminal.',
  details: `URL is that of the gateway's internal port (default: http://127.0.0.1:3011), or that of its console. The token is
the console's; the variable SALLYPORT_CONSOLE_TOKEN gives it too. Ctrl-C ends it. Without a terminal it prints one
summary and ends.`,
  flags: {
    token: { value: 'TOKEN', help: 'the token of the console' },
    interval: { value: 'TIME', help: 'time between two looks (default: 1s)' },
    json: { help: 'print a line of JSON for each interval' }
  },
  mostWords: 1,
  run: async (given: Given): Promise<void> => (await import('./top/run-top.js')).runTop(given)
}
