/** What CLIP's text model makes of tokens. Counterpart: transformers models/clip/modeling_clip.py (CLIPTextEmbeddings). */
import { Embedding } from '../../nn/embedding'
import { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import type { CLIPTextConfig } from './config'

/** Embeddings of tokens and of their positions, added. */
export class CLIPTextEmbeddings extends Module {
  readonly tokenEmbedding: Embedding
  readonly positionEmbedding: Embedding

  constructor({ vocabSize, hiddenSize, maxPositionEmbeddings }: CLIPTextConfig) {
    super()
    this.tokenEmbedding = new Embedding(vocabSize, hiddenSize)
    this.positionEmbedding = new Embedding(maxPositionEmbeddings, hiddenSize)
  }

  /** Ids `[batch, token]` → `[batch, token, hiddenSize]`. */
  forward(inputIds: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => {
      const tokens = this.tokenEmbedding.forward<tf.Tensor3D>(inputIds)
      return tokens.add(this.positionEmbedding.weight.tensor.slice(0, inputIds.shape[1]))
    })
  }
}
