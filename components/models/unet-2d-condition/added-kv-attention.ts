/** Attention to the prompt and the map at once. Counterpart: models/attention_processor.py (Attention with AttnAddedKVProcessor2_0). */
import { GroupNorm } from '../../nn/group-norm'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { scaledDotProductAttention } from '../../nn/scaled-dot-product-attention'
import * as tf from '../../tensors/tf'
import type { CrossAttentionInputs } from '../layers/basic-transformer-block'

/** What attention with added keys and values is made from. */
export interface AddedKVAttentionOptions {
  channels: number
  headDim: number
  /** Channels of the prompt's tokens. */
  addedKVProjDim: number
  normNumGroups: number
  /** Looks at the prompt alone. */
  onlyCrossAttention: boolean
}

/** The positions of a map attend to the tokens of the prompt and, unless told otherwise, to each other; the input is added. */
export class AddedKVAttention extends Module {
  readonly groupNorm: GroupNorm
  readonly toQ: Linear
  readonly toK: Linear | undefined
  readonly toV: Linear | undefined
  readonly addKProj: Linear
  readonly addVProj: Linear
  readonly toOut: readonly [Linear]
  private readonly heads: number

  constructor({ channels, headDim, addedKVProjDim, normNumGroups, onlyCrossAttention }: AddedKVAttentionOptions) {
    super()
    this.heads = Math.floor(channels / headDim)
    const innerDim = this.heads * headDim
    this.groupNorm = new GroupNorm(normNumGroups, channels, 1e-5)
    this.toQ = new Linear(channels, innerDim)
    if (!onlyCrossAttention) {
      this.toK = new Linear(channels, innerDim)
      this.toV = new Linear(channels, innerDim)
    }
    this.addKProj = new Linear(addedKVProjDim, innerDim)
    this.addVProj = new Linear(addedKVProjDim, innerDim)
    this.toOut = [new Linear(innerDim, channels)]
  }

  /** `[batch, height, width, channels]` → the same shape. */
  forward(hiddenStates: tf.Tensor4D, { encoderHiddenStates, encoderAttentionBias }: CrossAttentionInputs): tf.Tensor4D {
    return tf.tidy(() => {
      const [batch, height, width, channels] = hiddenStates.shape
      const tokens = this.groupNorm.forward(hiddenStates).reshape<tf.Tensor3D>([batch, height * width, channels])
      const query = this.toQ.forward(tokens)
      let key = this.addKProj.forward(encoderHiddenStates)
      let value = this.addVProj.forward(encoderHiddenStates)
      let bias = encoderAttentionBias
      if (this.toK && this.toV) {
        key = tf.concat([key, this.toK.forward(tokens)], 1)
        value = tf.concat([value, this.toV.forward(tokens)], 1)
        bias = bias?.pad([
          [0, 0],
          [0, 0],
          [0, 0],
          [0, height * width],
        ])
      }
      const attended = scaledDotProductAttention({ query, key, value, heads: this.heads, bias })
      return this.toOut[0].forward(attended).reshape<tf.Tensor4D>(hiddenStates.shape).add(hiddenStates)
    })
  }
}
