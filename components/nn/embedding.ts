/** A table of vectors. Counterpart: torch.nn.Embedding. */
import * as tf from '../tensors/tf'
import { Module } from './module'
import { Parameter } from './parameter'

/** Looks up one row of a table for each id. */
export class Embedding extends Module {
  readonly weight: Parameter<tf.Tensor2D>

  constructor(numEmbeddings: number, embeddingDim: number) {
    super()
    this.weight = new Parameter([numEmbeddings, embeddingDim])
  }

  /** Ids `[…]` (int32, each below the number of rows) → `[…, embeddingDim]`. */
  forward<T extends tf.Tensor>(ids: tf.Tensor): T {
    return tf.gather(this.weight.tensor, ids as tf.Tensor1D) as tf.Tensor as T // gather() takes ids of any rank.
  }
}
