/** The errors of models for inputs that are not tensors, or are missing. */
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { ModelInputError } from '../../../components/models/model-input-error'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { goldenFolder } from './golden-model-case'
import { useBackend } from './use-backend'

useBackend('cpu')

/** Calls that JavaScript lets through, and TypeScript does not. */
type Loose = (inputs?: unknown) => Promise<unknown>

async function messageOf(call: Promise<unknown>): Promise<string> {
  const error = await call.catch((error: unknown) => error)
  expect(error).toBeInstanceOf(ModelInputError)
  return (error as Error).message
}

test('a UNet names the input that is a list, or a text', async () => {
  const unet = await UNet2DConditionModel.fromPretrained(goldenFolder('unet_sd15'))
  const call: Loose = inputs => unet.call(inputs as never)
  expect(await messageOf(call({ sample: [1, 2], timestep: 1, encoderHiddenStates: [] }))).toBe(
    'UNet2DConditionModel: "sample" must be a tensor, but is an array of 2.',
  )
  unet.dispose()
})

test('a VAE and a text encoder name the input that is missing', async () => {
  const vae = await AutoencoderKL.fromPretrained(goldenFolder('vae_sd'))
  expect(await messageOf((vae.decode as Loose).call(vae))).toBe('AutoencoderKL: "z" is missing: every call needs it.')
  const encoder = await CLIPTextModel.fromPretrained(goldenFolder('clip_text'))
  expect(await messageOf((encoder.call as Loose).call(encoder, { inputIds: 'words' }))).toBe(
    'CLIPTextModel: "inputIds" must be a tensor, but is the string "words".',
  )
  for (const model of [vae, encoder]) model.dispose()
})
