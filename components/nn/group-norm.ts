/** Normalisation over groups of channels. Counterpart: torch.nn.GroupNorm. */
import type * as tf from '../tensors/tf'
import { fusedKernel } from './fused-kernel'
import { Module } from './module'
import { Parameter } from './parameter'

/** Sets mean and variance of each group of channels, over all positions of a sample, to 0 and 1, then scales and shifts. */
export class GroupNorm extends Module {
  readonly weight: Parameter<tf.Tensor1D>
  readonly bias: Parameter<tf.Tensor1D>

  constructor(
    private readonly numGroups: number,
    private readonly numChannels: number,
    private readonly eps: number,
  ) {
    super()
    this.weight = new Parameter([numChannels])
    this.bias = new Parameter([numChannels])
  }

  /** `[batch, …, channels]` → the same shape. */
  forward<T extends tf.Tensor>(x: T): T {
    const { numGroups, eps } = this
    const [weight, bias] = [this.weight.tensor, this.bias.tensor]
    return fusedKernel<T>('GroupNormalization', { x, weight, bias }, { numGroups, eps }, () => {
      const centered = x.sub<T>(this.groupMean(x))
      // The variance of what is already centred: E[x²] − E[x]² would lose its digits where the mean is large.
      const variance = this.groupMean(centered.square())
      return centered.mul(variance.add(eps).rsqrt().mul(weight)).add(bias)
    })
  }

  /** The mean of each group, repeated for each of its channels: `[batch, 1, …, channels]`. */
  private groupMean(x: tf.Tensor): tf.Tensor {
    const batch = x.shape[0] as number
    const groupSize = this.numChannels / this.numGroups
    let means = x
    // One dimension at a time: float32 sums over all positions of a large map would lose digits.
    while (means.rank > 2) means = means.mean(-2)
    const ofGroups = means.reshape([batch, this.numGroups, groupSize]).mean(2, true)
    return ofGroups.tile([1, 1, groupSize]).reshape([batch, ...x.shape.slice(1, -1).fill(1), this.numChannels])
  }
}
