/** Runs a whole process, and watches how long it takes and how much memory it holds. */
import { spawn } from 'node:child_process'
import { type TreeMemory, treeMemory } from './process-memory'

/** What a process took. */
export interface ProcessCost {
  seconds: number
  /** Most bytes that it and the processes that it started had in memory at once (RSS); `undefined` where the system does not tell. */
  peak: number | undefined
}

const LOOK_EVERY_MS = 20

/** @throws Error with the end of what the process printed, if it fails */
export function watchProcess(command: string, args: readonly string[]): Promise<ProcessCost> {
  const start = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (printed += data))
  let peak: number | undefined
  const look = setInterval(() => {
    const memory = child.pid === undefined ? undefined : treeMemory(child.pid)
    if (memory) peak = Math.max(peak ?? 0, peakAtOnce(memory))
  }, LOOK_EVERY_MS)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      clearInterval(look)
      if (code === 0) resolve({ seconds: (performance.now() - start) / 1000, peak })
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${printed.slice(-2000)}`))
    })
  })
}

/** Of one process, Linux keeps the highest RSS; of several, what they hold now is added up at each look. */
function peakAtOnce({ rss, peak, processes }: TreeMemory): number {
  return processes === 1 ? peak : rss
}
