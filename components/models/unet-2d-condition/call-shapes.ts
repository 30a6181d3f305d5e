/** What a UNet is called with for latents and texts of a size. */
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import { type CallSize, ownSize } from '../call-size'
import type { UNet2DConditionConfig } from './config'
import { encoderShapes, type UNetEncoderShapes } from './encoder-inputs'

/** Placeholders for the inputs of a UNet. Those that its config does not ask for are absent. */
export interface UNet2DConditionShapes extends UNetEncoderShapes {
  readonly timestepCond?: TensorPlaceholder
}

/** Returns the inputs that a config asks for. */
export function callShapes(config: UNet2DConditionConfig, size: CallSize): UNet2DConditionShapes {
  const { timeCondProjDim, sampleSize } = config
  return {
    ...encoderShapes(config, size, ownSize(sampleSize)),
    ...(timeCondProjDim !== null && { timestepCond: new TensorPlaceholder([size.batch, timeCondProjDim]) }),
  }
}
