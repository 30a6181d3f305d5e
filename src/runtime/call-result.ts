/** What `call()` of a block may return: nothing, or what Python's blocks return. */
import { ReturnedStateError } from '../errors/returned-state-error'
import type { BlockState } from '../state/block-state'
import type { PipelineState } from '../state/pipeline-state'
import type { Components } from './components'
import { withoutPins } from './pinned-state'

/** Nothing, or the components and the state that the block was given. */
export type CallResult = void | readonly [Components, PipelineState | BlockState]

/** Refuses another state than the one that the block was given: nobody would read it.
 * @throws ReturnedStateError */
export function requireSameState(result: unknown, given: object, path: readonly string[], className: string): void {
  if (!Array.isArray(result)) return
  const returned: unknown = result[1]
  if (typeof returned === 'object' && returned !== null && withoutPins(returned) !== given) {
    throw new ReturnedStateError(path, className)
  }
}
