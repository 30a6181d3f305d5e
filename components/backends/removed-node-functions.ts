/** Functions of Node's `util` that tfjs-node 4.22.0 calls, and that Node 23 dropped or warns of. */
import util from 'node:util'

/** Puts back what is missing; must run before the package loads, which keeps no reference but calls `util.isArray` later. */
export function restoreRemovedNodeFunctions(): void {
  // Node 22 and later still have it, but each first call prints a warning. It is the same function.
  Object.assign(util, { isArray: Array.isArray })
  if (!('isNullOrUndefined' in util)) {
    Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined })
  }
}
