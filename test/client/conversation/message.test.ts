/** Messages that wait to be written. */
import t from 'tap'
import { createMessage, encodeMessage } from '../../../client/conversation/message.js'
import { messageKinds } from '../../../shared/wire/message.js'
import { encodePackage, packageKinds } from '../../../shared/wire/package.js'

t.test('a message that no package can hold is refused before it waits', async t => {
  const head = { kind: messageKinds.request, id: 1, route: 'a.b', traceparent: undefined }
  const { size: headSize } = createMessage({ ...head, body: new Uint8Array(0) })
  const most = 0xffffff - headSize
  const largest = createMessage({ ...head, body: new Uint8Array(most) })
  t.equal(encodePackage(packageKinds.data, encodeMessage(largest, 'a.b', false)).length, 0xffffff + 4)
  t.throws(() => createMessage({ ...head, body: new Uint8Array(most + 1) }), {
    code: 'BODY_TOO_LARGE',
    message: /takes \d+ bytes, the limit is 16777215 bytes/
  })
})
