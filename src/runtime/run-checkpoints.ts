/** Lets a caller keep the state of a run while it continues, so that another process can take it up. */
import { InputTypeError } from '../errors/input-type-error'
import type { PipelineState } from '../state/pipeline-state'

/** When the state of a run is handed out, and to whom. */
export interface RunCheckpoints {
  /** Iterations of the outermost loop between two checkpoints: a whole number from 1. */
  readonly every: number
  /**
   * Saves the state, from which a call with `resume` continues. The run waits for the promise; what is thrown ends the run. The state is valid until then:
   * write it by `state.save()`, and neither change nor dispose it.
   */
  save(state: PipelineState): void | Promise<void>
}

/** @throws InputTypeError for checkpoints that could never be, or that nobody saves */
export function requireCheckpoints(checkpoints: RunCheckpoints): void {
  const { every, save } = checkpoints
  const isValid = Number.isSafeInteger(every) && every > 0 && typeof save === 'function'
  if (isValid) return
  const expected = 'pass { every, save }: a whole number of iterations from 1, and a function that saves the state'
  throw new InputTypeError({ path: [], input: 'checkpoints', kind: 'option', expected, value: checkpoints })
}
