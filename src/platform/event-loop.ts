/** Turns of the event loop. */
import { setImmediate } from 'node:timers'

/** Calls a function once timers, input and output had their turn. */
export function afterOtherEvents(action: () => void): void {
  setImmediate(action)
}
