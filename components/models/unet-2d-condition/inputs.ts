/** What UNet2DConditionModel is called with, and the checks of it. */
import type * as tf from '../../tensors/tf'
import { InputShapes } from '../input-shapes'
import { ModelInputError } from '../model-input-error'
import type { UNet2DConditionConfig } from './config'

/** The inputs of UNet2DConditionModel. */
export interface UNet2DConditionInputs {
  /** Noisy latents: `[batch, height, width, inChannels]`; any height and width. */
  sample: tf.Tensor4D
  /** One timestep for all samples, or `[batch]`. */
  timestep: number | tf.Tensor
  /** The prompt: `[batch, token, crossAttentionDim]`. */
  encoderHiddenStates: tf.Tensor3D
  /** Classes `[batch]` (int32), or with `classEmbedType` "projection" vectors `[batch, projectionClassEmbeddingsInputDim]`. */
  classLabels?: tf.Tensor1D | tf.Tensor2D | undefined
  /** Embedding of the guidance scale, for distilled models: `[batch, timeCondProjDim]`. */
  timestepCond?: tf.Tensor2D | undefined
  /** SDXL's further conditions. */
  addedCondKwargs?:
    | {
        /** Pooled prompt: `[batch, channels]`. */
        textEmbeds: tf.Tensor2D
        /** Original size, crop and target size: `[batch, 6]`. */
        timeIds: tf.Tensor2D
      }
    | undefined
  /** A ControlNet's maps, added to those of the way down; comes with `midBlockAdditionalResidual`. */
  downBlockAdditionalResiduals?: readonly tf.Tensor4D[] | undefined
  /** A ControlNet's map, added to that of the mid block; comes with `downBlockAdditionalResiduals`. */
  midBlockAdditionalResidual?: tf.Tensor4D | undefined
  /** 1 or true for the tokens of the prompt to attend to: `[batch, token]`. */
  encoderAttentionMask?: tf.Tensor2D | undefined
}

const model = 'UNet2DConditionModel'

/**
 * Checks presence and shapes before anything is computed.
 *
 * @throws ShapeMismatchError, ModelInputError
 */
export function checkInputs(config: UNet2DConditionConfig, inputs: UNet2DConditionInputs): void {
  const shapes = new InputShapes(model)
  const need = (parameter: keyof UNet2DConditionInputs, reason = 'every call needs it') => {
    if (inputs[parameter] === undefined) throw new ModelInputError(model, parameter, `is missing: ${reason}`)
  }
  const refuse = (parameter: keyof UNet2DConditionInputs, reason: string) => {
    if (inputs[parameter] !== undefined) throw new ModelInputError(model, parameter, `is of no use: ${reason}`)
  }

  need('timestep')
  shapes.checkGiven('sample', ['batch', 'height', 'width', config.inChannels], inputs.sample)
  if (typeof inputs.timestep !== 'number' && inputs.timestep.size !== 1)
    shapes.check('timestep', ['batch'], inputs.timestep)
  const promptDims = [...new Set([config.crossAttentionDim].flat())]
  const promptDim = promptDims.length === 1 ? (promptDims[0] ?? 'channels') : 'channels'
  shapes.checkGiven('encoderHiddenStates', ['batch', 'token', promptDim], inputs.encoderHiddenStates)
  shapes.check('encoderAttentionMask', ['batch', 'token'], inputs.encoderAttentionMask)

  if (config.classEmbedType === 'projection') {
    need('classLabels', 'class_embed_type is "projection"')
    shapes.check('classLabels', ['batch', config.projectionClassEmbeddingsInputDim ?? 0], inputs.classLabels)
  } else if (config.numClassEmbeds !== null) {
    need('classLabels', `num_class_embeds is ${config.numClassEmbeds}`)
    shapes.check('classLabels', ['batch'], inputs.classLabels)
  } else {
    refuse('classLabels', 'the model has no class embedding')
  }
  if (config.timeCondProjDim === null) refuse('timestepCond', 'time_cond_proj_dim is null')
  else shapes.check('timestepCond', ['batch', config.timeCondProjDim], inputs.timestepCond)

  if (config.additionEmbedType === 'text_time') {
    need('addedCondKwargs', 'addition_embed_type is "text_time"')
    const { textEmbeds, timeIds } = inputs.addedCondKwargs ?? {}
    shapes.check('addedCondKwargs.timeIds', ['batch', 'timeId'], timeIds)
    const times = (timeIds?.shape[1] ?? 0) * (config.additionTimeEmbedDim ?? 0)
    shapes.check(
      'addedCondKwargs.textEmbeds',
      ['batch', (config.projectionClassEmbeddingsInputDim ?? 0) - times],
      textEmbeds,
    )
  }

  if (inputs.downBlockAdditionalResiduals) need('midBlockAdditionalResidual', 'downBlockAdditionalResiduals is given')
  if (inputs.midBlockAdditionalResidual) need('downBlockAdditionalResiduals', 'midBlockAdditionalResidual is given')
}

/**
 * Adds a ControlNet's maps to those of the way down.
 *
 * @throws ShapeMismatchError, ModelInputError
 */
export function addResiduals(residuals: readonly tf.Tensor4D[], added: readonly tf.Tensor4D[]): tf.Tensor4D[] {
  const parameter = 'downBlockAdditionalResiduals'
  if (added.length !== residuals.length) {
    throw new ModelInputError(model, parameter, `must hold ${residuals.length} maps, but holds ${added.length}`)
  }
  return added.map((map, i) => addResidual(residuals[i] as tf.Tensor4D, map, `${parameter}.${i}`)) // The lengths are equal.
}

/**
 * Adds a ControlNet's map to one of ours.
 *
 * @throws ShapeMismatchError
 */
export function addResidual(residual: tf.Tensor4D, added: tf.Tensor4D, parameter: string): tf.Tensor4D {
  new InputShapes(model).check(parameter, residual.shape, added)
  return residual.add(added)
}
