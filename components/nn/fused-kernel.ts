/** Kernels of our own: what some backends compute at once, and the others as a composition. */
import * as tf from '../tensors/tf'

/** The kernels that a backend may register with `tf.registerKernel()`, beside those of TensorFlow.js. */
const FUSED_KERNELS = [
  'GroupNormalization',
  'LayerNormalization',
  'ScaledDotProductAttention',
  'Gelu',
  'QuickGelu',
  'LinearCombination',
  'Clip',
] as const

/** One of {@link FUSED_KERNELS}. */
export type FusedKernel = (typeof FUSED_KERNELS)[number]

/** Runs the kernel where the current backend has it, otherwise `compose`. Inputs that are `undefined` are left out; a list of inputs has none. */
export function fusedKernel<T extends tf.Tensor>(
  name: FusedKernel,
  inputs: Readonly<Record<string, tf.Tensor | undefined>> | readonly tf.Tensor[],
  attrs: Readonly<Record<string, number | number[]>>,
  compose: () => T,
): T {
  if (tf.getKernel(name, tf.getBackend()) === undefined) return tf.tidy(compose)
  // A list is a map from its places: making another would cost more than a kernel on a small tensor.
  const given = Array.isArray(inputs)
    ? inputs
    : Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined))
  return tf.engine().runKernel(name, given as unknown as tf.NamedTensorMap, { ...attrs }) as tf.Tensor as T // Our kernels give one tensor.
}
