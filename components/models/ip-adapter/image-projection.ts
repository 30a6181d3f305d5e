/** The image projection of the base IP-Adapter. Counterpart: models/embeddings.py (ImageProjection). */
import { LayerNorm } from '../../nn/layer-norm'
import { Linear } from '../../nn/linear'
import type * as tf from '../../tensors/tf'
import { IPImageProjection } from './ip-image-projection'

/** The sizes of an image projection with one token width. */
export interface ImageProjectionOptions {
  imageEmbedDim: number
  crossAttentionDim: number
  /** Tokens of each picture. */
  numTokens: number
}

/** Makes some tokens of the embedding of each picture: a linear layer, then a norm of each token. */
export class ImageProjection extends IPImageProjection {
  static override readonly className: string = 'ImageProjection'
  override readonly takes = 'embedding'
  override readonly imageEmbedDim: number
  override readonly crossAttentionDim: number
  override readonly numTokens: number
  readonly imageEmbeds: Linear
  readonly norm: LayerNorm

  constructor({ imageEmbedDim, crossAttentionDim, numTokens }: ImageProjectionOptions) {
    super()
    this.imageEmbedDim = imageEmbedDim
    this.crossAttentionDim = crossAttentionDim
    this.numTokens = numTokens
    this.imageEmbeds = new Linear(imageEmbedDim, numTokens * crossAttentionDim)
    this.norm = new LayerNorm(crossAttentionDim)
  }

  protected override project(imageEmbeds: tf.Tensor): tf.Tensor3D {
    const projected = this.imageEmbeds.forward(imageEmbeds)
    return this.norm.forward(projected.reshape<tf.Tensor3D>([-1, this.numTokens, this.crossAttentionDim]))
  }
}
