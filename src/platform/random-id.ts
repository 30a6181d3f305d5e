/** Texts that nobody can guess. */
import { randomUUID } from 'node:crypto'

/** Returns a new UUID. */
export function randomId(): string {
  return randomUUID()
}
