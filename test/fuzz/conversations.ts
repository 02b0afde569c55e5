/**
 * Recorded conversations of clients with a running gateway, with one message changed. Each must end with a
 * documented close code, and each refusal must have a documented code.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { closeCodes } from '../../shared/close-codes.js'
import { errors } from '../../shared/errors.js'
import { decodeMessage } from '../../shared/wire/message.js'
import { decodePackages, packageKinds } from '../../shared/wire/package.js'
import { encodeCount } from '../../shared/wire/resume.js'
import { root } from '../helpers/paths.js'
import { encodeMessage, encodePackage, messageTypes } from '../helpers/pomelo-player.js'
import { bodies, handshakes, mutate, randomBytes } from './inputs.js'

/** The folder of handlers that the gateway must serve. */
export const fuzzHandlers = join(root, 'test/fixtures/handlers-fuzz')

interface Conversation {
  readonly subprotocol: string
  /** Messages of the client, in order. */
  readonly messages: readonly Uint8Array[]
  /**
   * A last request, which is not changed. Its reply comes after all others, if the connection is still open.
   */
  readonly last: Uint8Array
}

export interface ConversationsReport {
  readonly conversations: number
  /** Number of conversations by close code, and of refusals by code. */
  readonly closes: Readonly<Record<number, number>>
  readonly refusals: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}

const lastId = 999
const mostFaults = 20

const { handshake, ack, heartbeat, data } = { handshake: 1, ack: 2, heartbeat: 3, data: 4 }
const request = (id: number, route: string | number, body?: unknown) =>
  encodePackage(data, encodeMessage(messageTypes.request, id, route, body))
const notify = (route: string, body?: unknown) =>
  encodePackage(data, encodeMessage(messageTypes.notify, 0, route, body))
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const echo = 'echo.plain'

const lastText = text([lastId, echo, 1])

const recorded: readonly Conversation[] = [
  {
    subprotocol: '',
    messages: [
      encodePackage(handshake, handshakes[0]!),
      encodePackage(ack),
      request(1, echo, { points: 3 }),
      notify('echo.nothing', [1, 2]),
      encodePackage(heartbeat),
      request(2, 1)
    ],
    last: request(lastId, echo)
  },
  {
    subprotocol: 'pomelo',
    messages: [
      encodePackage(
        handshake,
        text({ sys: { type: 'a', version: '1', errorFlag: true, bodies: 'superjson', resume: true } })
      ),
      encodePackage(ack),
      ...bodies.map((body, i) => request(i + 1, echo, body)),
      encodePackage(packageKinds.received, encodeCount(0))
    ],
    last: request(lastId, echo, text({ json: 1 }))
  },
  {
    subprotocol: 'sallyport.json',
    messages: [text([1, echo, { points: 3 }]), text([0, 'echo.nothing']), text([2, 'no.such', [[[]]]])],
    last: lastText
  }
]

const known: readonly number[] = [...Object.values(closeCodes), 1002, 1005, 1006, 1007]
const codes = new Set<string>(Object.values(errors).map(({ code }) => code))

/** Holds `conversations` conversations, `together` of them at the same time. */
export async function fuzzConversations(
  url: string,
  conversations: number,
  random: () => number,
  together = 20
): Promise<ConversationsReport> {
  const closes: Record<number, number> = {}
  const refusals: Record<string, number> = {}
  const faults: string[] = []
  const hold = async () => {
    const conversation = recorded[Math.floor(random() * recorded.length)]!
    const messages = change(conversation.messages, random)
    const { code, refused } = await converse(url, { ...conversation, messages }, random)
    const told = () => messages.map(bytes => Buffer.from(bytes).toString('hex')).join(' ')
    closes[code] = (closes[code] ?? 0) + 1
    if (!known.includes(code)) faults.push(`close code ${code} after ${told()}`)
    for (const each of refused) {
      refusals[each] = (refusals[each] ?? 0) + 1
      if (!codes.has(each)) faults.push(`error ${each} after ${told()}`)
    }
  }
  for (let i = 0; i < conversations && faults.length < mostFaults; i += together) {
    await Promise.all(Array.from({ length: Math.min(together, conversations - i) }, hold))
  }
  return { conversations, closes, refusals, faults }
}

function change(messages: readonly Uint8Array[], random: () => number): Uint8Array[] {
  const changed = [...messages]
  const at = Math.floor(random() * changed.length)
  const kind = random()
  if (kind < 0.7) changed[at] = mutate(changed[at]!, random)
  else if (kind < 0.8) changed[at] = randomBytes(random)
  else if (kind < 0.9) changed.splice(at, 1)
  else changed.splice(at, 0, changed[Math.floor(random() * changed.length)]!)
  return changed
}

/** Sends all messages of a conversation, and waits for the last reply or the close. */
async function converse(
  url: string,
  { subprotocol, messages, last }: Conversation,
  random: () => number
): Promise<{ code: number; refused: readonly string[] }> {
  const ws = subprotocol === '' ? new WebSocket(url) : new WebSocket(url, subprotocol)
  const refused: string[] = []
  // A client without a subprotocol chooses the form by its first message.
  const isText = subprotocol === 'sallyport.json' || (subprotocol === '' && random() < 0.05)
  ws.on('error', () => {})
  ws.on('message', (bytes: Buffer, isBinary: boolean) => {
    const replies = isBinary ? readPackages(bytes) : readText(bytes)
    for (const { id, code } of replies) {
      if (code !== undefined) refused.push(code)
      if (id === lastId) ws.close()
    }
  })
  const closed = once(ws, 'close')
  await once(ws, 'open')
  for (const [i, bytes] of [...messages, isText ? lastText : last].entries()) {
    // In later messages, text or binary makes no difference.
    const binary = !isText !== (i > 0 && random() < 0.05)
    if (ws.readyState === ws.OPEN) ws.send(bytes, { binary })
  }
  const [code] = await closed
  return { code, refused }
}

interface ReadReply {
  readonly id: number | null
  /** The code of an error; undefined: a reply. */
  readonly code: string | undefined
}

function readText(bytes: Buffer): ReadReply[] {
  const [id, , error] = JSON.parse(bytes.toString())
  return [{ id, code: error?.error }]
}

function readPackages(bytes: Buffer): ReadReply[] {
  return decodePackages(bytes).flatMap(({ kind, start, end }): ReadReply[] => {
    if (kind !== packageKinds.data) return []
    const { id, isError, bodyStart } = decodeMessage(bytes, start, end)
    if (!isError) return [{ id, code: undefined }]
    const body = JSON.parse(bytes.toString('utf8', bodyStart, end))
    return [{ id, code: String((body.json ?? body).error) }]
  })
}
