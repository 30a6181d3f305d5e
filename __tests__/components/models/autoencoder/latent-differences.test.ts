import { AutoencoderKL, AutoencoderTiny, latentDifferences } from '../../../../index'
import { useLeakCheck } from '../../tensors/use-leak-check'

useLeakCheck()

const small = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [4],
  norm_num_groups: 2,
  layers_per_block: 1,
}
const down = ['DownEncoderBlock2D']
const up = ['UpDecoderBlock2D']
const make = (config: object) =>
  AutoencoderKL.fromConfig({ ...small, down_block_types: down, up_block_types: up, ...config })

test('latentDifferences names the settings by which the latents of two autoencoders differ', () => {
  const one = make({ scaling_factor: 0.13 })
  expect(latentDifferences(one, one)).toEqual([])
  const other = make({ scaling_factor: 0.18, latent_channels: 8, shift_factor: 0.1 })
  expect(latentDifferences(one, other)).toEqual([
    { setting: 'latentChannels', values: ['4', '8'] },
    { setting: 'scalingFactor', values: ['0.13', '0.18'] },
    { setting: 'shiftFactor', values: ['null', '0.1'] },
  ])
  const deeper = make({
    scaling_factor: 0.13,
    block_out_channels: [4, 4],
    down_block_types: [...down, ...down],
    up_block_types: [...up, ...up],
  })
  expect(latentDifferences(one, deeper)).toEqual([{ setting: 'spatialFactor', values: ['1', '2'] }])
})

test('latentDifferences does not compare the scale of autoencoders that are trained on scaled latents', () => {
  const one = make({ scaling_factor: 0.13 })
  const tiny = AutoencoderTiny.fromConfig({
    encoder_block_out_channels: [4],
    decoder_block_out_channels: [4],
    num_encoder_blocks: [1],
    num_decoder_blocks: [1],
  })
  expect(latentDifferences(one, tiny).map(({ setting }) => setting)).not.toContain('scalingFactor')
})
