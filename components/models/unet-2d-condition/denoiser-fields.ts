/** Which inputs of a UNet the fields of the group `denoiserInputFields` go to. */
import type { FieldTable } from '../denoiser-fields'
import type { UNet2DConditionInputs } from './inputs'

/** What the blocks supply themselves, step by step. */
type OwnInput = 'sample' | 'timestep' | 'timestepCond' | 'encoderHiddenStates' | 'addedCondKwargs'

const sameName = {
  classLabels: true,
  downBlockAdditionalResiduals: true,
  midBlockAdditionalResidual: true,
  downIntrablockAdditionalResiduals: true,
  encoderAttentionMask: true,
} satisfies Record<Exclude<keyof UNet2DConditionInputs, OwnInput>, true>

export const denoiserFields: FieldTable = {
  model: 'UNet2DConditionModel',
  conditions: {
    promptEmbeds: 'encoderHiddenStates',
    promptEmbedsMask: 'encoderAttentionMask',
    pooledPromptEmbeds: 'addedCondKwargs.textEmbeds',
    addTimeIds: 'addedCondKwargs.timeIds',
    // Not an input of the model: the hooks of IP-Adapters take it.
    ipAdapterTokens: 'ipAdapterTokens',
  },
  inputs: Object.keys(sameName),
}
