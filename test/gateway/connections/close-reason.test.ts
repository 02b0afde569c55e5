/** What a client reads when its connection is closed. */
import t from 'tap'
import { cutReason, judgeFrame } from '../../../gateway/connections/close-reason.js'
import { WebSocketViolation } from '../../../gateway/http/web-socket.js'
import { closeCodes } from '../../../shared/close-codes.js'
import { errors } from '../../../shared/errors.js'

t.test('a reason is cut to the 123 bytes that a close frame holds, and no character in two', async t => {
  const fits = 'x'.repeat(123)
  t.equal(cutReason(fits), fits)
  t.equal(cutReason(`${fits}y`), fits)
  t.equal(cutReason('€'.repeat(41)), '€'.repeat(41), '41 characters of three bytes fit')
  t.equal(cutReason(`x${'€'.repeat(41)}`), `x${'€'.repeat(40)}`)
  t.equal(cutReason(`\uFEFF${'x'.repeat(120)}`), `\uFEFF${'x'.repeat(120)}`, 'a byte order mark stays')
})

t.test('a frame that the client got wrong closes the connection with the code of its fault', async t => {
  const malformed = errors.frameMalformed('no JSON')
  t.same(judgeFrame(malformed), {
    code: closeCodes.frameMalformed,
    reason: malformed.message,
    isOurs: false
  })
  const tooLarge = errors.bodyTooLarge('2 bytes', 1)
  t.same(judgeFrame(tooLarge), { code: closeCodes.tooLarge, reason: tooLarge.message, isOurs: false })
})

t.test('an error of the gateway is not the fault of the client, and is not told to them', async t => {
  t.same(judgeFrame(new TypeError('x is undefined')), {
    code: closeCodes.frameMalformed,
    reason: 'frame refused',
    isOurs: true
  })
})

t.test('a violation of WebSocket keeps the code that ws gave it', async t => {
  const violation = new WebSocketViolation(closeCodes.notUtf8, 1_024)
  t.same(judgeFrame(violation), { code: closeCodes.notUtf8, reason: violation.message, isOurs: false })
})
