/** The T2I-Adapter of Stable Diffusion. Counterpart: models/adapter.py (T2IAdapter). */
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { RawConfig } from '../../configs/parse-config'
import * as tf from '../../tensors/tf'
import type { CallSize, ModelFunction } from '../call-size'
import { InputShapes } from '../input-shapes'
import { loadPretrained } from '../load-pretrained'
import { ModelInputError } from '../model-input-error'
import { type ModelCallOptions, PretrainedModel } from '../pretrained-model'
import { parseT2IAdapterConfig, type T2IAdapterConfig } from './config'
import { FeaturePyramid } from './feature-pyramid'

/** How the weights are stored. */
const LAYOUT = { weightsName: 'diffusion_pytorch_model', requiresFinite: true } as const

/** Side of the latents where nothing says it. */
const OWN_SIDE = 64

/** Pixels of a picture for one position of the latents. */
const PIXELS_PER_LATENT = 8

/** What a T2IAdapter computes. */
export interface T2IAdapterOutput {
  /** A map for each level of the UNet's way down: `[batch, height', width', channels]`. */
  features: tf.Tensor4D[]
}

/** Computes from a picture, such as a sketch, what is added to the maps of a UNet, once for all steps. */
export class T2IAdapter extends PretrainedModel {
  static override readonly className: string = 'T2IAdapter'

  readonly adapter: FeaturePyramid

  private constructor(
    /** The settings, complete and frozen. */
    override readonly config: T2IAdapterConfig,
  ) {
    super()
    this.adapter = new FeaturePyramid(config)
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static fromConfig(config: RawConfig, file?: string): T2IAdapter {
    return new T2IAdapter(parseT2IAdapterConfig(config, { component: T2IAdapter.className, file }))
  }

  /**
   * Loads a model from a folder in the diffusers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<T2IAdapter> {
    return loadPretrained(T2IAdapter, LAYOUT, path, options)
  }

  /** Channels of the map of each level. */
  get featureChannels(): readonly number[] {
    const { channels, adapterType } = this.config
    return adapterType === 'light_adapter' ? [...channels, channels.at(-1) ?? 0] : channels
  }

  /** Pixels of a side that become one position of the smallest map. */
  get totalDownscaleFactor(): number {
    const { downscaleFactor, channels, adapterType } = this.config
    if (adapterType === 'full_adapter_xl') return downscaleFactor * 2
    return downscaleFactor * 2 ** (channels.length - (adapterType === 'light_adapter' ? 0 : 1))
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    const shapes = ({ batch, latents = { height: OWN_SIDE, width: OWN_SIDE } }: CallSize) => {
      const [height, width] = [latents.height * PIXELS_PER_LATENT, latents.width * PIXELS_PER_LATENT]
      return { x: new TensorPlaceholder([batch, height, width, this.config.inChannels]) }
    }
    return { '': { shapes, forward: ({ x }: { x: tf.Tensor4D }) => ({ features: this.forward(x) }) } }
  }

  /**
   * The maps of pictures, computed by the model's executor.
   *
   * @param x - pictures `[batch, height, width, inChannels]` with values between 0 and 1, whose sides are multiples of `config.downscaleFactor`
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of `options.signal`
   */
  call(x: tf.Tensor4D, options?: ModelCallOptions): Promise<T2IAdapterOutput> {
    const forward = (given: { x: tf.Tensor4D }) => ({ features: this.forward(given.x) })
    return this.execute('forward', forward, { x }, options)
  }

  /**
   * The maps of pictures, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    const { inChannels, downscaleFactor } = this.config
    new InputShapes(T2IAdapter.className).checkGiven('x', ['batch', 'height', 'width', inChannels], x)
    const [, height, width] = x.shape
    if (height % downscaleFactor !== 0 || width % downscaleFactor !== 0) {
      const problem = `has ${width} × ${height} pixels, but both sides must be multiples of ${downscaleFactor}`
      throw new ModelInputError(T2IAdapter.className, 'x', problem)
    }
    return tf.tidy(() => this.adapter.forward(x))
  }
}
