/** The transformer of CLIP's text and vision models. Counterpart: transformers models/clip/modeling_clip.py. */
import { gelu, quickGelu } from '../../nn/activations'
import { LayerNorm } from '../../nn/layer-norm'
import { Linear } from '../../nn/linear'
import { Module } from '../../nn/module'
import { scaledDotProductAttention } from '../../nn/scaled-dot-product-attention'
import * as tf from '../../tensors/tf'

const clipActivations = { quick_gelu: quickGelu, gelu }

const activations = { quick_gelu: quickGelu, gelu }

/** What the layers of a transformer are made from. */
export interface CLIPEncoderConfig {
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly numHiddenLayers: number
  readonly numAttentionHeads: number
  readonly hiddenAct: keyof typeof activations
  readonly layerNormEps: number
}

/** Self-attention. */
export class CLIPAttention extends Module {
  readonly kProj: Linear
  readonly vProj: Linear
  readonly qProj: Linear
  readonly outProj: Linear
  private readonly heads: number

  constructor({ hiddenSize, numAttentionHeads }: CLIPEncoderConfig) {
    super()
    this.kProj = new Linear(hiddenSize, hiddenSize)
    this.vProj = new Linear(hiddenSize, hiddenSize)
    this.qProj = new Linear(hiddenSize, hiddenSize)
    this.outProj = new Linear(hiddenSize, hiddenSize)
    this.heads = numAttentionHeads
  }

  /** `[batch, token, hiddenSize]` → the same shape; `bias`, added to the scores, broadcasts to `[batch, heads, token, token]`. */
  forward(x: tf.Tensor3D, bias?: tf.Tensor): tf.Tensor3D {
    return tf.tidy(() => {
      const query = this.qProj.forward(x)
      const key = this.kProj.forward(x)
      const value = this.vProj.forward(x)
      return this.outProj.forward(scaledDotProductAttention({ query, key, value, heads: this.heads, bias }))
    })
  }
}

/** Two linear layers with an activation in between. */
export class CLIPMLP extends Module {
  readonly fc1: Linear
  readonly fc2: Linear

  constructor(private readonly config: CLIPEncoderConfig) {
    super()
    this.fc1 = new Linear(config.hiddenSize, config.intermediateSize)
    this.fc2 = new Linear(config.intermediateSize, config.hiddenSize)
  }

  /** `[batch, token, hiddenSize]` → the same shape. */
  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => this.fc2.forward(clipActivations[this.config.hiddenAct](this.fc1.forward(x))))
  }
}

/** Attention and MLP, each behind a layer norm. */
export class CLIPEncoderLayer extends Module {
  readonly selfAttn: CLIPAttention
  readonly layerNorm1: LayerNorm
  readonly mlp: CLIPMLP
  readonly layerNorm2: LayerNorm

  constructor(config: CLIPEncoderConfig) {
    super()
    this.selfAttn = new CLIPAttention(config)
    this.layerNorm1 = new LayerNorm(config.hiddenSize, config.layerNormEps)
    this.mlp = new CLIPMLP(config)
    this.layerNorm2 = new LayerNorm(config.hiddenSize, config.layerNormEps)
  }

  /** `[batch, token, hiddenSize]` → the same shape; `bias`, added to the scores, broadcasts to `[batch, heads, token, token]`. */
  forward(hiddenStates: tf.Tensor3D, bias?: tf.Tensor): tf.Tensor3D {
    return tf.tidy(() => {
      const x = hiddenStates.add<tf.Tensor3D>(this.selfAttn.forward(this.layerNorm1.forward(hiddenStates), bias))
      return x.add(this.mlp.forward(this.layerNorm2.forward(x)))
    })
  }
}

/** All layers. */
export class CLIPEncoder extends Module {
  readonly layers: readonly CLIPEncoderLayer[]

  constructor(config: CLIPEncoderConfig) {
    super()
    this.layers = Array.from({ length: config.numHiddenLayers }, () => new CLIPEncoderLayer(config))
  }

  /** `[batch, token, hiddenSize]` → the input, and the states after each layer. */
  forward(inputsEmbeds: tf.Tensor3D, bias?: tf.Tensor): tf.Tensor3D[] {
    return tf.tidy(() => {
      const hiddenStates = [inputsEmbeds]
      let x = inputsEmbeds
      for (const layer of this.layers) {
        x = layer.forward(x, bias)
        hiddenStates.push(x)
      }
      return hiddenStates
    })
  }
}
