/** How much memory the process can still take. */
import { freemem } from 'node:os'

/** Bytes: what the system has free, or a limit that the process is under leaves. */
export function availableMemory(): number {
  // Node 20 has it from 20.13 on; it knows the limits of containers.
  return process.availableMemory?.() ?? freemem()
}
