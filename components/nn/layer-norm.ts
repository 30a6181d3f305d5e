/** Normalisation of each token. Counterpart: torch.nn.LayerNorm. */
import type * as tf from '../tensors/tf'
import { fusedKernel } from './fused-kernel'
import { Module } from './module'
import { Parameter } from './parameter'

/** Sets mean and variance of the last dimension to 0 and 1, then scales and shifts. */
export class LayerNorm extends Module {
  readonly weight: Parameter<tf.Tensor1D>
  readonly bias: Parameter<tf.Tensor1D>

  constructor(
    numChannels: number,
    private readonly eps = 1e-5,
  ) {
    super()
    this.weight = new Parameter([numChannels])
    this.bias = new Parameter([numChannels])
  }

  /** `[…, channels]` → the same shape. */
  forward<T extends tf.Tensor>(x: T): T {
    const { eps } = this
    const [weight, bias] = [this.weight.tensor, this.bias.tensor]
    return fusedKernel<T>('LayerNormalization', { x, weight, bias }, { eps }, () =>
      composeLayerNorm(x, { weight, bias, eps }),
    )
  }
}

/** What a layer norm computes with. */
export interface LayerNormInputs {
  readonly weight: tf.Tensor1D
  readonly bias: tf.Tensor1D
  readonly eps: number
}

/** The kernel `LayerNormalization`, from kernels of TensorFlow.js. */
export function composeLayerNorm<T extends tf.Tensor>(x: T, { weight, bias, eps }: LayerNormInputs): T {
  const centered = x.sub(x.mean(-1, true))
  const variance = centered.square().mean(-1, true)
  return centered.mul(variance.add(eps).rsqrt()).mul(weight).add(bias)
}
