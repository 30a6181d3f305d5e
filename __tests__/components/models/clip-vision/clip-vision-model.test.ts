import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { openCheckpoint } from '../../../../components/checkpoints/open-checkpoint'
import { writeSafetensors } from '../../../../components/checkpoints/write-safetensors'
import { ConfigError } from '../../../../components/configs/config-error'
import { CLIPVisionModel } from '../../../../components/models/clip-vision/clip-vision-model'
import { CLIPVisionModelWithProjection } from '../../../../components/models/clip-vision/clip-vision-model-with-projection'
import { ShapeMismatchError } from '../../../../src/errors/shape-mismatch-error'
import { catchWarnings } from '../../../src/fixtures/emitted-warnings'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

useBackend('wasm')
const folder = useTemporaryFolder()

test('the model without projection is that inside of the one with it', async () => {
  const projected = await CLIPVisionModelWithProjection.fromPretrained(goldenFolder('clip_vision_projection'))
  const warnings = catchWarnings()
  const plain = await CLIPVisionModel.fromPretrained(goldenFolder('clip_vision_projection'))
  expect(warnings()).toEqual([expect.stringMatching(/^UNUSED_WEIGHTS: .*visual_projection/)])
  const pixelValues = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 3])
  const ours = await plain.call({ pixelValues })
  const theirs = await projected.call({ pixelValues })
  expect(ours.lastHiddenState.dataSync()).toEqual(theirs.lastHiddenState.dataSync())
  expect(ours.poolerOutput.shape).toEqual([2, 32])
  expect(ours.hiddenStates).toEqual([])
  const embeds = tf.tidy(() => projected.visualProjection.forward(ours.poolerOutput).dataSync())
  expect(embeds).toEqual(theirs.imageEmbeds.dataSync())
  tf.dispose([pixelValues, { ...ours }, { ...theirs }])
  plain.dispose()
  projected.dispose()
})

test('reads the names of older files, with the positions as a tensor, and those of whole CLIP models', async () => {
  const source = goldenFolder('clip_vision_projection')
  const checkpoint = await openCheckpoint(source, { weightsName: 'model' })
  const tensors: Record<string, { dtype: string; shape: readonly number[]; data: Uint8Array }> = {}
  for (const key of checkpoint.keys) {
    const { dtype, shape } = checkpoint.info(key)
    tensors[key.replace(/^vision_model\./, 'vision_model.vision_model.')] = {
      dtype,
      shape,
      data: await checkpoint.readBytes(key),
    }
  }
  await checkpoint.close()
  tensors['vision_model.vision_model.embeddings.position_ids'] = { dtype: 'I64', shape: [1], data: new Uint8Array(8) }
  await writeSafetensors(join(folder(), 'model.safetensors'), tensors as Parameters<typeof writeSafetensors>[1])
  await cp(join(source, 'config.json'), join(folder(), 'config.json'))
  const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const model = await CLIPVisionModelWithProjection.fromPretrained(folder())
  expect(warnings).not.toHaveBeenCalled()
  warnings.mockRestore()
  model.dispose()
})

test('refuses images of another size, and configs that fit nothing', () => {
  const model = CLIPVisionModel.fromConfig({ hidden_size: 8, num_attention_heads: 2, image_size: 16, patch_size: 8 })
  const pixelValues = tf.zeros<tf.Rank.R4>([1, 16, 24, 3])
  expect(() => model.forward({ pixelValues })).toThrow(ShapeMismatchError)
  expect(() => model.forward({ pixelValues })).toThrow('"pixelValues" must have the shape [batch, 16, 16, 3]')
  pixelValues.dispose()
  expect(() => CLIPVisionModel.fromConfig({ hidden_size: 10, num_attention_heads: 4 })).toThrow(ConfigError)
  expect(() => CLIPVisionModel.fromConfig({ image_size: 16, patch_size: 32 })).toThrow(
    '32 is larger than image_size (16)',
  )
})

test('takes its part of the config of a whole CLIP model, with the defaults of the reference', () => {
  const { config } = CLIPVisionModel.fromConfig({ vision_config: { hidden_size: 1024, num_attention_heads: 16 } })
  expect(config).toMatchObject({ hiddenSize: 1024, imageSize: 224, patchSize: 32, intermediateSize: 3072 })
})
