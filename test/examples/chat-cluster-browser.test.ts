/** The chat over two gateways: four browser windows, two on each. */
import t from 'tap'
import { Member } from '../../tools/cluster/member.js'
import { startBrowser, whyNoBrowser } from '../helpers/browser.js'
import { ChatWindow } from '../helpers/chat-window.js'
import { NatsProcess } from '../helpers/cluster/nats-process.js'
import { whyNo } from '../helpers/server-programs.js'

t.test(
  'four windows chat over two gateways, as if there were one',
  {
    skip: whyNoBrowser() || whyNo('nats-server')
  },
  async t => {
    const nats = await NatsProcess.start()
    t.teardown(() => nats.close())
    const start = async (name: string) => {
      const passed = ['--workers', '1', '--lease-ttl', '1s']
      const member = await Member.start({ name, port: 0, nats: nats.url, passed, onLine: () => {} })
      t.teardown(async () => {
        member.child.kill('SIGKILL')
        await member.child.ended
      })
      await member.listening
      return member
    }
    // The program, as a user starts it: `npm start -- --nats nats://… --frontend-id a`.
    const members = await Promise.all([start('a'), start('b')])
    const browser = await startBrowser(t)
    const names = ['Red', 'Blue', 'Green', 'Gold'] as const
    const windows = await Promise.all(names.map((_, i) => ChatWindow.open(t, browser, members[i % 2]!.url!)))
    const listed = (me: string) => [...names].sort().map(name => (name === me ? `${name} (you)` : name))
    for (const [i, name] of names.entries()) await windows[i]!.enter(name)
    for (const [i, name] of names.entries()) await windows[i]!.lists('Who is here', listed(name))
    const [red, blue, green, gold] = windows as [ChatWindow, ChatWindow, ChatWindow, ChatWindow]
    await blue.page.getByLabel('Message', { exact: true }).pressSequentially('Hel')
    await red.page.getByText('Blue is typing …').waitFor()
    for (const [i, window] of windows.entries()) await window.say(`I am ${names[i]}`)
    for (const window of windows) for (const name of names) await window.sees(`I am ${name}`)
    await red.say('How are you?')
    for (const window of windows) await window.sees('How are you?')
    for (const window of windows) await window.lists('Scoreboard', ['Red 2', 'Blue 1', 'Gold 1', 'Green 1'])
    await green.page.getByRole('button', { name: 'Leave' }).click()
    for (const window of [red, blue, gold]) await window.sees('Green has gone')
    for (const { complaints } of windows) t.same(complaints, [])
  }
)
