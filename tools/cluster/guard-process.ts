/**
 * The main file of the process that kills others once the one that started them is gone. A line of its stdin
 * tells of a process that runs now (`+123`), or has ended (`-123`).
 */
import { createInterface } from 'node:readline'
import { killAll } from './kill-all.js'

const running = new Set<number>()

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1))
  if (line.startsWith('+')) running.add(pid)
  else running.delete(pid)
}
killAll(running)
