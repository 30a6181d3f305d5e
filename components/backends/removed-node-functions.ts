/** Functions of Node's `util` that tfjs-node 4.22.0 calls and Node 23 dropped. */
import util from 'node:util'

const REMOVED: Readonly<Record<string, (value: unknown) => boolean>> = {
  isArray: Array.isArray,
  isNullOrUndefined: value => value === null || value === undefined,
}

/** Puts back what is missing; must run before the package loads, which keeps no reference but calls `util.isArray` later. */
export function restoreRemovedNodeFunctions(): void {
  for (const [name, replacement] of Object.entries(REMOVED)) {
    if (!(name in util)) Object.assign(util, { [name]: replacement })
  }
}
