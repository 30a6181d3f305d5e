/** Self-attention, cross-attention and feed-forward. Counterpart: models/attention.py (BasicTransformerBlock). */
import { LayerNorm } from '../../nn/layer-norm'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { Attention } from './attention'
import { FeedForward } from './feed-forward'

/** The tokens of the prompt that image tokens attend to. */
export interface CrossAttentionInputs {
  /** `[batch, token, crossAttentionDim]` */
  encoderHiddenStates: tf.Tensor3D
  /** Added to the scores of cross-attention: `[batch, 1, 1, token]`. */
  encoderAttentionBias?: tf.Tensor4D | undefined
}

/** What a transformer block is made from. */
export interface BasicTransformerBlockOptions {
  dim: number
  numAttentionHeads: number
  attentionHeadDim: number
  crossAttentionDim: number
  /** Lets the first attention look at the prompt too, in place of the image. */
  onlyCrossAttention: boolean
}

/** Three residual parts, each behind a layer norm. */
export class BasicTransformerBlock extends Module {
  readonly norm1: LayerNorm
  readonly attn1: Attention
  readonly norm2: LayerNorm
  readonly attn2: Attention
  readonly norm3: LayerNorm
  readonly ff: FeedForward
  private readonly onlyCrossAttention: boolean

  constructor(options: BasicTransformerBlockOptions) {
    super()
    const { dim, crossAttentionDim, onlyCrossAttention } = options
    const attention = { queryDim: dim, heads: options.numAttentionHeads, dimHead: options.attentionHeadDim }
    this.norm1 = new LayerNorm(dim)
    this.attn1 = new Attention({ ...attention, crossAttentionDim: onlyCrossAttention ? crossAttentionDim : undefined })
    this.norm2 = new LayerNorm(dim)
    this.attn2 = new Attention({ ...attention, crossAttentionDim })
    this.norm3 = new LayerNorm(dim)
    this.ff = new FeedForward(dim)
    this.onlyCrossAttention = onlyCrossAttention
  }

  /** `[batch, token, dim]` → the same shape. */
  forward(hiddenStates: tf.Tensor3D, { encoderHiddenStates, encoderAttentionBias }: CrossAttentionInputs): tf.Tensor3D {
    return tf.tidy(() => {
      const seen = this.onlyCrossAttention ? encoderHiddenStates : undefined
      let x = hiddenStates
      x = x.add(this.attn1.forward(this.norm1.forward(x), seen))
      x = x.add(this.attn2.forward(this.norm2.forward(x), encoderHiddenStates, encoderAttentionBias))
      return x.add(this.ff.forward(this.norm3.forward(x)))
    })
  }
}
