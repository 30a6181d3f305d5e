/** What a UNet is called with for latents and texts of a size. */
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import { type CallShapes, type CallSize, ownSize } from '../call-size'
import type { UNet2DConditionConfig } from './config'

/** Tokens of a text where nothing says otherwise: what CLIP was trained with. */
const TOKENS = 77

/** Numbers in SDXL's time ids where nothing says otherwise: original size, crop and target size. Refiners have 5. */
const TIME_IDS = 6

/** Placeholders for the inputs of a UNet. Those that its config does not ask for are absent. */
export interface UNet2DConditionShapes extends CallShapes {
  readonly sample: TensorPlaceholder
  readonly timestep: TensorPlaceholder
  readonly encoderHiddenStates: TensorPlaceholder
  readonly timestepCond?: TensorPlaceholder
  readonly classLabels?: TensorPlaceholder
  readonly addedCondKwargs?: { readonly textEmbeds: TensorPlaceholder; readonly timeIds: TensorPlaceholder }
}

/** Returns the inputs that a config asks for. */
export function callShapes(
  config: UNet2DConditionConfig,
  { batch, tokens = TOKENS, latents = ownSize(config.sampleSize), widths }: CallSize,
): UNet2DConditionShapes {
  const { inChannels, crossAttentionDim, timeCondProjDim, projectionClassEmbeddingsInputDim: projectionDim } = config
  const { classEmbedType, numClassEmbeds, additionEmbedType, additionTimeEmbedDim } = config
  const timeIds = widths?.['timeIds'] ?? TIME_IDS
  return {
    sample: new TensorPlaceholder([batch, latents.height, latents.width, inChannels]),
    timestep: new TensorPlaceholder([1]),
    encoderHiddenStates: new TensorPlaceholder([batch, tokens, [crossAttentionDim].flat()[0] as number]), // One at least.
    ...(timeCondProjDim !== null && { timestepCond: new TensorPlaceholder([batch, timeCondProjDim]) }),
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
