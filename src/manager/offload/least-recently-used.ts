/** Lets models leave memory that have not been called for longest. */
import type { OffloadStrategy } from './offload-strategy'

/** Candidates in the order in which they were last called, until what is to come fits. */
export const leastRecentlyUsed: OffloadStrategy = ({ bytes, free, candidates }) => {
  const leaving: string[] = []
  let room = free
  for (const { id, bytes: freed } of candidates) {
    if (room >= bytes) break
    leaving.push(id)
    room += freed
  }
  return leaving
}
