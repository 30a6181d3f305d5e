/**
 * Sums of scaled tensors on the backend in plain JavaScript, deferred. TensorFlow.js makes a pass and a tensor for
 * every factor and every sum. It looks up both operands as if one had to be broadcast, which costs a hundred times the
 * arithmetic.
 */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import * as tf from '../../tensors/tf'
import { deferTensor, type Operation } from './deferred-values'

/** Puts the kernel beside those of the package. A second call does nothing. */
export function registerCpuLinearCombination(): void {
  if (tf.getKernel('LinearCombination', 'cpu') !== undefined) return
  tf.registerKernel({
    kernelName: 'LinearCombination',
    backendName: 'cpu',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const tensors = Object.values(inputs) as tf.TensorInfo[] // Each input is one tensor.
      return deferTensor(backend as MathBackendCPU, tensors, combination(attrs?.factors as number[]))
    },
  })
}

/** `Σ factor · operand`, from left to right. */
function combination(factors: readonly number[]): Operation {
  const [a, b, ...others] = factors as [number, number]
  return (vectors, count, out, operands) => {
    const [x, y] = operands as [number, number]
    if (operands.length === 1) return vectors.scale(out, a, x, count)
    vectors.addTwo(out, a, x, b, y, count)
    for (const [i, factor] of others.entries()) vectors.addTwo(out, 1, out, factor, operands[i + 2] as number, count)
  }
}
