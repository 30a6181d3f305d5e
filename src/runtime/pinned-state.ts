/** The values of a loop as its own `call()` reads them. */
import type { BlockState } from '../state/block-state'
import type { Lifetimes } from './lifetimes'

/** By this key, and no other object, a pinned state gives the state itself. */
const ORIGINAL: unique symbol = Symbol('original')

/**
 * The same values; each one that is read stays alive until the block ends. A part of the loop may replace it while the
 * loop still holds it in a local variable.
 */
export function pinReads(blockState: BlockState, lifetimes: Lifetimes): BlockState {
  return new Proxy(blockState, {
    get(target, key) {
      if (key === ORIGINAL) return target
      const value: unknown = Reflect.get(target, key)
      if (typeof key === 'string') lifetimes.pin(value)
      return value
    },
  })
}

/** The values themselves. */
export function withoutPins<T extends object>(state: T): T {
  return (state as { readonly [ORIGINAL]?: T })[ORIGINAL] ?? state
}
