/** `this` inside `run()` and loop steps: the block, with its declared names reading and writing the values of one run. */
import { ReadOnlyComponentError } from '../errors/read-only-component-error'
import { UndeclaredParameterError } from '../errors/undeclared-parameter-error'
import type { BlockState } from '../state/block-state'
import { activeRun } from './active-run'
import { type Components, RUN } from './components'
import type { ViewNames } from './view-names'

const STATE: unique symbol = Symbol('blockState')
const COMPONENTS: unique symbol = Symbol('components')
/** Where the view of a loop keeps what its `loopStep()` runs. */
export const LOOP: unique symbol = Symbol('loop')

/** A block bound to the values of one run. */
export interface BoundView {
  readonly [STATE]: BlockState
  readonly [COMPONENTS]: Components
  [LOOP]?: unknown
}

// What engines and tools look for on any object, and may not find.
const PROBED = new Set(['then', 'toJSON', 'asymmetricMatch', 'nodeType', '$$typeof', 'constructor'])

const prototypes = new WeakMap<object, object>()

function makePrototype(block: object, names: ViewNames, pinsReads: boolean): object {
  const declared: string[] = [...names.parameters, ...[...names.components].map(([field]) => field)]
  const path = () => [...(activeRun()?.path ?? [])]
  // Declared names are found before this guard; what reaches it is either the block's own member or a slip.
  const guard = new Proxy(block, {
    get(target, key, receiver) {
      if (typeof key === 'string' && !(key in target) && !PROBED.has(key)) {
        throw new UndeclaredParameterError(path(), key, declared, 'read')
      }
      return Reflect.get(target, key, receiver)
    },
    set(_target, key, value, receiver) {
      if (typeof key === 'string') throw new UndeclaredParameterError(path(), key, declared, 'written')
      return Reflect.defineProperty(receiver, key, { value, writable: true, configurable: true })
    },
  })
  const prototype: object = Object.create(guard)
  for (const name of names.parameters) {
    Object.defineProperty(prototype, name, {
      get(this: BoundView) {
        const value = this[STATE][name]
        if (pinsReads) this[COMPONENTS][RUN].lifetimes.pin(value)
        return value
      },
      set(this: BoundView, value: unknown) {
        this[STATE][name] = value
      },
    })
  }
  for (const [field, token] of names.components) {
    Object.defineProperty(prototype, field, {
      get(this: BoundView) {
        return this[COMPONENTS][RUN].components.get(token)
      },
      set() {
        throw new ReadOnlyComponentError(path(), field)
      },
    })
  }
  Object.defineProperty(prototype, 'context', {
    get(this: BoundView) {
      return this[COMPONENTS][RUN]
    },
  })
  // Called in every iteration, so it is put before the guard.
  if ('loopStep' in block) Object.defineProperty(prototype, 'loopStep', { value: block.loopStep })
  return prototype
}

/**
 * Binds a block to values. The view inherits from the block, so its methods and constants are there; the block itself is never written to.
 *
 * @param pinsReads whether a resource that the block reads must live until the block ends. A loop needs that: its steps may replace a value that
 * the loop still holds in a local variable.
 */
export function bindView<T extends object>(
  block: T,
  names: () => ViewNames,
  blockState: BlockState,
  components: Components,
  pinsReads = false,
): T & BoundView {
  let prototype = prototypes.get(block)
  if (prototype === undefined) {
    prototype = makePrototype(block, names(), pinsReads)
    prototypes.set(block, prototype)
  }
  // A literal defines its properties: assigning them would walk up to the guard.
  return { __proto__: prototype, [STATE]: blockState, [COMPONENTS]: components } as unknown as T & BoundView
}
