import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { openCheckpoint } from '../../../../components/checkpoints/open-checkpoint'
import { writeSafetensors } from '../../../../components/checkpoints/write-safetensors'
import { ConfigError } from '../../../../components/configs/config-error'
import { AutoencoderKL } from '../../../../components/models/autoencoder-kl/autoencoder-kl'
import { DiagonalGaussianDistribution } from '../../../../components/models/autoencoder-kl/diagonal-gaussian-distribution'
import { Generator } from '../../../../components/random/generator'
import { randnTensor } from '../../../../components/random/randn-tensor'
import { ShapeMismatchError } from '../../../../src/errors/shape-mismatch-error'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { type GoldenCall, GoldenModelCase, goldenCalls, goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

const small = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [8, 16],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
  norm_num_groups: 4,
}

function encode(model: AutoencoderKL, { x, sampleGeneratorSeed }: { x: tf.Tensor4D; sampleGeneratorSeed: number }) {
  const distribution = new DiagonalGaussianDistribution(model.forwardEncode(x))
  const { moments, mean, logvar, std } = distribution
  const noise = randnTensor(mean.shape, new Generator(sampleGeneratorSeed))
  const outputs = { moments, mean, logvar, std, mode: distribution.mode(), sample: distribution.sample(noise) }
  return { outputs, owned: [outputs.mode, outputs.sample, noise], distribution }
}

describe.each([
  ['wasm', ['vae_sd', 'vae_flux', 'vae_uneven']],
  ['cpu', ['vae_flux']],
] as const)('AutoencoderKL on %s', (backend, names) => {
  useBackend(backend)

  describe.each(names)('in the case %s', name => {
    let golden: GoldenModelCase
    beforeAll(async () => {
      golden = await GoldenModelCase.open(name)
    })

    test.each(goldenCalls(name))('computes what the reference does in the call $name', async (call: GoldenCall) => {
      const model = await AutoencoderKL.fromPretrained(goldenFolder(name))
      const inputs = golden.inputs<{ x: tf.Tensor4D; z: tf.Tensor4D; sampleGeneratorSeed: number }>(call)
      if (call.call === 'encode') {
        const { outputs, owned, distribution } = golden.withTaps(call, model, () => encode(model, inputs))
        golden.expectOutputs(call, outputs)
        distribution.dispose()
        tf.dispose(owned)
      } else {
        const sample = golden.withTaps(call, model, () => model.forwardDecode(inputs.z))
        golden.expectOutputs(call, { sample })
        sample.dispose()
      }
      tf.dispose([inputs.x, inputs.z].filter(tensor => tensor !== undefined))
      model.dispose()
    })
  })
})

describe('AutoencoderKL', () => {
  useBackend('wasm')
  const folder = useTemporaryFolder()

  test('has a config that is complete, in camelCase and frozen', () => {
    const { config, spatialFactor } = AutoencoderKL.fromConfig(small)
    expect(config).toMatchObject({ scalingFactor: 0.18215, shiftFactor: null, useQuantConv: true, layersPerBlock: 1 })
    expect(Object.isFrozen(config)).toBe(true)
    expect(spatialFactor).toBe(2)
  })

  test('refuses a config with blocks that it does not have', () => {
    const config = { ...small, up_block_types: ['UpDecoderBlock2D', 'AttnUpDecoderBlock2D'] }
    expect(() => AutoencoderKL.fromConfig(config)).toThrow(ConfigError)
    expect(() => AutoencoderKL.fromConfig(config)).toThrow('up_block_types.1: "AttnUpDecoderBlock2D" is not supported')
  })

  test('refuses images and latents of a wrong shape', () => {
    const model = AutoencoderKL.fromConfig(small)
    tf.tidy(() => {
      expect(() => model.forwardEncode(tf.zeros([1, 8, 8, 4]))).toThrow(ShapeMismatchError)
      expect(() => model.forwardEncode(tf.zeros([1, 8, 8, 4]))).toThrow(
        '"x" must have the shape [batch, height, width, 3]',
      )
      expect(() => model.forwardDecode(tf.zeros([1, 4, 4, 3]))).toThrow(
        '"z" must have the shape [batch, height, width, 4]',
      )
    })
  })

  test("loads the names that Stable Diffusion 1's checkpoints give to attention", async () => {
    const source = goldenFolder('vae_uneven')
    const checkpoint = await openCheckpoint(source, { weightsName: 'diffusion_pytorch_model' })
    const tensors = await Promise.all(
      checkpoint.keys.map(async key => {
        const { dtype, shape } = checkpoint.info(key)
        return [oldName(key), { dtype, shape, data: await checkpoint.readBytes(key) }] as const
      }),
    )
    await checkpoint.close()
    await writeSafetensors(join(folder(), 'diffusion_pytorch_model.safetensors'), Object.fromEntries(tensors))
    await cp(join(source, 'config.json'), join(folder(), 'config.json'))

    const z = tf.randomNormal<tf.Rank.R4>([1, 3, 2, 4])
    const images = await Promise.all(
      [source, folder()].map(async path => {
        const model = await AutoencoderKL.fromPretrained(path)
        const image = tf.tidy(() => model.forwardDecode(z).dataSync())
        model.dispose()
        return image
      }),
    )
    expect(tensors.filter(([key]) => key.includes('proj_attn'))).toHaveLength(4)
    expect(images[1]).toEqual(images[0])
    z.dispose()
  })
})

function oldName(key: string): string {
  return key
    .replace('.to_q.', '.query.')
    .replace('.to_k.', '.key.')
    .replace('.to_v.', '.value.')
    .replace('.to_out.0.', '.proj_attn.')
}
