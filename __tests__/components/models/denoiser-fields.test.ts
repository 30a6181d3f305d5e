import { inputsOfFields } from '../../../components/models/denoiser-fields'
import { ModelInputError } from '../../../components/models/model-input-error'
import { denoiserFields } from '../../../components/models/unet-2d-condition/denoiser-fields'

const inputs = (fields: Record<string, unknown>) => inputsOfFields(fields, denoiserFields)

test('fields become inputs, with their negative twins as conditions', () => {
  expect(
    inputs({
      promptEmbeds: 1,
      negativePromptEmbeds: 2,
      pooledPromptEmbeds: 3,
      negativePooledPromptEmbeds: 4,
      addTimeIds: 5,
      negativeAddTimeIds: 6,
    }),
  ).toEqual({
    encoderHiddenStates: { cond: 1, uncond: 2 },
    addedCondKwargs: { textEmbeds: { cond: 3, uncond: 4 }, timeIds: { cond: 5, uncond: 6 } },
  })
})

test('a field without a twin is the same for all conditions, but for those of the prompt', () => {
  expect(inputs({ promptEmbeds: 1, midBlockAdditionalResidual: 2, downBlockAdditionalResiduals: [3, 4] })).toEqual({
    encoderHiddenStates: { cond: 1, uncond: undefined },
    midBlockAdditionalResidual: 2,
    downBlockAdditionalResiduals: [3, 4],
  })
  expect(inputs({ midBlockAdditionalResidual: 1, negativeMidBlockAdditionalResidual: 2 })).toEqual({
    midBlockAdditionalResidual: { cond: 1, uncond: 2 },
  })
})

test.each(['ipAdapterEmbedz', 'negativeThing', 'negative', 'toString', 'sample'])('the field %s is refused', name => {
  expect(() => inputs({ [name]: 1 })).toThrow(ModelInputError)
  expect(() => inputs({ [name]: 1 })).toThrow(
    `UNet2DConditionModel: "${name}" is not one that it takes. Of the group denoiserInputFields it takes promptEmbeds`,
  )
})
