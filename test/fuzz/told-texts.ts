/**
 * Random texts that a game sends to clients: reasons of kicks, and codes, messages and data of errors. A game
 * may have them from other clients. They are tried first alone, then through a running gateway with clients
 * that check them.
 */
import { cutReason } from '../../gateway/connections/close-reason.js'
import { expectReason, maxReasonBytes } from '../../shared/check.js'
import { closeCodes } from '../../shared/close-codes.js'
import { errors, GatewayError } from '../../shared/errors.js'
import { Player, ReplyError } from '../helpers/player.js'
import { PomeloPlayer } from '../helpers/pomelo-player.js'
import { randomText } from './random-text.js'

export interface ToldTextsReport {
  /** Reasons that were cut to a close frame's length, or refused, without a gateway. */
  readonly reasons: number
  readonly refused: number
  readonly kicks: number
  /** Number of reasons that were refused because they are too long, and so kicked no client. */
  readonly tooLong: number
  readonly errors: number
  /** Codes of the gateway that replaced the codes of errors. */
  readonly replaced: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}

/** Bytes that the reason of a close frame may have: RFC 6455 §5.5. */
const mostBytes = 123
/** Maximum UTF-16 units of a random text: longer than any limit of reasons. */
const longestText = 2_048
const mostFaults = 20

const codes = new Set<string>(Object.values(errors).map(({ code }) => code))
const oddReasons: readonly unknown[] = [undefined, null, 0, 12n, {}, [], Symbol('a'), () => 1, true]

/** Checks and cuts `count` reasons. */
export function fuzzReasons(count: number, random: () => number) {
  const faults: string[] = []
  let refused = 0
  for (let i = 0; i < count && faults.length < mostFaults; i++) {
    const asked =
      random() < 0.95 ? randomText(random, longestText) : oddReasons[Math.floor(random() * oddReasons.length)]
    try {
      const reason = expectReason(asked)
      if (reason === null) continue
      const cut = Buffer.from(cutReason(reason))
      const told = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(cut)
      if (cut.length > mostBytes) faults.push(`${cut.length} bytes of ${JSON.stringify(reason)}`)
      if (!Buffer.from(reason).toString().startsWith(told))
        faults.push(`${JSON.stringify(told)} of ${JSON.stringify(reason)}`)
    } catch (error) {
      refused++
      if (error instanceof TypeError || (error instanceof GatewayError && codes.has(error.code))) continue
      faults.push(`${error} for ${JSON.stringify(asked)}`)
    }
  }
  return { refused, faults }
}

/**
 * Does the same, then connects `visits` clients, which ask a gateway for errors and are kicked in the end.
 */
export async function fuzzToldTexts(
  url: string,
  visits: number,
  random: () => number,
  together = 20
): Promise<ToldTextsReport> {
  const reasons = visits * 100
  const { refused, faults } = fuzzReasons(reasons, random)
  const replaced: Record<string, number> = {}
  let [kicks, tooLong, failures] = [0, 0, 0]
  const visit = async () => {
    const isPomelo = random() < 0.5
    const visitor = isPomelo ? await visitPomelo(url) : await visitText(url)
    for (let i = 0; i < 3; i++) {
      const asked = randomError(random)
      const { error, message } = await visitor.fail('tell.fail', asked)
      failures++
      if (error !== asked.code) replaced[error] = (replaced[error] ?? 0) + 1
      if (typeof message !== 'string' || (error !== asked.code && !codes.has(error)))
        faults.push(`error ${error} of ${JSON.stringify(asked)}`)
    }
    let reason = randomText(random, longestText)
    if (Buffer.byteLength(reason) > maxReasonBytes) {
      tooLong++
      const { error } = await visitor.fail('tell.kick', { reason })
      if (error !== errors.internal.code) faults.push(`${error} for a reason of ${reason.length} units`)
      reason = randomText(random, maxReasonBytes / 4)
    }
    const { code, told, closed } = await visitor.kick(reason)
    kicks++
    if (code !== closeCodes.kicked) faults.push(`close code ${code} of ${JSON.stringify(reason)}`)
    if (told !== reason && told !== Buffer.from(reason).toString())
      faults.push(`a kick for ${JSON.stringify(told)} of ${JSON.stringify(reason)}`)
    if (Buffer.byteLength(closed) > mostBytes) faults.push(`${closed} of ${JSON.stringify(reason)}`)
  }
  for (let i = 0; i < visits && faults.length < mostFaults; i += together)
    await Promise.all(Array.from({ length: Math.min(together, visits - i) }, visit))
  return { reasons, refused, kicks, tooLong, errors: failures, replaced, faults }
}

/** The error that a handler is asked to throw; `odd` stands for data that JSON lacks. */
interface AskedError {
  readonly code: string
  readonly message: string
  readonly data?: unknown
  readonly odd?: number
}

function randomError(random: () => number): AskedError {
  const code = random() < 0.5 ? randomText(random, 40) : 'NOT_NOW'
  const message = randomText(random, 400)
  if (random() < 0.4) return { code, message, odd: Math.floor(random() * 100) }
  return { code, message, data: random() < 0.5 ? randomText(random, 400) : { [message.slice(0, 9)]: [1] } }
}

/** A client that reads the error of a request, and the reason of its kick. */
interface Visitor {
  fail(route: string, body: unknown): Promise<{ error: string; message: unknown }>
  /** Asks to be kicked. `told`: the reason in the kick message; `closed`: the reason in the close frame. */
  kick(reason: string): Promise<{ code: number; told: unknown; closed: string }>
}

async function visitText(url: string): Promise<Visitor> {
  const player = await Player.connect(url)
  return {
    async fail(route, asked) {
      const error = await player.request(route, asked).catch((error: unknown) => error)
      return error instanceof ReplyError ? { error: error.code, message: error.message } : lost
    },
    async kick(reason) {
      player.notify('tell.kick', { reason })
      const { code, reason: closed } = await player.closed
      return { code, told: player.events.at(-1)?.[1].reason, closed }
    }
  }
}

async function visitPomelo(url: string): Promise<Visitor> {
  const player = await PomeloPlayer.join(url, { sys: { errorFlag: true } })
  return {
    async fail(route, asked) {
      const { isError, body } = await player.request(route, asked)
      return isError ? body : lost
    },
    async kick(reason) {
      player.notify('tell.kick', { reason })
      const { code, reason: closed } = await player.closed
      return { code, told: player.kicks.at(-1)?.reason, closed }
    }
  }
}

/** Stands for an answer that is no error. */
const lost = { error: 'no error', message: undefined }
