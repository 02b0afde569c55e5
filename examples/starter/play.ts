/** A player's program, typed by the handlers. If a handler's body changes, this file no longer compiles. */
import { connect, type RoutesOf } from 'sallyport/client'
import type { Events } from './events.js'
import type * as score from './handlers/score.js'

type Routes = RoutesOf<{ score: typeof score }>

const url = process.argv[2] ?? 'ws://127.0.0.1:3010'
const game = await connect<Routes, Events>(url, { connectTimeout: 3_000 }).catch(({ message }) => {
  const advice = "Run npm run dev first, or pass a gateway's address: npm run play -- ws://127.0.0.1:4000"
  console.error(`${message}. ${advice}`)
  process.exit(1)
})
game.on('score.changed', ({ player, score }) => console.log(`player ${player} has ${score}`))
const { score: mine } = await game.request('score.add', { points: 3 })
console.log(`my score is ${mine}`)
await game.request('score.add', { points: 0 }).catch(error => console.log(`${error.code}: ${error.message}`))
game.close()
