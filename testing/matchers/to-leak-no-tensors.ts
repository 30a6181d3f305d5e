/** `toLeakNoTensors`: whether a function disposes the tensors that it makes. */
import * as tf from '../../components/tensors/tf'
import { kindOf } from '../../src/errors/text'
import { isPromise } from '../../src/runtime/maybe-promise'
import { tensorMemory, tensorsSince } from '../tensors/tensor-memory'
import { heading, type MatcherResult, MatcherUseError, result } from './matcher'

/**
 * Passes if there are as many tensors, of as many bytes, after a function as before it. What the function throws is thrown on. Await the expectation if
 * the function gives a promise.
 *
 * @throws MatcherUseError for what is not a function
 */
export function toLeakNoTensors(received: () => unknown): MatcherResult | Promise<MatcherResult> {
  const title = heading('toLeakNoTensors', 'function')
  if (typeof received !== 'function') {
    throw new MatcherUseError(
      title,
      `Expected a function, but got ${kindOf(received)}: expect(() => …).toLeakNoTensors()`,
    )
  }
  const before = tensorMemory()
  const check = (returned: unknown) => {
    const change = tensorsSince(before)
    const hint = holdsTensor(returned) ? '\nWhat it returned is among them: dispose it in the function.' : ''
    return result(
      change === undefined,
      title,
      `There are ${change}.${hint}`,
      'There are as many tensors as before, but were expected to be more.',
    )
  }
  const returned = received()
  return isPromise(returned) ? returned.then(check) : check(returned)
}

/** Whether what a function returned is a tensor, or has one, as the result of runBlock() does. */
function holdsTensor(returned: unknown): boolean {
  const values = typeof returned === 'object' && returned !== null ? [returned, ...Object.values(returned)] : []
  return values.some(value => value instanceof tf.Tensor && !value.isDisposed)
}
