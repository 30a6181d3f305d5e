/** Activation functions by their names in configs. Counterpart: models/activations.py and transformers/activations.py. */
import * as tf from '../tensors/tf'
import { fusedKernel } from './fused-kernel'

/** A function of each element. */
export type Activation = <T extends tf.Tensor>(x: T) => T

/** `x · sigmoid(x)`. */
export function silu<T extends tf.Tensor>(x: T): T {
  return fusedKernel<T>('QuickGelu', { x }, { alpha: 1 }, () => composeQuickGelu(x, 1))
}

/** `x · Φ(x)` with the exact normal distribution, by the error function. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return fusedKernel<T>('Gelu', { x }, {}, () => composeGelu(x))
}

/** `x · sigmoid(1.702 x)`, which OpenAI's CLIP was trained with. */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  return fusedKernel<T>('QuickGelu', { x }, { alpha: 1.702 }, () => composeQuickGelu(x, 1.702))
}

/** The kernel `Gelu`, from kernels of TensorFlow.js. */
export function composeGelu<T extends tf.Tensor>(x: T): T {
  return x.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5))
}

/** The kernel `QuickGelu`, from kernels of TensorFlow.js. */
export function composeQuickGelu<T extends tf.Tensor>(x: T, alpha: number): T {
  return x.mul((alpha === 1 ? x : x.mul(alpha)).sigmoid())
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
