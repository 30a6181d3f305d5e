/** The image projection of the full-face IP-Adapter. Counterpart: models/embeddings.py (IPAdapterFullImageProjection). */
import { LayerNorm } from '../../nn/layer-norm'
import type * as tf from '../../tensors/tf'
import { GELUFeedForward } from '../layers/gelu-feed-forward'
import type { ImageProjectionOptions } from './image-projection'
import { IPImageProjection } from './ip-image-projection'

/** Projects each token of the image encoder. */
export class IPAdapterFullImageProjection extends IPImageProjection {
  static override readonly className: string = 'IPAdapterFullImageProjection'
  override readonly takes = 'hiddenStates'
  override readonly imageEmbedDim: number
  override readonly crossAttentionDim: number
  override readonly numTokens = undefined
  readonly ff: GELUFeedForward
  readonly norm: LayerNorm

  constructor({ imageEmbedDim, crossAttentionDim }: Omit<ImageProjectionOptions, 'numTokens'>) {
    super()
    this.imageEmbedDim = imageEmbedDim
    this.crossAttentionDim = crossAttentionDim
    this.ff = new GELUFeedForward({ dim: imageEmbedDim, dimOut: crossAttentionDim, innerDim: imageEmbedDim })
    this.norm = new LayerNorm(crossAttentionDim)
  }

  protected override project(imageEmbeds: tf.Tensor): tf.Tensor3D {
    return this.norm.forward(this.ff.forward(imageEmbeds as tf.Tensor3D)) // The shape was checked.
  }
}
