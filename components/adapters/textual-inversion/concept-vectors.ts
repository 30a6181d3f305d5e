/** The vectors of one concept for one text encoder. */
import type { TokenTableHook } from '../../models/clip-text/check-token-ids'
import type { CLIPTextModel } from '../../models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../models/clip-text/clip-text-model-with-projection'
import { Module } from '../../nn/module'
import { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { VectorsInFile } from './read-embeddings'

/** A text encoder that concepts can be added to. */
export type ConceptModel = CLIPTextModel | CLIPTextModelWithProjection

/** State-dict name of a text model's table of tokens. */
const TABLE = 'embeddings.token_embedding'

/** Vectors that extend a text encoder's table of tokens. Their numbers stay in the file until they are needed. */
export class ConceptVectors extends Module {
  readonly weight: Parameter
  readonly count: number
  readonly width: number

  /** @param first - the id of the first one */
  constructor(
    { info, count, width }: VectorsInFile,
    readonly first: number,
  ) {
    super()
    this.count = count
    this.width = width
    this.weight = new Parameter(info.shape)
    this.weight.bind(info)
  }

  /** Looks the vectors up for their ids; all other ids go to the table itself. */
  hookOf(model: ConceptModel): TokenTableHook {
    const { first, count, width } = this
    return {
      name: `textual-inversion:${first}+${count}`,
      module: model instanceof CLIPTextModelWithProjection ? `text_model.${TABLE}` : TABLE,
      weights: this,
      furtherTokens: { first, count },
      forward: ({ args, run }) =>
        tf.tidy(() => {
          const ids = args[0] as tf.Tensor // What an Embedding is called with.
          const isOwn = ids.greaterEqual(first).logicalAnd(ids.less(first + count))
          const none = tf.zerosLike(ids)
          const table = this.weight.tensor.reshape([count, width])
          const own = tf.gather(table, tf.where(isOwn, ids.sub(tf.scalar(first, 'int32')), none) as tf.Tensor1D)
          const others = run(tf.where(isOwn, none, ids)) as tf.Tensor
          return tf.where(isOwn.expandDims(-1), own, others)
        }),
    }
  }
}
