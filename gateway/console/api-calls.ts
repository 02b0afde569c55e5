/** The calls of the console's API: finds the address of a request, reads its body, and checks both. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson, answerText, type InternalRoute } from '../internal/internal-server.js'
import {
  type ApiErrorCode,
  apiErrors,
  type ConsoleCall,
  consoleAddresses,
  howToTurnOn
} from './api/console-api.js'
import type { PageFiles } from './page-files.js'

/** Bytes that the body of a request may have. */
const longestBody = 4_096

/** A call that can't be answered, as its caller is told. */
export class ApiFailure extends Error {
  readonly code: ApiErrorCode
  /** Headers of the answer, such as `retry-after`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ApiErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.headers = headers
  }
}

interface FoundCall {
  readonly name: ConsoleCall
  /** The values in the path, decoded. */
  readonly values: readonly string[]
}

const patterns = Object.entries(consoleAddresses).map(([name, { method, path }]) => ({
  name: name as ConsoleCall,
  method,
  pattern: new RegExp(`^${path.replace(/[A-Z]+/g, '([^/]{1,1000})')}$`)
}))

/**
 * Finds the call for a method and a path below `/console/`.
 *
 * @throws ApiFailure `NOT_FOUND`, `METHOD_NOT_ALLOWED`, or `BAD_REQUEST` for a value that can't be decoded
 */
export function findCall(method: string, path: string): FoundCall {
  const fitting = patterns.filter(({ pattern }) => pattern.test(path))
  if (fitting.length === 0) throw new ApiFailure('NOT_FOUND', 'There is no such address in this API.')
  const found = fitting.find(each => each.method === (method === 'HEAD' ? 'GET' : method))
  if (found === undefined) {
    const allow = fitting.map(each => each.method).join(', ')
    throw new ApiFailure('METHOD_NOT_ALLOWED', `This address takes ${allow}.`, { allow })
  }
  const values = found.pattern.exec(path)!.slice(1)
  try {
    return { name: found.name, values: values.map(decodeURIComponent) }
  } catch {
    throw new ApiFailure(
      'BAD_REQUEST',
      'The address has a value that is not percent-encoded as it should be.'
    )
  }
}

/**
 * Reads the body of a POST: a JSON object, or nothing, which stands for {}.
 *
 * @throws ApiFailure `BAD_REQUEST`, `BODY_TOO_LARGE`
 */
export async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readBytes(request)
  if (bytes.length === 0) return {}
  // A page of another origin can't send this type without being allowed to.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new ApiFailure('BAD_REQUEST', 'Expected a body with the content-type application/json.')
  const body = parseJson(bytes.toString('utf8'))
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiFailure('BAD_REQUEST', 'Expected the body to be a JSON object.')
  return body as Readonly<Record<string, unknown>>
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > longestBody)
        throw new ApiFailure('BODY_TOO_LARGE', `Expected a body of at most ${longestBody} bytes.`, {
          connection: 'close'
        })
      chunks.push(chunk)
    }
  } catch (error) {
    // The client has gone, or has sent too slowly: no fault of the gateway.
    throw error instanceof ApiFailure ? error : new ApiFailure('BAD_REQUEST', 'The body broke off.')
  }
  return Buffer.concat(chunks)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiFailure('BAD_REQUEST', 'Expected the body to be JSON.')
  }
}

/** @throws ApiFailure `BAD_REQUEST` if the names are not all of those that the call takes */
export function expectNames(given: Iterable<string>, allowed: readonly string[]): void {
  for (const name of given) {
    if (allowed.includes(name)) continue
    const expected = allowed.length === 0 ? 'none' : allowed.join(', ')
    throw new ApiFailure('BAD_REQUEST', `There is no parameter ${show(name)} here; expected ${expected}.`)
  }
}

/** Returns a whole number from `least` to `most`, given as a number or as digits. */
export function expectInteger(
  name: string,
  value: unknown,
  { least, most }: { readonly least: number; readonly most: number }
): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  if (Number.isSafeInteger(number) && (number as number) >= least && (number as number) <= most)
    return number as number
  throw new ApiFailure(
    'BAD_REQUEST',
    `Expected ${name} to be a whole number from ${least} to ${most}, got ${show(value)}.`
  )
}

export function expectWord<Word extends string>(name: string, value: unknown, words: readonly Word[]): Word {
  if (words.includes(value as Word)) return value as Word
  throw new ApiFailure(
    'BAD_REQUEST',
    `Expected ${name} to be one of ${words.join(', ')}, got ${show(value)}.`
  )
}

export function expectText(name: string, value: unknown, most: number): string {
  if (typeof value === 'string' && value.length <= most) return value
  throw new ApiFailure('BAD_REQUEST', `Expected ${name} to be a text of at most ${most} characters.`)
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing'
}

/** Answers with the error of a call that failed. */
export function answerFailure(response: ServerResponse, { code, message, headers }: ApiFailure): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  answerJson(response, apiErrors[code], { error: { code, message } })
}

/** The path of the page. The API is below it. */
export const consolePath = '/console/'

/** Returns the routes of the internal port for the console. */
export function listConsoleRoutes(answerCall: InternalRoute['handle'], page: PageFiles): InternalRoute[] {
  return [
    { method: 'GET', prefix: `${consolePath}api/`, handle: answerCall },
    { method: 'POST', prefix: `${consolePath}api/`, handle: answerCall },
    { method: 'GET', path: consolePath.slice(0, -1), handle: (_, response) => redirect(response) },
    {
      method: 'GET',
      prefix: consolePath,
      handle: (request, response, url) => {
        if (!page(request, response, url.pathname.slice(consolePath.length)))
          answerText(response, 404, 'The console has no such file.')
      }
    }
  ]
}

/** Returns the routes of a console that is off: they say how to turn it on. */
export function listOffRoutes(): InternalRoute[] {
  const handle: InternalRoute['handle'] = (_, response) => answerText(response, 404, howToTurnOn)
  return [
    { method: 'GET', prefix: consolePath.slice(0, -1), handle },
    { method: 'POST', prefix: consolePath.slice(0, -1), handle }
  ]
}

function redirect(response: ServerResponse): void {
  // Relative: a proxy may serve this below a path of its own.
  response.writeHead(308, { location: consolePath.slice(1) })
  response.end()
}
