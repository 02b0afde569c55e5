/**
 * The place of a syntax error in JavaScript.
 * Node names neither file nor line when an ES module that was imported does not parse. A check of each file
 * names both.
 */
import { execFile } from 'node:child_process'
import { errors, GatewayError } from '../../shared/errors.js'
import { isCancelled } from './load-attempt.js'
import { listSources, statOf } from './source-tree.js'

/** Number of files that are checked, the last saved first: the error is most likely there. */
const mostChecked = 8

/** Milliseconds that the check of a file may take. */
const longestCheck = 5_000

/** Whether the handlers, and not the gateway, are at fault that they do not load. */
export function isOfGame(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code === 'HANDLERS_INVALID'
}

/**
 * Returns the error with which handlers do not load, with the file and line of each syntax error for which
 * Node tells neither.
 *
 * @param files returns the files that the error may be in
 */
export async function withPlaces(error: unknown, files: () => readonly string[]): Promise<unknown> {
  if (!isOfGame(error) || isCancelled(error)) return error
  const lines = await Promise.all(
    error.message.split('\n').map(async line => {
      const [, own] = /^(\/.+?) does not load: /.exec(line) ?? []
      const place = (own && (await findSyntaxError(line, [own]))) ?? (await findSyntaxError(line, files()))
      return place === undefined ? line : `${line} (${place})`
    })
  )
  const message = lines.join('\n')
  return message === error.message ? error : errors.handlersInvalid(message)
}

/** Settles with a load of the handlers in this folder. Rejects with the places of syntax errors. */
export async function namePlaces(loaded: Promise<void>, handlers: string): Promise<void> {
  try {
    await loaded
  } catch (error) {
    throw await withPlaces(error, () => listSources(handlers).realFiles)
  }
}

/**
 * Returns the file and line of a syntax error, such as `/game/handlers/score.js:3`; undefined if the message
 * tells of none, or names its place already.
 */
export async function findSyntaxError(
  message: string,
  files: readonly string[]
): Promise<string | undefined> {
  const [, what] = /SyntaxError: ([\s\S]+)$/.exec(message) ?? []
  if (what === undefined || /:\d+/.test(what)) return undefined
  const scripts = files
    .filter(file => /\.[mc]?js$/.test(file))
    .map(file => ({ file, at: statOf(file)?.mtimeMs ?? 0 }))
  scripts.sort((a, b) => b.at - a.at)
  for (const { file } of scripts.slice(0, mostChecked)) {
    const output = await check(file)
    const [, place] = /^(?:file:\/\/)?(.+:\d+)\r?\n/.exec(output) ?? []
    if (place !== undefined && output.includes(what.trim())) return place
  }
  return undefined
}

/** Returns what Node prints about the syntax of a file. It does not run the file. */
function check(file: string): Promise<string> {
  return new Promise(resolve =>
    execFile(process.execPath, ['--check', file], { timeout: longestCheck }, (_error, _out, err) =>
      resolve(err)
    )
  )
}
