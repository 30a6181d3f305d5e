/** The values of a loop as its own `call()` reads them. */
import type { BlockState } from '../state/block-state'
import type { Lifetimes } from './lifetimes'

const originals = new WeakMap<object, object>()

/**
 * The same values, of which each one that is read stays alive until the block ends: a part of the loop may replace it while the loop still holds it in a
 * local variable.
 */
export function pinReads(blockState: BlockState, lifetimes: Lifetimes): BlockState {
  const pinned = new Proxy(blockState, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof key === 'string') lifetimes.pin(value)
      return value
    },
  })
  originals.set(pinned, blockState)
  return pinned
}

/** The values themselves. */
export function withoutPins<T extends object>(state: T): T {
  return (originals.get(state) as T | undefined) ?? state
}
