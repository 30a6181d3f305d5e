/** Activation functions by their names in configs. Counterpart: models/activations.py and transformers/activations.py. */
import * as tf from '../tensors/tf'
import { fusedKernel } from './fused-kernel'

/** A function of each element. */
export type Activation = <T extends tf.Tensor>(x: T) => T

/** `x · sigmoid(x)`. */
export function silu<T extends tf.Tensor>(x: T): T {
  return fusedKernel<T>('QuickGelu', { x }, { alpha: 1 }, () => x.mul(x.sigmoid()))
}

/** `x · Φ(x)` with the exact normal distribution, by the error function. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return fusedKernel<T>('Gelu', { x }, {}, () => x.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5)))
}

/** `x · sigmoid(1.702 x)`, which OpenAI's CLIP was trained with. */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  return fusedKernel<T>('QuickGelu', { x }, { alpha: 1.702 }, () => x.mul(x.mul(1.702).sigmoid()))
}

/** The activations that diffusers' configs name. */
export const activations = {
  silu,
  swish: silu,
  gelu,
  relu: <T extends tf.Tensor>(x: T): T => tf.relu(x),
} satisfies Record<string, Activation>

/** A name in {@link activations}. */
export type ActivationName = keyof typeof activations
