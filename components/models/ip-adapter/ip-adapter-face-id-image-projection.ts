/** The image projection of IP-Adapters for faces. Counterpart: models/embeddings.py (IPAdapterFaceIDImageProjection). */
import { LayerNorm } from '../../nn/layer-norm'
import type * as tf from '../../tensors/tf'
import { GELUFeedForward } from '../layers/gelu-feed-forward'
import type { ImageProjectionOptions } from './image-projection'
import { IPImageProjection } from './ip-image-projection'

/** Makes some tokens of the embedding of a face, which comes from a network for faces and not from CLIP. */
export class IPAdapterFaceIDImageProjection extends IPImageProjection {
  static override readonly className: string = 'IPAdapterFaceIDImageProjection'
  override readonly takes = 'embedding'
  override readonly imageEmbedDim: number
  override readonly crossAttentionDim: number
  override readonly numTokens: number
  readonly ff: GELUFeedForward
  readonly norm: LayerNorm

  /** @param options `innerDim`: channels between the two layers */
  constructor(options: ImageProjectionOptions & { innerDim: number }) {
    super()
    const { imageEmbedDim, crossAttentionDim, numTokens, innerDim } = options
    this.imageEmbedDim = imageEmbedDim
    this.crossAttentionDim = crossAttentionDim
    this.numTokens = numTokens
    this.ff = new GELUFeedForward({ dim: imageEmbedDim, dimOut: numTokens * crossAttentionDim, innerDim })
    this.norm = new LayerNorm(crossAttentionDim)
  }

  protected override project(imageEmbeds: tf.Tensor): tf.Tensor3D {
    const projected = this.ff.forward(imageEmbeds)
    return this.norm.forward(projected.reshape<tf.Tensor3D>([-1, this.numTokens, this.crossAttentionDim]))
  }
}
