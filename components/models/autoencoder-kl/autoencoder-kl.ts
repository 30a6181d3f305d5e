/** The variational autoencoder between images and latents. Counterpart: models/autoencoders/autoencoder_kl.py. */
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { RawConfig } from '../../configs/parse-config'
import type { ModelRunOptions } from '../../executors/executor'
import { Conv2d } from '../../nn/conv2d'
import * as tf from '../../tensors/tf'
import { InputShapes } from '../input-shapes'
import { loadPretrained } from '../load-pretrained'
import { PretrainedModel } from '../pretrained-model'
import { type AutoencoderKLConfig, parseAutoencoderKLConfig } from './config'
import { Decoder } from './decoder'
import { DiagonalGaussianDistribution } from './diagonal-gaussian-distribution'
import { Encoder } from './encoder'
import { type LatentScaleOptions, scaleLatents, unscaleLatents } from './latent-scale'

/** Encodes images to latents and decodes them. The latents of both are the model's own; {@link scaleLatents} makes a denoiser's of them. */
export class AutoencoderKL extends PretrainedModel {
  static override readonly className: string = 'AutoencoderKL'

  readonly encoder: Encoder
  readonly decoder: Decoder
  readonly quantConv: Conv2d | undefined
  readonly postQuantConv: Conv2d | undefined

  private constructor(
    /** The settings, complete and frozen. */
    override readonly config: AutoencoderKLConfig,
  ) {
    super()
    const { latentChannels } = config
    this.encoder = new Encoder(config)
    this.decoder = new Decoder(config)
    if (config.useQuantConv) this.quantConv = new Conv2d(2 * latentChannels, 2 * latentChannels, { kernelSize: 1 })
    if (config.usePostQuantConv) this.postQuantConv = new Conv2d(latentChannels, latentChannels, { kernelSize: 1 })
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): AutoencoderKL {
    return new AutoencoderKL(parseAutoencoderKLConfig(config, { component: AutoencoderKL.name, file }))
  }

  /** Loads a model from a folder in the diffusers layout; fails as {@link loadPretrained} does. */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<AutoencoderKL> {
    const files = { weightsName: 'diffusion_pytorch_model', rename: renameOldAttention } as const
    return loadPretrained(AutoencoderKL, files, path, options)
  }

  /** How many times smaller latents are than images, in each dimension. */
  get spatialFactor(): number {
    return 2 ** (this.config.blockOutChannels.length - 1)
  }

  /**
   * Images to the distribution of their latents, computed by the model's executor.
   *
   * @param x - `[batch, height, width, inChannels]`, in the range -1 to 1
   * @throws ShapeMismatchError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of `options.signal`
   */
  async encode(x: tf.Tensor4D, options?: ModelRunOptions): Promise<DiagonalGaussianDistribution> {
    return new DiagonalGaussianDistribution(
      await this.execute('encode', given => this.forwardEncode(given), x, options),
    )
  }

  /**
   * Latents to images, about in the range -1 to 1, computed by the model's executor: `[batch, f height, f width, outChannels]`.
   *
   * @param z - `[batch, height, width, latentChannels]`
   * @throws ShapeMismatchError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of `options.signal`
   */
  decode(z: tf.Tensor4D, options?: ModelRunOptions): Promise<tf.Tensor4D> {
    return this.execute('decode', given => this.forwardDecode(given), z, options)
  }

  /**
   * Latents of the model, as {@link encode} gives them, to those that a denoiser works on: shifted and scaled as the config says.
   *
   * @param latents - `[batch, height, width, latentChannels]`
   * @throws ShapeMismatchError; ConfigError for statistics of another number of channels
   */
  scaleLatents(latents: tf.Tensor4D, options?: LatentScaleOptions): tf.Tensor4D {
    this.checkLatents('latents', latents)
    return scaleLatents(latents, this.config, options)
  }

  /**
   * Latents of a denoiser to those of the model, which {@link decode} takes: undoes {@link scaleLatents}.
   *
   * @param latents - `[batch, height, width, latentChannels]`
   * @throws ShapeMismatchError; ConfigError for statistics of another number of channels
   */
  unscaleLatents(latents: tf.Tensor4D, options?: LatentScaleOptions): tf.Tensor4D {
    this.checkLatents('latents', latents)
    return unscaleLatents(latents, this.config, options)
  }

  /**
   * Bytes that decoding needs at least beside the weights: the widest maps of full size, what goes into a layer and what comes out of it.
   *
   * @param z shape: `[batch, height, width, latentChannels]`
   */
  decodeBytes([batch, height, width]: readonly [number, number, number, number]): number {
    const [channels = 0, wider = channels] = this.config.blockOutChannels
    const pixels = height * width * this.spatialFactor ** 2
    return Float32Array.BYTES_PER_ELEMENT * batch * pixels * (channels + wider)
  }

  /** Gets ready, in the background, to decode latents of this shape, until `signal` fires. */
  prepareDecode(
    shape: readonly [batch: number, height: number, width: number, channels: number],
    options?: ModelRunOptions,
  ): void {
    const placeholder = new TensorPlaceholder(shape) as unknown as tf.Tensor4D
    this.makeReady('decode', given => this.forwardDecode(given), placeholder, options)
  }

  /**
   * Images to the moments of their latents, computed at once on TensorFlow.js's backend: `[batch, height / f, width / f, 2 latentChannels]`.
   *
   * @throws ShapeMismatchError, WeightsNotLoadedError
   */
  forwardEncode(x: tf.Tensor4D): tf.Tensor4D {
    new InputShapes('AutoencoderKL').checkGiven('x', ['batch', 'height', 'width', this.config.inChannels], x)
    return tf.tidy(() => {
      const encoded = this.encoder.forward(x)
      return this.quantConv ? this.quantConv.forward(encoded) : encoded
    })
  }

  /**
   * Latents to images, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, WeightsNotLoadedError
   */
  forwardDecode(z: tf.Tensor4D): tf.Tensor4D {
    this.checkLatents('z', z)
    return tf.tidy(() => this.decoder.forward(this.postQuantConv ? this.postQuantConv.forward(z) : z))
  }

  private checkLatents(name: string, latents: tf.Tensor4D): void {
    new InputShapes('AutoencoderKL').checkGiven(name, ['batch', 'height', 'width', this.config.latentChannels], latents)
  }
}

const oldAttentionParts: Readonly<Record<string, string>> = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
}

/** The names of the mid blocks' attention in checkpoints such as those of Stable Diffusion 1, from before diffusers 0.18. */
function renameOldAttention(key: string): string {
  return key.replace(
    /(?<=\.attentions\.\d+\.)(query|key|value|proj_attn)(?=\.)/,
    part => oldAttentionParts[part] ?? part,
  )
}
