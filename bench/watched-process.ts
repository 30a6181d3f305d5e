/** Runs a whole process, and watches how long it takes and how much memory it holds. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What a process took. */
export interface ProcessCost {
  seconds: number
  /** Most bytes that were in memory at once (RSS); `undefined` where the system does not tell. */
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
    peak = peakOf(child.pid) ?? peak
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

/** The highest RSS that a process has had so far, which Linux keeps. */
function peakOf(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
