/** Whether a process of the system still runs. */
import { readFileSync } from 'node:fs'

/** Whether a process is there and more than a zombie. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits until a process has ended. Jest's timeout ends the test of one that does not. */
export async function untilEnded(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise(resolve => setTimeout(resolve, 5))
}
