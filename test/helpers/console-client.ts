/** A client of the console's API for tests. */

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
export type Body = any

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

/** Asks again until an answer fits. */
export async function untilAsync(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (await holds()) return
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  throw new Error('Asked a thousand times in vain')
}

/** The token of the console in tests. */
export const token = 'a token of a test, long enough'

/** Returns calls of the console's API below this URL, by default with the token. */
export function client(url: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) {
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(new URL(path, url), {
      method,
      headers: { ...headers, ...json },
      ...(body !== undefined && { body: text })
    })
    const answered = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(answered) : answered
    }
  }
  return {
    get: (path: string) => call('GET', path),
    post: (path: string, body?: unknown) => call('POST', path, body),
    call
  }
}
