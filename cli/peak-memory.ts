/** How much memory the process took at most between two moments, with the process of ONNX Runtime. */
import { readFileSync, writeFileSync } from 'node:fs'
import { sessionHost } from '../components/executors/graph/session-host'

/** Resets the peak of a process (Linux: proc_pid_clear_refs(5)). */
const RESET_PEAK = '5'

/**
 * Returns bytes: the peak since the call before, and begins again. The peaks of both processes are added, which may be more than both took at one moment.
 * Only Linux tells peaks; elsewhere, it is what this process takes now.
 */
export function takePeakMemory(): number {
  const own = takePeak('self')
  if (own === undefined) return process.memoryUsage.rss()
  const runtime = sessionHost.running?.pid
  return own + ((runtime !== undefined && takePeak(runtime)) || 0)
}

function takePeak(pid: number | 'self'): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
    writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK)
    return peak === undefined ? undefined : Number(peak) * 1024
  } catch {
    // Another system, or a process that has ended.
    return undefined
  }
}
