/** The variational autoencoder between images and latents. Counterpart: models/autoencoders/autoencoder_kl.py. */
import type { FromPretrainedOptions, FromSingleFileOptions } from '../../../src/params/component-class'
import type { RawConfig } from '../../configs/parse-config'
import type { ModelRunOptions } from '../../executors/executor'
import { Conv2d } from '../../nn/conv2d'
import * as tf from '../../tensors/tf'
import { Autoencoder } from '../autoencoder/autoencoder-base'
import { blendTiles } from '../autoencoder/blend-tiles'
import type { LatentTiles } from '../autoencoder/call-plan'
import { loadPretrained } from '../load-pretrained'
import { loadSingleFile } from '../load-single-file'
import { type AutoencoderKLConfig, parseAutoencoderKLConfig } from './config'
import { Decoder } from './decoder'
import { DiagonalGaussianDistribution } from './diagonal-gaussian-distribution'
import { Encoder } from './encoder'

/**
 * Values that are held at the peak for each value of the widest maps of full size. The growth of the process gives 17
 * at 256 and at 512 pixels, with the VAE of Stable Diffusion 1.5 on ONNX Runtime's CPU provider. Kernel by kernel, it
 * is less.
 */
const VALUES_HELD = 17

/** Encodes images to latents and decodes them. The latents of both are the model's own; {@link scaleLatents} makes a denoiser's of them. */
export class AutoencoderKL extends Autoencoder {
  static override readonly className: string = 'AutoencoderKL'

  readonly encoder: Encoder
  readonly decoder: Decoder
  readonly quantConv: Conv2d | undefined
  readonly postQuantConv: Conv2d | undefined
  protected override readonly joinTiles = blendTiles

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
  static override fromConfig(config: RawConfig, file?: string): AutoencoderKL {
    return new AutoencoderKL(parseAutoencoderKLConfig(config, { component: AutoencoderKL.className, file }))
  }

  /**
   * Loads a model from a folder in the diffusers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static override fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<AutoencoderKL> {
    const files = { weightsName: 'diffusion_pytorch_model', rename: renameOldAttention } as const
    return loadPretrained(AutoencoderKL, files, path, options)
  }

  /**
   * Loads a model from one file that holds it, alone or with others.
   *
   * @throws SingleFileError for a file of another kind, or one that does not hold the model; PickleCheckpointError, SafetensorsError, GGUFError, MissingFileError, UnwritableFileError, ConfigError
   */
  static fromSingleFile(path: string | URL, options?: FromSingleFileOptions): Promise<AutoencoderKL> {
    return loadSingleFile(AutoencoderKL, { component: 'vae', rename: renameOldAttention }, path, options)
  }

  override get spatialFactor(): number {
    return 2 ** (this.config.blockOutChannels.length - 1)
  }

  override async encode(x: tf.Tensor4D, options?: ModelRunOptions): Promise<DiagonalGaussianDistribution> {
    return new DiagonalGaussianDistribution(await this.computeMap('encode', x, options))
  }

  /**
   * Images to the moments of their latents, computed at once on TensorFlow.js's backend: `[batch, height / f, width / f, 2 latentChannels]`.
   *
   * @throws ShapeMismatchError, WeightsNotLoadedError
   */
  forwardEncode(x: tf.Tensor4D): tf.Tensor4D {
    this.checkInput('encode', x)
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
    this.checkInput('decode', z)
    return tf.tidy(() => this.decoder.forward(this.postQuantConv ? this.postQuantConv.forward(z) : z))
  }

  protected override get defaultTiling() {
    const [side = 0] = [this.config.sampleSize].flat()
    const factor = this.spatialFactor
    return { tileSampleMinSize: Math.max(1, Math.floor(side / factor)) * factor, tileOverlapFactor: 0.25 }
  }

  protected override coveredBy({ size }: LatentTiles): number {
    return size
  }

  protected override latentSide(pixels: number): number {
    return Math.floor(pixels / this.spatialFactor)
  }

  protected override pieceBytes(pixels: number): number {
    return Float32Array.BYTES_PER_ELEMENT * VALUES_HELD * pixels * (this.config.blockOutChannels[0] ?? 0)
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
