/** `toLeakNoTensors`: whether a function gives back the tensors that it makes. */
import * as tf from '../../components/tensors/tf'
import { tensorMemory, tensorsSince } from '../tensors/tensor-memory'
import { heading, type MatcherResult, result } from './matcher'

/**
 * Passes if there are as many tensors, of as many bytes, after a function as before it. What the function throws is thrown on. Await the expectation if
 * the function gives a promise.
 */
export function toLeakNoTensors(received: () => unknown): MatcherResult | Promise<MatcherResult> {
  const title = heading('toLeakNoTensors', 'function')
  if (typeof received !== 'function') {
    return result(false, title, `Expected a function, got ${String(received)}: expect(() => …).toLeakNoTensors()`, '')
  }
  const before = tensorMemory()
  const check = (returned: unknown) => {
    const change = tensorsSince(before)
    const hint =
      returned instanceof tf.Tensor && !returned.isDisposed
        ? '\nThe tensor that it returned is one of them: dispose it in the function.'
        : ''
    return result(
      change === undefined,
      title,
      `There are ${change}.${hint}`,
      'There are as many tensors as before, but were expected to be more.',
    )
  }
  const returned = received()
  return returned instanceof Promise ? returned.then(check) : check(returned)
}
