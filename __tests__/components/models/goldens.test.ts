/** Models that are computed kernel by kernel give what the reference does, and leave no tensor. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { checkModelsCase } from '../../../testing/goldens/areas/models'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'
import { expectWarnings } from '../../expected-warnings'
import { goldenFolder } from './golden-model-case'
import { useBackend } from './use-backend'

expectWarnings('UNSAFE_PICTURE')

describe.each([
  [
    'wasm',
    [
      'vae_tiling',
      'vae_no_attention',
      'vae_tiny',
      'vae_tiny_tiling',
      'clip_vision_gelu',
      'clip_vision_projection',
      'safety_checker',
      'ip_adapter_projections',
      'unet_ip_adapter',
      'unet_freeu',
      'unet_without_middle',
      'controlnet_sd15',
      'controlnet_union',
      'unet_with_controlnet_union_residuals',
      't2i_adapter_full',
      't2i_adapter_full_xl',
      't2i_adapter_light',
      'unet_with_t2i_adapter',
    ],
  ],
  ['cpu', ['vae_tiling', 'vae_tiny_tiling', 'clip_vision_gelu', 'safety_checker']],
] as const)('on %s', (backend, names) => {
  useBackend(backend)

  test.each(names)('the model of the case %s', async name => {
    const folder = goldenFolder(name)
    const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Json
    const golden = await GoldenCase.open('models', name, folder, json)
    const before = tf.memory().numTensors
    try {
      await checkModelsCase(golden)
    } finally {
      await golden.close()
    }
    expect(tf.memory().numTensors).toBe(before)
  })
})
