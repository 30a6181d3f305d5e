/** A small, fast autoencoder, distilled from a VAE (TAESD). Counterpart: models/autoencoders/autoencoder_tiny.py. */
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import type { RawConfig } from '../../configs/parse-config'
import type { ModelRunOptions } from '../../executors/executor'
import * as tf from '../../tensors/tf'
import { Autoencoder } from '../autoencoder/autoencoder-base'
import type { LatentTiles } from '../autoencoder/call-plan'
import { FixedLatents } from '../autoencoder/latent-distribution'
import { overlayTiles } from '../autoencoder/overlay-tiles'
import { loadPretrained } from '../load-pretrained'
import { DecoderTiny, EncoderTiny } from './coders'
import { type AutoencoderTinyConfig, parseAutoencoderTinyConfig } from './config'

/** Values that are held at the peak for each value of the maps of full size: the input of a block, two maps inside it, and a copy with padding. */
const VALUES_HELD = 4

/** Encodes images to latents and decodes them, in a fraction of the time of AutoencoderKL. It takes the place of the VAE that it was distilled from. */
export class AutoencoderTiny extends Autoencoder {
  static override readonly className: string = 'AutoencoderTiny'

  readonly encoder: EncoderTiny
  readonly decoder: DecoderTiny
  protected override readonly joinTiles = overlayTiles

  private constructor(
    /** The settings, complete and frozen. */
    override readonly config: AutoencoderTinyConfig,
  ) {
    super()
    this.encoder = new EncoderTiny(config)
    this.decoder = new DecoderTiny(config)
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static override fromConfig(config: RawConfig, file?: string): AutoencoderTiny {
    return new AutoencoderTiny(parseAutoencoderTinyConfig(config, { component: AutoencoderTiny.className, file }))
  }

  /**
   * Loads a model from a folder in the diffusers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static override fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<AutoencoderTiny> {
    return loadPretrained(AutoencoderTiny, { weightsName: 'diffusion_pytorch_model' }, path, options)
  }

  override get spatialFactor(): number {
    return 2 ** (this.config.numEncoderBlocks.length - 1)
  }

  /** Its encoder predicts latents, not a distribution of them. */
  override get functions(): Autoencoder['functions'] {
    const { encoder, decoder } = super.functions
    const forward = ({ sample }: { sample: tf.Tensor4D }) => ({ latents: this.forwardEncode(sample) })
    return { encoder: { ...encoder, forward }, decoder }
  }

  override async encode(x: tf.Tensor4D, options?: ModelRunOptions): Promise<FixedLatents> {
    return new FixedLatents(await this.computeMap('encode', x, options))
  }

  /** Brings latents of the model to the range from 0 to 1, as the pixels of an image of latents (`scale_latents` in the reference). */
  toUnitRange(latents: tf.Tensor4D): tf.Tensor4D {
    const { latentMagnitude, latentShift } = this.config
    const unit = (x: tf.Tensor4D) => x.div<tf.Tensor4D>(2 * latentMagnitude).add<tf.Tensor4D>(latentShift)
    return tf.tidy(() => tf.clipByValue(unit(latents), 0, 1) as tf.Tensor4D)
  }

  /** Brings the pixels of an image of latents, from 0 to 1, back to latents of the model (`unscale_latents` in the reference). */
  fromUnitRange(pixels: tf.Tensor4D): tf.Tensor4D {
    const { latentMagnitude, latentShift } = this.config
    return tf.tidy(() => pixels.sub<tf.Tensor4D>(latentShift).mul<tf.Tensor4D>(2 * latentMagnitude))
  }

  override forwardEncode(x: tf.Tensor4D): tf.Tensor4D {
    this.checkInput('encode', x)
    return this.encoder.forward(x)
  }

  override forwardDecode(z: tf.Tensor4D): tf.Tensor4D {
    this.checkInput('decode', z)
    return this.decoder.forward(z)
  }

  protected override get defaultTiling() {
    return { tileSampleMinSize: 64 * this.spatialFactor, tileOverlapFactor: 0.125 }
  }

  /** A map that reaches beyond the stride gets a second tile, as in the reference. */
  protected override coveredBy({ stride }: LatentTiles): number {
    return stride
  }

  protected override latentSide(pixels: number): number {
    return Math.ceil(pixels / this.spatialFactor)
  }

  protected override pieceBytes(pixels: number): number {
    const { encoderBlockOutChannels, decoderBlockOutChannels } = this.config
    const channels = Math.max(encoderBlockOutChannels[0] ?? 0, decoderBlockOutChannels.at(-1) ?? 0)
    return Float32Array.BYTES_PER_ELEMENT * VALUES_HELD * pixels * channels
  }
}
