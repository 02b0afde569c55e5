/** The rooms that this worker keeps, and their clock. Another worker keeps others; when a worker ends, its rooms are gone. */
import type { BackendSession, Channel, HandlerApp } from 'sallyport/worker'
import { Room, ticksPerSecond } from './_room.js'

/** What is pushed stays in the gateway: it outlives the worker, and with it the room. */
export interface ArenaSettings {
  name: string
  room: string
  /** Coins that were found in all rooms. */
  found: number
}

export type ArenaSession = BackendSession<ArenaSettings>

const rooms = new Map<string, Room>()
let clock: ReturnType<typeof setInterval> | undefined

/** The room of that name; it begins with its first player. */
export function openRoom(name: string): Room {
  let room = rooms.get(name)
  if (room === undefined) {
    room = new Room()
    rooms.set(name, room)
  }
  return room
}

export function findRoom(name: string): Room | undefined {
  return rooms.get(name)
}

export function leaveRoom(name: string, id: number): void {
  const room = rooms.get(name)
  room?.remove(id)
  if (room?.size === 0) rooms.delete(name)
}

export function channelName(room: string): string {
  return `arena ${room}`
}

/** Lets all rooms of this worker run, from its start on. Between requests there is no context, but the app can send too. */
export function startClock(app: HandlerApp): void {
  clock = setInterval(() => {
    for (const [name, room] of rooms) {
      const found = room.run()
      // Only where everybody is now matters: a client that is behind gets the newest tick, and no queue of old ones.
      const channel: Channel = app.channel(channelName(name))
      channel.broadcast('arena.tick', room.describe(), { delivery: 'latest' })
      for (const id of found) void keep(app, id)
    }
  }, 1_000 / ticksPerSecond)
}

/** Counts a coin in the player's session. Nothing else about a room is worth to be kept. */
async function keep(app: HandlerApp, id: number): Promise<void> {
  try {
    const session = await app.sessions.aget<ArenaSettings>(app.serverId, id)
    await session?.aupdate('found', (found = 0) => found + 1)
  } catch {
    // Whoever leaves at this moment leaves without it.
  }
}

export function stopClock(): void {
  clearInterval(clock)
}
