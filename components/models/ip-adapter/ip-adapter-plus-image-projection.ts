/** The image projection of the plus IP-Adapters, a Perceiver resampler. Counterpart: models/embeddings.py (IPAdapterPlusImageProjection). */
import { LayerNorm } from '../../nn/layer-norm'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import { Attention } from '../layers/attention'
import { GELUFeedForward } from '../layers/gelu-feed-forward'
import { IPImageProjection } from './ip-image-projection'

/** Width of a head. */
const DIM_HEAD = 64

/** The sizes of a {@link IPAdapterPlusImageProjection}. */
export interface PlusImageProjectionOptions {
  /** Channels of the image encoder's hidden states. */
  imageEmbedDim: number
  crossAttentionDim: number
  /** Channels inside. */
  hiddenDim: number
  /** Channels between the layers of the feed-forward parts. */
  innerDim: number
  heads: number
  numTokens: number
  numLayers: number
}

/** Lets learned tokens look at the picture's and at themselves. */
export class IPAdapterPlusImageProjectionBlock extends Module {
  readonly ln0: LayerNorm
  readonly ln1: LayerNorm
  readonly attn: Attention
  readonly ff: readonly [LayerNorm, GELUFeedForward]

  constructor({ hiddenDim, heads, innerDim }: PlusImageProjectionOptions) {
    super()
    this.ln0 = new LayerNorm(hiddenDim)
    this.ln1 = new LayerNorm(hiddenDim)
    this.attn = new Attention({ queryDim: hiddenDim, heads, dimHead: DIM_HEAD, outBias: false })
    this.ff = [
      new LayerNorm(hiddenDim),
      new GELUFeedForward({ dim: hiddenDim, dimOut: hiddenDim, innerDim, bias: false }),
    ]
  }

  /**
   * Returns the learned tokens `[pictures, numTokens, hiddenDim]` as the block changes them.
   *
   * @param x the picture's tokens: `[pictures, tokens, hiddenDim]`
   */
  forward(x: tf.Tensor3D, latents: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      const normed = this.ln1.forward(latents)
      const seen = tf.concat([this.ln0.forward(x), normed], 1)
      const attended = latents.add<tf.Tensor3D>(this.attn.forward(normed, seen))
      return attended.add(this.ff[1].forward(this.ff[0].forward(attended)))
    })
  }
}

/** Makes some tokens of the hidden states of the image encoder, of which there are many. */
export class IPAdapterPlusImageProjection extends IPImageProjection {
  static override readonly className: string = 'IPAdapterPlusImageProjection'
  override readonly takes = 'hiddenStates'
  override readonly imageEmbedDim: number
  override readonly crossAttentionDim: number
  override readonly numTokens: number
  /** What every picture's tokens begin with: `[1, numTokens, hiddenDim]`. */
  readonly latents: Parameter<tf.Tensor3D>
  readonly projIn: Linear
  readonly layers: readonly IPAdapterPlusImageProjectionBlock[]
  readonly projOut: Linear
  readonly normOut: LayerNorm

  constructor(options: PlusImageProjectionOptions) {
    super()
    const { imageEmbedDim, crossAttentionDim, hiddenDim, numTokens, numLayers } = options
    this.imageEmbedDim = imageEmbedDim
    this.crossAttentionDim = crossAttentionDim
    this.numTokens = numTokens
    this.latents = new Parameter([1, numTokens, hiddenDim])
    this.projIn = new Linear(imageEmbedDim, hiddenDim)
    this.layers = Array.from({ length: numLayers }, () => new IPAdapterPlusImageProjectionBlock(options))
    this.projOut = new Linear(hiddenDim, crossAttentionDim)
    this.normOut = new LayerNorm(crossAttentionDim)
  }

  protected override project(imageEmbeds: tf.Tensor): tf.Tensor3D {
    const hiddenStates = imageEmbeds as tf.Tensor3D // The shape was checked.
    const x = this.projIn.forward(hiddenStates)
    let latents = tf.tile(this.latents.tensor, [hiddenStates.shape[0], 1, 1])
    for (const layer of this.layers) latents = layer.forward(x, latents)
    return this.normOut.forward(this.projOut.forward(latents))
  }
}
