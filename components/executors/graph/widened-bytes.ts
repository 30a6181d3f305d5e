/** How much memory may be spent on widening weights of half precision once, instead of whenever they are used. */
import { totalmem } from 'node:os'

/** The share of a memory that widened weights of one model may take. */
const SHARE = 1 / 8

/** Returns the bytes of float32 that may be spent in a memory of that size; by default in all that the machine, or the container, has. */
export function widenedBytesIn(memory: number = totalMemory()): number {
  return Math.floor(memory * SHARE)
}

function totalMemory(): number {
  // A container without a limit reports 0, or a number beyond all memories. Node 20 has it from the start.
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY
  return Math.min(totalmem(), limit)
}
