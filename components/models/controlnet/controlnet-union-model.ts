/** A ControlNet for many kinds of pictures, and for several at once. Counterpart: models/controlnets/controlnet_union.py. */
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { RawConfig } from '../../configs/parse-config'
import { Linear } from '../../nn/linear'
import { Parameter } from '../../nn/parameter'
import * as tf from '../../tensors/tf'
import { type CallSize, type ModelFunction, ownSize } from '../call-size'
import { TimestepEmbedding, Timesteps } from '../layers/timestep-embedding'
import { loadPretrained } from '../load-pretrained'
import { ModelInputError } from '../model-input-error'
import type { ModelCallOptions } from '../pretrained-model'
import { encoderInputsOf, encoderShapes, type UNetEncoderShapes } from '../unet-2d-condition/encoder-inputs'
import type { ResidualSource } from '../unet-2d-condition/residual-source'
import { embedConditions, encodeMaps, timeEmbedDimOf } from '../unet-2d-condition/unet-encoder'
import { type ControlNetUnionConfig, encoderConfigOf, parseControlNetUnionConfig } from './config'
import type { ControlSettings } from './controlnet-base'
import { ControlNetEncoder, tileRows } from './controlnet-encoder'
import {
  type ControlNetOutput,
  type ControlNetUnionInputs,
  checkControlNetUnionInputs,
  pixelsPerLatent,
} from './inputs'
import { ResidualAttentionBlock } from './residual-attention-block'
import { residualScales } from './residual-scales'

/** How the weights are stored. */
const LAYOUT = { weightsName: 'diffusion_pytorch_model', requiresFinite: true } as const

/** Placeholders for the inputs of a ControlNetUnionModel with one picture. */
export interface ControlNetUnionShapes extends UNetEncoderShapes {
  readonly controlType: TensorPlaceholder
}

/** How strong pictures and maps are. */
interface UnionScales {
  readonly pictures: readonly number[]
  readonly residuals: readonly number[]
}

/**
 * Computes from pictures of several kinds what is added to the maps of a UNet. Its small transformer lets the samples of a batch see each other, as that of the
 * reference does: a result depends on the other samples.
 */
export class ControlNetUnionModel extends ControlNetEncoder<ControlNetUnionConfig> {
  static override readonly className: string = 'ControlNetUnionModel'

  /** The embedding of a picture's kind: `[numControlType, channels]`. */
  readonly taskEmbedding: Parameter<tf.Tensor2D>
  readonly transformerLayes: readonly ResidualAttentionBlock[]
  readonly spatialChProjs: Linear
  readonly controlTypeProj: Timesteps
  readonly controlAddEmbedding: TimestepEmbedding

  private constructor(config: ControlNetUnionConfig) {
    super(config)
    const { numControlType, numTransChannel, numTransHead, numTransLayer, numProjChannel } = config
    const { additionTimeEmbedDim: embeddingDim, flipSinToCos, freqShift: downscaleFreqShift } = config
    this.taskEmbedding = new Parameter([numControlType, numTransChannel])
    this.transformerLayes = Array.from(
      { length: numTransLayer },
      () => new ResidualAttentionBlock(numTransChannel, numTransHead),
    )
    this.spatialChProjs = new Linear(numTransChannel, numProjChannel)
    this.controlTypeProj = new Timesteps({ embeddingDim, flipSinToCos, downscaleFreqShift })
    this.controlAddEmbedding = new TimestepEmbedding({
      inChannels: embeddingDim * numControlType,
      timeEmbedDim: timeEmbedDimOf(encoderConfigOf(config)),
    })
  }

  /**
   * A model without weights.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError
   */
  static override fromConfig(config: RawConfig, file?: string): ControlNetUnionModel {
    return new ControlNetUnionModel(
      parseControlNetUnionConfig(config, { component: ControlNetUnionModel.className, file }),
    )
  }

  /**
   * Loads a model from a folder in the diffusers layout.
   *
   * @throws ComponentClassError for a config of another class; ConfigError, FolderChangedError, InvalidConfigError, MissingFileError, QuantizationUnavailableError, QuantizedCheckpointError, SafetensorsError, StateDictError, UnknownValueError
   */
  static override fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<ControlNetUnionModel> {
    return loadPretrained(ControlNetUnionModel, LAYOUT, path, options)
  }

  override get pictureCount(): undefined {
    return undefined
  }

  override get kindCount(): number {
    return this.config.numControlType
  }

  override residualSources({ pictures, scales, guessMode, kinds, parts }: ControlSettings): ResidualSource[] {
    if (kinds === undefined) throw new ModelInputError(ControlNetUnionModel.className, 'controlTypeIdx', 'is missing')
    const count = pictures.length
    const own = this.scalesOf({ pictures: count, conditioningScale: scales, guessMode })
    const source: ResidualSource = {
      name: `${ControlNetUnionModel.className}:${count}`,
      model: this,
      tensors: { controlnetCond: pictures, controlTypeIdx: kinds.idx, controlType: kinds.type },
      numbers: [...own.pictures, ...own.residuals],
      parts,
      separatesParts: true,
      forward: (inputs, { tensors, numbers }) =>
        this.forward({
          ...encoderInputsOf(inputs, this.config.inChannels),
          controlnetCond: tensors['controlnetCond'] as tf.Tensor4D[],
          controlTypeIdx: tensors['controlTypeIdx'] as tf.Tensor1D,
          controlType: tensors['controlType'] as tf.Tensor2D,
          conditioningScale: numbers.slice(0, count),
          residualScale: numbers.slice(count),
        }),
    }
    return [source]
  }

  override get functions(): Readonly<Record<string, ModelFunction>> {
    const shapes = (size: CallSize) => this.callShapes(size)
    return { '': { shapes, forward: (given: ControlNetUnionInputs) => ({ ...this.forward(given) }) } }
  }

  /** Returns what {@link call} takes for latents and texts of that size, with one picture for all samples. */
  callShapes(size: CallSize): ControlNetUnionShapes {
    const common = encoderShapes(this.config, size, ownSize(null))
    const [, height, width] = common.sample.shape as readonly [number, number, number, number]
    const scale = pixelsPerLatent(this.config)
    const picture = new TensorPlaceholder([1, height * scale, width * scale, this.config.conditioningChannels])
    return {
      ...common,
      controlType: new TensorPlaceholder([1, this.config.numControlType]),
      controlTypeIdx: new TensorPlaceholder([1], 'int32'),
      conditioningScale: new TensorPlaceholder([1]),
      residualScale: new TensorPlaceholder([this.residualCount]),
      // Its pictures are a list, whose names are 0, 1, ….
      ...({ controlnetCond: [picture] } as object),
    }
  }

  /** Returns the scales as tensors stand for them: of one picture it acts on the maps, of several on the pictures. */
  scalesOf({
    pictures,
    conditioningScale = 1,
    guessMode = false,
    fromMulti = false,
  }: {
    pictures: number
    conditioningScale?: number | readonly number[] | undefined
    guessMode?: boolean | undefined
    fromMulti?: boolean | undefined
  }): UnionScales {
    const each =
      typeof conditioningScale === 'number' ? Array<number>(pictures).fill(conditioningScale) : conditioningScale
    const onMaps = fromMulti || pictures === 1
    const scale = onMaps ? (each[0] ?? 1) : 1
    const grows = guessMode && !this.config.globalPoolConditions
    return {
      pictures: onMaps ? each.map(() => 1) : each,
      residuals: residualScales(this.residualCount, scale, grows),
    }
  }

  /**
   * The maps for one prediction of a UNet, computed by the model's executor.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of
   * `options.signal`
   */
  async call(inputs: ControlNetUnionInputs, options?: ModelCallOptions): Promise<ControlNetOutput> {
    const { guessMode, fromMulti, timestep, conditioningScale, residualScale, controlTypeIdx, ...rest } = inputs
    checkControlNetUnionInputs(ControlNetUnionModel.className, this.config, inputs)
    const pictures = rest.controlnetCond.length
    return this.callWithTensors<ControlNetUnionInputs>(
      given => this.forward(given),
      tensor => {
        const given = {
          ...rest,
          timestep: typeof timestep === 'number' ? tensor([timestep]) : timestep,
          controlTypeIdx: controlTypeIdx instanceof tf.Tensor ? controlTypeIdx : tensor(controlTypeIdx, 'int32'),
        }
        if (conditioningScale instanceof tf.Tensor) return { ...given, conditioningScale, residualScale }
        const scales = this.scalesOf({ pictures, conditioningScale, guessMode, fromMulti })
        return { ...given, conditioningScale: tensor(scales.pictures), residualScale: tensor(scales.residuals) }
      },
      options,
    )
  }

  /**
   * The maps for one prediction of a UNet, computed at once on TensorFlow.js's backend.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  forward(inputs: ControlNetUnionInputs): ControlNetOutput {
    checkControlNetUnionInputs(ControlNetUnionModel.className, this.config, inputs)
    const { sample, encoderHiddenStates, controlType, residualScale, conditioningScale, guessMode, fromMulti } = inputs
    return tf.tidy(() => {
      const batch = sample.shape[0]
      const byNumbers =
        conditioningScale instanceof tf.Tensor
          ? undefined
          : this.scalesOf({ pictures: inputs.controlnetCond.length, conditioningScale, guessMode, fromMulti })
      const types = tileRows(
        this.controlTypeProj.forward(controlType.flatten()).reshape([controlType.shape[0], -1]),
        batch,
      )
      const temb = embedConditions(this, inputs).add<tf.Tensor2D>(
        this.controlAddEmbedding.forward(types as tf.Tensor2D),
      )
      const first = this.convIn.forward(sample)
      const fused = this.fusePictures(first, inputs, byNumbers?.pictures ?? (conditioningScale as tf.Tensor1D))
      const encoded = encodeMaps(this, fused, { temb, encoderHiddenStates })
      const scales = residualScale ?? byNumbers?.residuals ?? residualScales(this.residualCount, 1, false)
      return this.projectResiduals(encoded, scales) as ControlNetOutput & tf.TensorContainer
    })
  }

  /** The latents' map with the pictures' added, each with what the transformer makes of all of them. */
  private fusePictures(
    first: tf.Tensor4D,
    { controlnetCond, controlTypeIdx }: ControlNetUnionInputs,
    scales: tf.Tensor1D | readonly number[],
  ): tf.Tensor4D {
    const batch = first.shape[0]
    const channels = this.config.numTransChannel
    const idx = controlTypeIdx instanceof tf.Tensor ? controlTypeIdx : tf.tensor1d([...controlTypeIdx], 'int32')
    const tasks = tf.gather(this.taskEmbedding.tensor, idx)
    const pictures = controlnetCond.map((picture, i) => {
      const scale = scales instanceof tf.Tensor ? scales.slice(i, 1) : (scales[i] as number)
      const map = tileRows(this.embedPicture(picture), batch)
      const token = tf.mean<tf.Tensor2D>(map, [1, 2]).add<tf.Tensor2D>(tasks.slice([i, 0], [1, channels]))
      return { scale, map: map.mul<tf.Tensor4D>(scale), token: token.mul<tf.Tensor2D>(scale) }
    })
    let tokens: tf.Tensor3D = tf.stack(
      [...pictures.map(({ token }) => token), tf.mean(first, [1, 2])],
      1,
    ) as tf.Tensor3D
    for (const layer of this.transformerLayes) tokens = layer.forward(tokens)
    let fused = first
    for (const [i, { map, scale }] of pictures.entries()) {
      const token = tokens.slice([0, i, 0], [batch, 1, channels]).reshape<tf.Tensor2D>([batch, channels])
      const alpha = this.spatialChProjs.forward(token).reshape<tf.Tensor4D>([batch, 1, 1, -1])
      fused = fused.add(map.add(alpha.mul(scale)))
    }
    return fused
  }
}
