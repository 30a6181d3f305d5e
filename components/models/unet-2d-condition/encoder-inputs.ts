/** What UNets and ControlNets are both called with, and the checks of it. */
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type * as tf from '../../tensors/tf'
import type { CallShapes, CallSize, MapSize } from '../call-size'
import type { InputShapes } from '../input-shapes'
import { ModelInputError } from '../model-input-error'
import type { UNetEncoderConfig } from './encoder-config'

/** The inputs that UNets and ControlNets have in common. */
export interface UNetEncoderInputs {
  /** Noisy latents: `[batch, height, width, inChannels]`; any height and width. */
  sample: tf.Tensor4D
  /** One timestep for all samples, or `[batch]`. */
  timestep: number | tf.Tensor
  /** The prompt: `[batch, token, crossAttentionDim]`. */
  encoderHiddenStates: tf.Tensor3D
  /** Classes `[batch]` (int32), or with `classEmbedType` "projection" vectors `[batch, projectionClassEmbeddingsInputDim]`. */
  classLabels?: tf.Tensor1D | tf.Tensor2D | undefined
  /** SDXL's further conditions. */
  addedCondKwargs?:
    | {
        /** Pooled prompt: `[batch, channels]`. */
        textEmbeds: tf.Tensor2D
        /** Original size, crop and target size: `[batch, 6]`. */
        timeIds: tf.Tensor2D
      }
    | undefined
}

/**
 * Returns the common inputs among those of a UNet: what is left belongs to it alone.
 *
 * @param inChannels - channels of the latents. A UNet that inpaints takes others behind them. Default: all
 */
export function encoderInputsOf(inputs: UNetEncoderInputs, inChannels?: number): UNetEncoderInputs {
  const { sample, timestep, encoderHiddenStates, classLabels, addedCondKwargs } = inputs
  const [batch, height, width, channels] = sample.shape
  const isWider = inChannels !== undefined && channels > inChannels
  return {
    sample: isWider ? sample.slice([0, 0, 0, 0], [batch, height, width, inChannels]) : sample,
    timestep,
    encoderHiddenStates,
    ...(classLabels && { classLabels }),
    ...(addedCondKwargs && {
      addedCondKwargs: { textEmbeds: addedCondKwargs.textEmbeds, timeIds: addedCondKwargs.timeIds },
    }),
  }
}

/** Which settings decide what a model is called with. */
type InputConfig = Pick<
  UNetEncoderConfig,
  | 'inChannels'
  | 'crossAttentionDim'
  | 'classEmbedType'
  | 'numClassEmbeds'
  | 'additionEmbedType'
  | 'additionTimeEmbedDim'
  | 'projectionClassEmbeddingsInputDim'
>

/** Tells a model's inputs apart from those that it does not use. */
export class InputPresence<I extends object> {
  constructor(
    private readonly model: string,
    private readonly inputs: I,
  ) {}

  /** @throws ModelInputError for an input that is missing */
  need(parameter: string & keyof I, reason = 'every call needs it'): void {
    if (this.inputs[parameter] === undefined) {
      throw new ModelInputError(this.model, parameter, `is missing: ${reason}`)
    }
  }

  /** @throws ModelInputError for an input that is given */
  refuse(parameter: string & keyof I, reason: string): void {
    if (this.inputs[parameter] !== undefined) {
      throw new ModelInputError(this.model, parameter, `is not used: ${reason}`)
    }
  }
}

/**
 * Checks presence and shapes of the common inputs.
 *
 * @throws ShapeMismatchError, ModelInputError
 */
export function checkEncoderInputs<I extends UNetEncoderInputs>(
  config: InputConfig,
  inputs: I,
  shapes: InputShapes,
  presence: InputPresence<I>,
): void {
  presence.need('timestep')
  shapes.checkGiven('sample', ['batch', 'height', 'width', config.inChannels], inputs.sample)
  if (typeof inputs.timestep !== 'number' && inputs.timestep.size !== 1)
    shapes.check('timestep', ['batch'], inputs.timestep)
  const promptDims = [...new Set([config.crossAttentionDim].flat())]
  const promptDim = promptDims.length === 1 ? (promptDims[0] ?? 'channels') : 'channels'
  shapes.checkGiven('encoderHiddenStates', ['batch', 'token', promptDim], inputs.encoderHiddenStates)

  const projectionDim = config.projectionClassEmbeddingsInputDim ?? 0
  if (config.classEmbedType === 'projection') {
    presence.need('classLabels', 'class_embed_type is "projection"')
    shapes.check('classLabels', ['batch', projectionDim], inputs.classLabels)
  } else if (config.numClassEmbeds !== null) {
    presence.need('classLabels', `num_class_embeds is ${config.numClassEmbeds}`)
    shapes.check('classLabels', ['batch'], inputs.classLabels)
  } else {
    presence.refuse('classLabels', 'the model has no class embedding')
  }
  if (config.additionEmbedType === 'text_time') {
    presence.need('addedCondKwargs', 'addition_embed_type is "text_time"')
    const { textEmbeds, timeIds } = inputs.addedCondKwargs ?? {}
    shapes.check('addedCondKwargs.timeIds', ['batch', 'timeId'], timeIds)
    const times = (timeIds?.shape[1] ?? 0) * (config.additionTimeEmbedDim ?? 0)
    shapes.check('addedCondKwargs.textEmbeds', ['batch', projectionDim - times], textEmbeds)
  }
}

/** Tokens of a text where nothing says otherwise: what CLIP was trained with. */
const TOKENS = 77

/** Numbers in SDXL's time ids where nothing says otherwise: original size, crop and target size. Refiners have 5. */
const TIME_IDS = 6

/** How many numbers the time ids have; if the width of the pooled texts is known, those that it leaves. */
function timeIdCount(
  { projectionClassEmbeddingsInputDim, additionTimeEmbedDim }: InputConfig,
  { timeIds, textEmbeds }: Readonly<Record<string, number>>,
): number {
  if (timeIds !== undefined || textEmbeds === undefined) return timeIds ?? TIME_IDS
  const count = ((projectionClassEmbeddingsInputDim ?? 0) - textEmbeds) / (additionTimeEmbedDim ?? 1)
  return Number.isInteger(count) && count > 0 ? count : TIME_IDS
}

/** Placeholders for the common inputs. Those that a config does not ask for are absent. */
export interface UNetEncoderShapes extends CallShapes {
  readonly sample: TensorPlaceholder
  readonly timestep: TensorPlaceholder
  readonly encoderHiddenStates: TensorPlaceholder
  readonly classLabels?: TensorPlaceholder
  readonly addedCondKwargs?: { readonly textEmbeds: TensorPlaceholder; readonly timeIds: TensorPlaceholder }
}

/** Returns the common inputs that a config asks for. @param latents - size where `size` does not say it */
export function encoderShapes(config: InputConfig, size: CallSize, ownLatents: MapSize): UNetEncoderShapes {
  const { batch, tokens = TOKENS, latents = ownLatents, widths = {} } = size
  const { inChannels, crossAttentionDim, projectionClassEmbeddingsInputDim: projectionDim } = config
  const { classEmbedType, numClassEmbeds, additionEmbedType, additionTimeEmbedDim } = config
  const timeIds = timeIdCount(config, widths)
  return {
    sample: new TensorPlaceholder([batch, latents.height, latents.width, inChannels]),
    timestep: new TensorPlaceholder([1]),
    encoderHiddenStates: new TensorPlaceholder([batch, tokens, [crossAttentionDim].flat()[0] as number]), // One at least.
    ...(classEmbedType === 'projection' && { classLabels: new TensorPlaceholder([batch, projectionDim ?? 0]) }),
    ...(classEmbedType === null && numClassEmbeds !== null && { classLabels: new TensorPlaceholder([batch], 'int32') }),
    ...(additionEmbedType === 'text_time' && {
      addedCondKwargs: {
        textEmbeds: new TensorPlaceholder([batch, (projectionDim ?? 0) - timeIds * (additionTimeEmbedDim ?? 0)]),
        timeIds: new TensorPlaceholder([batch, timeIds]),
      },
    }),
  }
}
