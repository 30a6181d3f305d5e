/** The ControlNet of Stable Diffusion. Counterpart: models/controlnets/controlnet.py. */
import type { FromPretrainedOptions, FromSingleFileOptions } from '../../../src/params/component-class'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { RawConfig } from '../../configs/parse-config'
import * as tf from '../../tensors/tf'
import { type CallSize, type ModelFunction, ownSize } from '../call-size'
import { loadPretrained } from '../load-pretrained'
import { loadSingleFile } from '../load-single-file'
import { ModelInputError } from '../model-input-error'
import type { ModelCallOptions } from '../pretrained-model'
import { encoderInputsOf, encoderShapes, type UNetEncoderShapes } from '../unet-2d-condition/encoder-inputs'
import type { ResidualSource } from '../unet-2d-condition/residual-source'
import { embedConditions, encodeMaps } from '../unet-2d-condition/unet-encoder'
import { type ControlNetConfig, parseControlNetConfig } from './config'
import type { ControlSettings } from './controlnet-base'
import { ControlNetEncoder, tileRows } from './controlnet-encoder'
import { type ControlNetInputs, type ControlNetOutput, checkControlNetInputs, pixelsPerLatent } from './inputs'
import { residualScales } from './residual-scales'

/** How the weights are stored. */
const LAYOUT = { weightsName: 'diffusion_pytorch_model', requiresFinite: true } as const

/** Placeholders for the inputs of a ControlNetModel. */
export interface ControlNetShapes extends UNetEncoderShapes {
  readonly controlnetCond: TensorPlaceholder
  readonly conditioningScale: TensorPlaceholder
}

/** Computes from a picture, such as an outline, what is added to the maps of a UNet, so that it draws along that picture. */
export class ControlNetModel extends ControlNetEncoder<ControlNetConfig> {
  static override readonly className: string = 'ControlNetModel'

  private constructor(config: ControlNetConfig) {
    super(config)
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static override fromConfig(config: RawConfig, file?: string): ControlNetModel {
    return new ControlNetModel(parseControlNetConfig(config, { component: ControlNetModel.className, file }))
  }

  /**
   * Loads a model from a folder in the diffusers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static override fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<ControlNetModel> {
    return loadPretrained(ControlNetModel, LAYOUT, path, options)
  }

  /**
   * Loads a model from a file of its own, in the original key layout or that of diffusers.
   *
   * @throws SingleFileError for a file of another kind, or one that does not hold the model; PickleCheckpointError, SafetensorsError, GGUFError, MissingFileError, UnwritableFileError, ConfigError
   */
  static override fromSingleFile(path: string | URL, options?: FromSingleFileOptions): Promise<ControlNetModel> {
    return loadSingleFile(ControlNetModel, { component: 'controlnet', requiresFinite: true }, path, options)
  }

  override get pictureCount(): number {
    return 1
  }

  override residualSources({ pictures, scales, guessMode, parts }: ControlSettings): ResidualSource[] {
    const [picture] = pictures
    if (picture === undefined) throw new ModelInputError(ControlNetModel.className, 'controlnetCond', 'is missing')
    const source: ResidualSource = {
      name: ControlNetModel.className,
      model: this,
      tensors: { controlnetCond: picture },
      numbers: residualScales(this.residualCount, scales[0] ?? 1, this.growsMaps(guessMode)),
      parts,
      forward: (inputs, { tensors, numbers: conditioningScale }) =>
        this.forward({
          ...encoderInputsOf(inputs, this.config.inChannels),
          controlnetCond: tensors['controlnetCond'] as tf.Tensor4D,
          conditioningScale,
        }),
    }
    return [source]
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    const shapes = (size: CallSize) => this.callShapes(size)
    return { '': { shapes, forward: (given: ControlNetInputs) => ({ ...this.forward(given) }) } }
  }

  /** Returns what {@link call} takes for latents and texts of that size, with one picture for all samples. */
  callShapes(size: CallSize): ControlNetShapes {
    const common = encoderShapes(this.config, size, ownSize(null))
    const [, height, width] = common.sample.shape as readonly [number, number, number, number]
    const scale = pixelsPerLatent(this.config)
    return {
      ...common,
      controlnetCond: new TensorPlaceholder([1, height * scale, width * scale, this.config.conditioningChannels]),
      conditioningScale: new TensorPlaceholder([this.residualCount]),
    }
  }

  /**
   * The maps for one prediction of a UNet, computed by the model's executor.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of
   * `options.signal`
   */
  call(inputs: ControlNetInputs, options?: ModelCallOptions): Promise<ControlNetOutput> {
    const { guessMode = false, timestep, conditioningScale = 1, ...rest } = inputs
    return this.callWithTensors<ControlNetInputs>(
      given => this.forward(given),
      tensor => ({
        ...rest,
        timestep: typeof timestep === 'number' ? tensor([timestep]) : timestep,
        conditioningScale:
          typeof conditioningScale === 'number'
            ? tensor(residualScales(this.residualCount, conditioningScale, this.growsMaps(guessMode)))
            : conditioningScale,
      }),
      options,
    )
  }

  /**
   * The maps for one prediction of a UNet, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward(inputs: ControlNetInputs): ControlNetOutput {
    checkControlNetInputs(ControlNetModel.className, this.config, inputs)
    return tf.tidy(() => {
      const { sample, encoderHiddenStates, controlnetCond, conditioningScale = 1, guessMode = false } = inputs
      const condition = tileRows(this.embedPicture(controlnetCond), sample.shape[0])
      const encoded = encodeMaps(this, this.convIn.forward(sample).add(condition), {
        temb: embedConditions(this, inputs),
        encoderHiddenStates,
      })
      const scales =
        typeof conditioningScale === 'number'
          ? residualScales(this.residualCount, conditioningScale, this.growsMaps(guessMode))
          : conditioningScale
      return this.projectResiduals(encoded, scales) as ControlNetOutput & tf.TensorContainer
    })
  }

  /** Averaged maps do not grow in guess mode. */
  private growsMaps(guessMode: boolean): boolean {
    return guessMode && !this.config.globalPoolConditions
  }
}
