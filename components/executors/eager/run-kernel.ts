/** Runs one recorded kernel on the current backend of TensorFlow.js. */

import { fusedCompositions } from '../../nn/fused-compositions'
import type { FusedKernel } from '../../nn/fused-kernel'
import * as tf from '../../tensors/tf'
import type { KernelCall } from './kernel-call'

/** Computes a kernel, or what it is composed of where the backend does not have it. The caller owns the result. */
export function runKernel(call: Omit<KernelCall, 'shape'>): tf.Tensor {
  return runKernelForAll(call)[0] as tf.Tensor
}

/** All results of a kernel: those that split a tensor have several. */
export function runKernelForAll({ kernel, inputs, attrs }: Omit<KernelCall, 'shape'>): tf.Tensor[] {
  const compose = fusedCompositions[kernel as FusedKernel]
  if (compose && tf.getKernel(kernel, tf.getBackend()) === undefined) return [tf.tidy(() => compose(inputs, attrs))]
  // Kernels of a list take an array.
  const isList = Object.keys(inputs).every(name => /^\d+$/.test(name))
  const given = (isList ? Object.values(inputs) : inputs) as unknown as tf.NamedTensorMap
  return [tf.engine().runKernel(kernel, given, { ...attrs } as tf.NamedAttrMap) as tf.Tensor | tf.Tensor[]].flat()
}
