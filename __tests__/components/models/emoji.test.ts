import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { CLIPTokenizer } from '../../../components/tokenizers/clip-tokenizer'
import { expectClose } from '../../../testing/goldens/compare'
import { useBackend } from './use-backend'

const folder = join(__dirname, '..', '..', '..', 'models', 'emoji')

/** What the reference drew for "rocket" in 10 DDIM steps without guidance. */
async function readReference(): Promise<(key: string) => tf.Tensor> {
  const file = await SafetensorsFile.open(join(folder, 'reference', 'rocket-seed4-ddim10-g1.safetensors'))
  const recorded = new Map<string, tf.Tensor>()
  for (const key of file.keys) recorded.set(key, tf.tensor(await file.readFloat32(key), [...file.info(key).shape]))
  await file.close()
  return key => recorded.get(key) as tf.Tensor
}

function expectEqual(name: string, ours: tf.Tensor, recorded: tf.Tensor, atol: number): void {
  const plain = (tensor: tf.Tensor) => ({ shape: tensor.shape, values: tensor.dataSync() })
  expectClose(name, plain(ours), plain(recorded), { atol, rtol: 0 })
}

const toChannelsLast = (x: tf.Tensor) => x.transpose<tf.Tensor4D>([0, 2, 3, 1])
const toChannelsFirst = (x: tf.Tensor) => x.transpose<tf.Tensor4D>([0, 3, 1, 2])

describe('the float16 weights of the emoji model', () => {
  useBackend('wasm')
  let reference: (key: string) => tf.Tensor
  beforeAll(async () => {
    reference = await readReference()
  })

  test('give the prompt embeddings of the reference', async () => {
    const tokenizer = await CLIPTokenizer.fromPretrained(folder, { subfolder: 'tokenizer' })
    const { inputIds } = tokenizer.encode('rocket', { padding: 'max_length', maxLength: 24 })
    const model = await CLIPTextModel.fromPretrained(folder, { subfolder: 'text_encoder' })
    tf.tidy(() => {
      const { lastHiddenState } = model.forward({ inputIds: tf.tensor2d(inputIds, undefined, 'int32') })
      expectEqual('prompt_embeds', lastHiddenState, reference('prompt_embeds'), 2e-4)
    })
    model.dispose()
  })

  test('are computed with without a look at any tensor, as recording the operations needs it', async () => {
    const textEncoder = await CLIPTextModel.fromPretrained(folder, { subfolder: 'text_encoder' })
    const unet = await UNet2DConditionModel.fromPretrained(folder, { subfolder: 'unet' })
    const vae = await AutoencoderKL.fromPretrained(folder, { subfolder: 'vae' })
    const reads = (['dataSync', 'data', 'bufferSync', 'buffer'] as const).map(method =>
      jest.spyOn(tf.Tensor.prototype, method),
    )
    tf.tidy(() => {
      const inputIds = tf.zeros<tf.Rank.R2>([1, 24], 'int32')
      const { lastHiddenState } = textEncoder.forward({ inputIds, attentionMask: tf.ones([1, 24]) })
      const timestep = tf.scalar(1, 'int32')
      vae.forwardDecode(
        unet.forward({ sample: tf.zeros([1, 8, 8, 4]), timestep, encoderHiddenStates: lastHiddenState }),
      )
    })
    for (const read of reads) expect(read).not.toHaveBeenCalled()
    for (const model of [textEncoder, unet, vae]) model.dispose()
  })

  test('give the first step of the reference', async () => {
    const model = await UNet2DConditionModel.fromPretrained(folder, { subfolder: 'unet' })
    tf.tidy(() => {
      const noise = toChannelsLast(reference('initial_noise'))
      const encoderHiddenStates = reference('prompt_embeds') as tf.Tensor3D
      const predicted = model.forward({ sample: noise, timestep: 901, encoderHiddenStates })
      const [now, before] = [alphaProduct(901), alphaProduct(801)]
      const original = noise.sub(predicted.mul(Math.sqrt(1 - now))).div(Math.sqrt(now))
      const latents = original.mul(Math.sqrt(before)).add(predicted.mul(Math.sqrt(1 - before)))
      expectEqual('latents', toChannelsFirst(latents), reference('latents_by_step').slice(0, 1), 1e-3)
    })
    model.dispose()
  })

  test('give the image of the reference', async () => {
    const model = await AutoencoderKL.fromPretrained(folder, { subfolder: 'vae' })
    tf.tidy(() => {
      const image = model
        .forwardDecode(toChannelsLast(reference('latents_by_step').slice(9, 1)))
        .div(2)
        .add(0.5)
        .clipByValue(0, 1)
      expectEqual('image', toChannelsFirst(image).squeeze([0]), reference('image'), 2e-3)
    })
    model.dispose()
  })
})

/** The share of the image that is left at a timestep, on Stable Diffusion's noise schedule. */
function alphaProduct(timestep: number): number {
  const [first, last] = [Math.sqrt(0.00085), Math.sqrt(0.012)]
  let product = 1
  for (let t = 0; t <= timestep; t++) product *= 1 - (first + ((last - first) * t) / 999) ** 2
  return product
}
