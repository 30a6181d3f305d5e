/** Transformer blocks over the positions of a map. Counterpart: models/transformers/transformer_2d.py (continuous input). */
import { Conv2d } from '../../nn/conv2d'
import { GroupNorm } from '../../nn/group-norm'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { BasicTransformerBlock, type CrossAttentionInputs } from './basic-transformer-block'

/** What a transformer over a map is made from. */
export interface Transformer2DModelOptions {
  inChannels: number
  numAttentionHeads: number
  attentionHeadDim: number
  numLayers: number
  normNumGroups: number
  crossAttentionDim: number
  /** Linear projections around the blocks in place of 1×1 convolutions; the same numbers in another shape. */
  useLinearProjection: boolean
  onlyCrossAttention: boolean
}

/** Norm, projection, transformer blocks over the positions as tokens, projection back, and the input added. */
export class Transformer2DModel extends Module {
  readonly norm: GroupNorm
  readonly projIn: Conv2d | Linear
  readonly transformerBlocks: readonly BasicTransformerBlock[]
  readonly projOut: Conv2d | Linear

  constructor(options: Transformer2DModelOptions) {
    super()
    const { inChannels, numAttentionHeads, attentionHeadDim, numLayers, useLinearProjection } = options
    const innerDim = numAttentionHeads * attentionHeadDim
    const projection = (from: number, to: number) =>
      useLinearProjection ? new Linear(from, to) : new Conv2d(from, to, { kernelSize: 1 })
    this.norm = new GroupNorm(options.normNumGroups, inChannels, 1e-6)
    this.projIn = projection(inChannels, innerDim)
    this.transformerBlocks = Array.from(
      { length: numLayers },
      () => new BasicTransformerBlock({ ...options, dim: innerDim }),
    )
    this.projOut = projection(innerDim, inChannels)
  }

  /** `[batch, height, width, inChannels]` → the same shape. */
  forward(hiddenStates: tf.Tensor4D, inputs: CrossAttentionInputs): tf.Tensor4D {
    return tf.tidy(() => {
      const projected: tf.Tensor4D = this.projIn.forward(this.norm.forward(hiddenStates))
      const [batch, height, width, innerDim] = projected.shape
      let tokens = projected.reshape<tf.Tensor3D>([batch, height * width, innerDim])
      for (const block of this.transformerBlocks) tokens = block.forward(tokens, inputs)
      const map = tokens.reshape<tf.Tensor4D>([batch, height, width, innerDim])
      return this.projOut.forward(map).add(hiddenStates)
    })
  }
}
