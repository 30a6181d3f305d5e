/** What CLIP's vision model makes of images. Counterpart: transformers models/clip/modeling_clip.py (CLIPVisionEmbeddings). */
import { Conv2d } from '../../nn/conv2d'
import { Embedding } from '../../nn/embedding'
import { Module } from '../../nn/module'
import { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import type { CLIPVisionConfig } from './config'

/** A token for the whole image and one for each patch, with their positions added. */
export class CLIPVisionEmbeddings extends Module {
  readonly classEmbedding: Parameter<tf.Tensor1D>
  readonly patchEmbedding: Conv2d
  readonly positionEmbedding: Embedding

  constructor({ numChannels, hiddenSize, imageSize, patchSize }: CLIPVisionConfig) {
    super()
    this.classEmbedding = new Parameter([hiddenSize])
    this.patchEmbedding = new Conv2d(numChannels, hiddenSize, { kernelSize: patchSize, stride: patchSize, bias: false })
    this.positionEmbedding = new Embedding(Math.floor(imageSize / patchSize) ** 2 + 1, hiddenSize)
  }

  /** `[batch, imageSize, imageSize, numChannels]` → `[batch, 1 + patches, hiddenSize]`. */
  forward(pixelValues: tf.Tensor4D): tf.Tensor3D {
    return tf.tidy(() => {
      const [batch] = pixelValues.shape
      const patches = this.patchEmbedding.forward(pixelValues)
      const width = patches.shape[3]
      const whole = tf.tile(this.classEmbedding.tensor.reshape<tf.Tensor3D>([1, 1, width]), [batch, 1, 1])
      const tokens = tf.concat([whole, patches.reshape<tf.Tensor3D>([batch, -1, width])], 1)
      return tokens.add(this.positionEmbedding.weight.tensor)
    })
  }
}
