import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { AutoencoderKL } from '../../../../components/models/autoencoder-kl/autoencoder-kl'
import { ShapeMismatchError } from '../../../../src/errors/shape-mismatch-error'
import { useLeakCheck } from '../../tensors/use-leak-check'
import { useBackend } from '../use-backend'

useBackend('cpu')
useLeakCheck()

const vaeOf = (settings: Readonly<Record<string, unknown>>) =>
  AutoencoderKL.fromConfig({
    in_channels: 3,
    out_channels: 3,
    latent_channels: 2,
    block_out_channels: [8],
    down_block_types: ['DownEncoderBlock2D'],
    up_block_types: ['UpDecoderBlock2D'],
    norm_num_groups: 4,
    scaling_factor: 0.25,
    ...settings,
  })

/** Scales one pixel of latents, and scales the result back. */
function thereAndBack(vae: AutoencoderKL, statistics?: boolean): [scaled: number[], back: number[]] {
  const options = statistics === undefined ? undefined : { statistics }
  return tf.tidy(() => {
    const scaled = vae.scaleLatents(tf.tensor4d([3, -5], [1, 1, 1, 2]), options)
    return [[...scaled.dataSync()], [...vae.unscaleLatents(scaled, options).dataSync()]]
  })
}

describe('latents are scaled', () => {
  test.each([
    ['by the factor', {}, undefined, [0.75, -1.25]],
    ['after the shift', { shift_factor: 1 }, undefined, [0.5, -1.5]],
    [
      'by statistics in place of the shift',
      { shift_factor: 1, latents_mean: [1, 3], latents_std: [2, 4] },
      undefined,
      [0.25, -0.5],
    ],
    [
      'without statistics if asked for',
      { shift_factor: 1, latents_mean: [1, 3], latents_std: [2, 4] },
      false,
      [0.5, -1.5],
    ],
  ])('%s', (_, settings, statistics, expected) => {
    expect(thereAndBack(vaeOf(settings), statistics)).toEqual([expected, [3, -5]])
  })

  test('without a mean that comes without deviations, with a warning', () => {
    const emit = jest.spyOn(process, 'emitWarning').mockImplementation()
    const result = thereAndBack(vaeOf({ latents_mean: [1, 3] }))
    const told = emit.mock.calls.map(([message]) => String(message))
    emit.mockRestore()
    expect(result).toEqual([
      [0.75, -1.25],
      [3, -5],
    ])
    expect(told).toEqual(['The VAE has latents_mean and no latents_std: latents_mean is ignored.'])
  })

  test('not with statistics of another number of channels', () => {
    const vae = vaeOf({ latents_mean: [1, 3], latents_std: [1] })
    expect(() => thereAndBack(vae)).toThrow(ConfigError)
    expect(() => thereAndBack(vae)).toThrow(/latents_std: has 1 elements, but latent_channels is 2/)
  })

  test('not with another number of channels', () => {
    const latents = tf.zeros<tf.Rank.R4>([1, 1, 1, 3])
    expect(() => vaeOf({}).scaleLatents(latents)).toThrow(ShapeMismatchError)
    expect(() => vaeOf({}).unscaleLatents(latents)).toThrow(ShapeMismatchError)
    latents.dispose()
  })
})
