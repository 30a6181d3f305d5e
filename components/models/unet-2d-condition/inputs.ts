/** What UNet2DConditionModel is called with, and the checks of it. */
import type * as tf from '../../tensors/tf'
import { InputShapes } from '../input-shapes'
import { ModelInputError } from '../model-input-error'
import type { UNet2DConditionConfig } from './config'
import { checkEncoderInputs, InputPresence, type UNetEncoderInputs } from './encoder-inputs'
import type { EncodedMaps } from './unet-encoder'

/** The inputs of UNet2DConditionModel. */
export interface UNet2DConditionInputs extends UNetEncoderInputs {
  /** Embedding of the guidance scale, for distilled models: `[batch, timeCondProjDim]`. */
  timestepCond?: tf.Tensor2D | undefined
  /** A ControlNet's maps, added to those of the way down; comes with `midBlockAdditionalResidual`. Maps `[batch, 1, 1, channels]` are added at each position. */
  downBlockAdditionalResiduals?: readonly tf.Tensor4D[] | undefined
  /** A ControlNet's map, added to that of the mid block; comes with `downBlockAdditionalResiduals`. */
  midBlockAdditionalResidual?: tf.Tensor4D | undefined
  /**
   * The maps of T2I-Adapters, one for each block of the way down: `[batch, height', width', channels]`. Fewer rows are repeated. A map that is left over is added to
   * that of the middle if its shape fits.
   */
  downIntrablockAdditionalResiduals?: readonly tf.Tensor4D[] | undefined
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
  const presence = new InputPresence(model, inputs)
  checkEncoderInputs(config, inputs, shapes, presence)
  shapes.check('encoderAttentionMask', ['batch', 'token'], inputs.encoderAttentionMask)
  if (config.timeCondProjDim === null) presence.refuse('timestepCond', 'time_cond_proj_dim is null')
  else shapes.check('timestepCond', ['batch', config.timeCondProjDim], inputs.timestepCond)

  if (inputs.downBlockAdditionalResiduals)
    presence.need('midBlockAdditionalResidual', 'downBlockAdditionalResiduals is given')
  if (inputs.midBlockAdditionalResidual)
    presence.need('downBlockAdditionalResiduals', 'midBlockAdditionalResidual is given')
}

/** A ControlNet's maps. */
interface AddedMaps {
  readonly down: readonly tf.Tensor4D[] | undefined
  readonly mid: tf.Tensor4D | undefined
}

/**
 * Adds a ControlNet's maps to a UNet's. ControlNets with `globalPoolConditions` give maps of one position each.
 *
 * @throws ShapeMismatchError, ModelInputError
 */
export function addResiduals(encoded: EncodedMaps, { down, mid }: AddedMaps): EncodedMaps {
  if (down === undefined || mid === undefined) return encoded
  const { residuals, hiddenStates } = encoded
  const parameter = 'downBlockAdditionalResiduals'
  if (down.length !== residuals.length) {
    throw new ModelInputError(model, parameter, `must hold ${residuals.length} maps, but holds ${down.length}`)
  }
  const arePooled = [...down, mid].every(({ shape: [, height, width] }) => height === 1 && width === 1)
  const add = (map: tf.Tensor4D, added: tf.Tensor4D, name: string) => {
    const [batch, height, width, channels] = map.shape
    new InputShapes(model).check(name, arePooled ? [batch, 1, 1, channels] : [batch, height, width, channels], added)
    return map.add<tf.Tensor4D>(added)
  }
  return {
    residuals: residuals.map((map, i) => add(map, down[i] as tf.Tensor4D, `${parameter}.${i}`)), // The lengths are equal.
    hiddenStates: add(hiddenStates, mid, 'midBlockAdditionalResidual'),
  }
}
