/** What the image projections of IP-Adapters have in common. Counterpart: models/embeddings.py (MultiIPAdapterImageProjection). */
import type { ModelRunOptions } from '../../executors/executor'
import * as tf from '../../tensors/tf'
import { InputShapes } from '../input-shapes'
import { PretrainedModel } from '../pretrained-model'

/** Turns what an image encoder says of pictures into tokens that cross-attention can look at. */
export abstract class IPImageProjection extends PretrainedModel {
  static override readonly className: string = 'IPImageProjection'

  /** What is projected: the embedding of each picture, or the last hidden states but one of the image encoder. */
  abstract readonly takes: 'embedding' | 'hiddenStates'

  /** Channels of what is projected. */
  abstract readonly imageEmbedDim: number

  /** Channels of the tokens, which are those of the prompt's tokens. */
  abstract readonly crossAttentionDim: number

  /** Tokens of each picture; `undefined` if there is one for each of the encoder's. */
  abstract readonly numTokens: number | undefined

  /**
   * Projects pictures: `[pictures, imageEmbedDim]`, or `[pictures, tokens, imageEmbedDim]` for hidden states → `[pictures, numTokens, crossAttentionDim]`.
   * Computed by the model's executor.
   *
   * @throws ShapeMismatchError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of `options.signal`
   */
  call(imageEmbeds: tf.Tensor, options?: ModelRunOptions): Promise<tf.Tensor3D> {
    return this.execute('forward', ({ x }) => this.forward(x), { x: imageEmbeds }, options)
  }

  /** The same, computed at once on TensorFlow.js's backend. @throws ShapeMismatchError, WeightsNotLoadedError */
  forward(imageEmbeds: tf.Tensor): tf.Tensor3D {
    const channels = this.imageEmbedDim
    const dims = this.takes === 'embedding' ? ['pictures', channels] : ['pictures', 'tokens', channels]
    new InputShapes((this.constructor as typeof IPImageProjection).className).check('imageEmbeds', dims, imageEmbeds)
    return tf.tidy(() => this.project(imageEmbeds))
  }

  /** Computes the tokens. Tensors on the way are disposed by the caller. */
  protected abstract project(imageEmbeds: tf.Tensor): tf.Tensor3D
}
