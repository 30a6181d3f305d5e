/** Autoencoders of another class take the place of a pipeline's VAE. */
import * as tf from '@tensorflow/tfjs'
import { AutoencoderTiny, type Image, StableDiffusionTextToImageBlocks } from '../../../index'
import { goldenFolder } from '../../components/models/golden-model-case'
import { useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()

test('AutoencoderTiny tells a pipeline the size of its latents, and decodes them', async () => {
  const vae = await AutoencoderTiny.fromPretrained(goldenFolder('vae_tiny'))
  const pipe = emoji.pipelineOf(new StableDiffusionTextToImageBlocks(), { vae })
  const inputs = { prompt: 'pizza', numInferenceSteps: 1, height: 32, width: 48 }
  const state = await pipe(inputs, { seed: 1 })
  const latents = state.get('latents') as tf.Tensor4D
  expect(latents.shape).toEqual([1, 4, 6, 4])
  const pixels = await vae.decode(latents)
  const bytes = tf.tidy(() => tf.clipByValue(pixels.mul(0.5).add(0.5), 0, 1).mul(255).round().dataSync())
  const [image] = state.get('images') as Image[]
  expect([...(image?.data ?? [])]).toEqual([...bytes])
  pixels.dispose()
  state.dispose()
  vae.dispose()
})
