/** Normalisation over groups of channels. Counterpart: torch.nn.GroupNorm. */
import * as tf from '@tensorflow/tfjs'
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
    return tf.tidy(() => {
      const positions = x.reshape<tf.Tensor3D>([x.shape[0] as number, -1, this.numChannels])
      const centered = positions.sub<tf.Tensor3D>(this.groupMean(positions))
      // The variance of what is already centred: E[x²] − E[x]² would lose its digits where the mean is large.
      const variance = this.groupMean(centered.square<tf.Tensor3D>())
      const scale = variance.add(this.eps).rsqrt().mul(this.weight.tensor)
      return centered.mul(scale).add(this.bias.tensor).reshape<T>(x.shape)
    })
  }

  /** The mean of each group, repeated for each of its channels: `[batch, 1, channels]`. */
  private groupMean(x: tf.Tensor3D): tf.Tensor3D {
    const [batch, , channels] = x.shape
    const groups = x.mean(1).reshape<tf.Tensor3D>([batch, this.numGroups, channels / this.numGroups])
    return groups.mean(2, true).tile([1, 1, channels / this.numGroups]).reshape([batch, 1, channels])
  }
}
