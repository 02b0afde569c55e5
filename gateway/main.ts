#!/usr/bin/env node
/** The program `sallyport`: command line → options → a running gateway → signals. */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { GatewayError } from '../shared/errors.js'
import { formatBanner } from './banner.js'
import { formatHelp, readCommand } from './command-line.js'
import type { Gateway } from './gateway.js'
import { createProject } from './init.js'
import { surviveErrors } from './output.js'
import { createGateway } from './start.js'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env)
  if (command.kind === 'init') {
    const path = createProject({ folder: command.folder, dependency: command.dependency ?? `^${version}` })
    process.stdout.write(
      `${path} is made. Next: npm install, npm start, and in a second terminal npm run play.\n`
    )
    return
  }
  if (command.kind !== 'run') {
    process.stdout.write(command.kind === 'help' ? formatHelp() : `${version}\n`)
    return
  }
  const { options, http } = command
  const page = http === undefined ? {} : await import(pathToFileURL(http).href)
  const gateway = await createGateway({ ...options, onHttpRequest: page.onHttpRequest })
  if (gateway.options.tlsCert !== '') reloadOnSignal(gateway)
  endOnSignal({ SIGINT: () => gateway.close(), SIGTERM: () => gateway.drain() })
  process.stdout.write(formatBanner(gateway, version))
}

/** SIGHUP reads the certificate anew: whoever has renewed it sends one. */
function reloadOnSignal(gateway: Gateway): void {
  process.on('SIGHUP', () => {
    try {
      gateway.reloadCertificate()
    } catch (error) {
      gateway.options.log.error('The new certificate is not taken; the old one goes on', {
        error: (error as Error).message
      })
    }
  })
}

/** The first signal ends the program in peace, the second at once. */
function endOnSignal(ends: Record<'SIGINT' | 'SIGTERM', () => Promise<void>>): void {
  let isClosing = false
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15]
  ] as const) {
    process.on(signal, async () => {
      if (isClosing) process.exit(128 + number)
      isClosing = true
      process.stderr.write('Closing; once more to end at once.\n')
      await ends[signal]()
      process.exit(0)
    })
  }
}

// A banner that nobody reads, as with `| head -1`, ends nothing.
surviveErrors(process.stdout)
surviveErrors(process.stderr)

main().catch(error => {
  // What a person can mend is one sentence; anything else is a fault of ours, and needs its stack.
  process.stderr.write(
    error instanceof GatewayError ? `sallyport: ${error.message}\n` : `${error?.stack ?? error}\n`
  )
  process.exit(1)
})
