/** One class stands for all autoencoders. */
import * as tf from '@tensorflow/tfjs'
import { ComponentClassError } from '../../../../components/configs/component-class-error'
import { ConfigError } from '../../../../components/configs/config-error'
import { Autoencoder } from '../../../../components/models/autoencoder/autoencoder'
import { AutoencoderKL } from '../../../../components/models/autoencoder-kl/autoencoder-kl'
import { AutoencoderTiny } from '../../../../components/models/autoencoder-tiny/autoencoder-tiny'
import { ShapeMismatchError } from '../../../../src/errors/shape-mismatch-error'
import { findComponentClass } from '../../../../src/params/component-classes'
import '../../../../components/component-classes'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

useBackend('wasm')
const folder = useTemporaryFolder()

test.each([
  ['vae_sd', AutoencoderKL],
  ['vae_tiny', AutoencoderTiny],
] as const)('loads %s as the class that its config names', async (name, type) => {
  const model = await Autoencoder.fromPretrained(goldenFolder(name))
  expect(model).toBeInstanceOf(type)
  expect(model).toMatchObject({ spatialFactor: 8, config: { latentChannels: 4 } })
  model.dispose()
})

test('refuses classes that are none of its own', async () => {
  await expect(Autoencoder.fromPretrained(goldenFolder('unet_sd15'))).rejects.toThrow(ComponentClassError)
  const other = { className: 'VQModel' }
  await expect(Autoencoder.fromPretrained(goldenFolder('vae_sd'), other)).rejects.toThrow('names the class VQModel')
})

test('is known by the names of its classes', () => {
  expect(['AutoencoderKL', 'AutoencoderTiny'].map(findComponentClass)).toEqual([AutoencoderKL, AutoencoderTiny])
})

test('AutoencoderTiny has the defaults of the reference, and reads what it wrote', async () => {
  const { config, spatialFactor, tileSampleMinSize, tileOverlapFactor } = AutoencoderTiny.fromConfig({})
  expect(config).toMatchObject({ scalingFactor: 1, shiftFactor: 0, latentMagnitude: 3, numEncoderBlocks: [1, 3, 3, 3] })
  expect({ spatialFactor, tileSampleMinSize, tileOverlapFactor }).toEqual({
    spatialFactor: 8,
    tileSampleMinSize: 512,
    tileOverlapFactor: 0.125,
  })
  const first = await AutoencoderTiny.fromPretrained(goldenFolder('vae_tiny'))
  await first.savePretrained(folder())
  const second = await Autoencoder.fromPretrained(folder())
  const z = tf.randomNormal<tf.Rank.R4>([1, 3, 2, 4])
  const [one, other] = [await first.decode(z), await second.decode(z)]
  expect(one.dataSync()).toEqual(other.dataSync())
  tf.dispose([z, one, other])
  first.dispose()
  second.dispose()
})

test.each([
  [{ num_encoder_blocks: [1, 3] }, 'num_encoder_blocks: has 2 elements, but encoder_block_out_channels has 4'],
  [{ act_fn: 'mish' }, 'act_fn: "mish" is not supported'],
  [{ upsample_fn: 'bilinear' }, 'upsample_fn: "bilinear" is not supported'],
  [{ decoder_block_out_channels: [64, 64, 32, 32] }, 'needs stages of one width'],
  [
    { upsampling_scaling_factor: 3 },
    'make images 27 times larger than latents, but the encoder makes them 8 times smaller',
  ],
])('AutoencoderTiny refuses %j', (config, problem) => {
  expect(() => AutoencoderTiny.fromConfig(config)).toThrow(ConfigError)
  expect(() => AutoencoderTiny.fromConfig(config)).toThrow(problem)
})

test('inputs of a wrong shape are refused before anything is computed', async () => {
  const model = AutoencoderTiny.fromConfig({})
  const x = tf.zeros<tf.Rank.R4>([1, 8, 8, 4])
  await expect(model.encode(x)).rejects.toThrow(ShapeMismatchError)
  x.dispose()
})

test('latents of AutoencoderTiny need no noise', async () => {
  const model = await AutoencoderTiny.fromPretrained(goldenFolder('vae_tiny'))
  const x = tf.zeros<tf.Rank.R4>([1, 16, 8, 3])
  const encoded = await model.encode(x)
  expect(encoded).toMatchObject({ isRandom: false, shape: [1, 2, 1, 4] })
  const [mode, sample] = [encoded.mode(), encoded.sample()]
  expect(sample.dataSync()).toEqual(mode.dataSync())
  tf.dispose([x, mode, sample])
  encoded.dispose()
  model.dispose()
})
