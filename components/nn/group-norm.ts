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
    numChannels: number,
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
    return fusedKernel<T>('GroupNormalization', { x, weight, bias }, { numGroups, eps }, () =>
      composeGroupNorm(x, { weight, bias, numGroups, eps }),
    )
  }
}

/** What a group norm computes with. */
export interface GroupNormInputs {
  readonly weight: tf.Tensor1D
  readonly bias: tf.Tensor1D
  readonly numGroups: number
  readonly eps: number
}

/** The kernel `GroupNormalization`, from kernels of TensorFlow.js. */
export function composeGroupNorm<T extends tf.Tensor>(x: T, inputs: GroupNormInputs): T {
  const centered = x.sub<T>(groupMean(x, inputs.numGroups))
  // The variance of what is already centred: E[x²] − E[x]² would lose its digits where the mean is large.
  return scaleGroups(centered, groupMean(centered.square(), inputs.numGroups), inputs)
}

/** Divides centred values by their standard deviation, then scales and shifts them. */
export function scaleGroups<T extends tf.Tensor>(
  centered: T,
  variance: tf.Tensor,
  { weight, bias, eps }: GroupNormInputs,
): T {
  return centered.mul(variance.add(eps).rsqrt().mul(weight)).add(bias)
}

/** The mean of each group, repeated for each of its channels: `[batch, 1, …, channels]`. */
function groupMean(x: tf.Tensor, numGroups: number): tf.Tensor {
  let means = x
  // One dimension at a time: float32 sums over all positions of a large map would lose digits.
  while (means.rank > 2) means = means.mean(-2)
  return meanOfChannels(means, numGroups, x.rank)
}

/** The mean of each group from the means of its channels `[batch, channels]`, for a tensor of that rank: `[batch, 1, …, channels]`. */
export function meanOfChannels(means: tf.Tensor, numGroups: number, rank: number): tf.Tensor {
  const [batch, channels] = means.shape as [number, number]
  const groupSize = channels / numGroups
  const ofGroups = means.reshape([batch, numGroups, groupSize]).mean(2, true)
  const ones = new Array<number>(rank - 2).fill(1)
  return ofGroups.tile([1, 1, groupSize]).reshape([batch, ...ones, channels])
}
