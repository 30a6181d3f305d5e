import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../../components/configs/config-error'
import { CLIPImageProcessor } from '../../../components/images/clip-image-processor'
import { ImageSizeError } from '../../../components/images/image-size-error'
import { ComponentSpec } from '../../../src/params/component-spec'
import '../../../components/component-classes'
import { findComponentClass } from '../../../src/params/component-classes'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { useBackend } from '../models/use-backend'
import { countingImage } from './pictures'

useBackend('cpu')
const folder = useTemporaryFolder()

test('has the settings of CLIP by default, and those of old files in the form of new ones', () => {
  expect(new CLIPImageProcessor().config).toMatchObject({ size: { shortestEdge: 224 }, resample: 'bicubic' })
  const { config } = CLIPImageProcessor.fromConfig({ size: 30, crop_size: 20, resample: 2 })
  expect(config).toMatchObject({
    size: { shortestEdge: 30 },
    cropSize: { height: 20, width: 20 },
    resample: 'bilinear',
  })
})

test('is read from what it has written, which has the form of Python', async () => {
  const processor = CLIPImageProcessor.fromConfig({ size: { shortest_edge: 30 }, crop_size: 20, do_rescale: false })
  await processor.savePretrained(folder())
  const file = JSON.parse(await readFile(join(folder(), 'preprocessor_config.json'), 'utf8'))
  expect(file).toMatchObject({
    size: { shortest_edge: 30 },
    crop_size: { height: 20, width: 20 },
    resample: 3,
    image_processor_type: 'CLIPImageProcessor',
  })
  const warnings = jest.spyOn(process, 'emitWarning')
  expect((await CLIPImageProcessor.fromPretrained(folder())).config).toEqual(processor.config)
  expect(warnings).not.toHaveBeenCalled()
  warnings.mockRestore()
})

test.each([
  [{ size: { longest_edge: 3 } }, 'size'],
  [{ resample: 4 }, 'resample: 4 is not supported'],
  [{ image_mean: [0, 1] }, 'image_mean'],
])('refuses %j', (config, problem) => {
  expect(() => CLIPImageProcessor.fromConfig(config)).toThrow(ConfigError)
  expect(() => CLIPImageProcessor.fromConfig(config)).toThrow(problem)
})

test('needs images of one size in the end', async () => {
  const processor = CLIPImageProcessor.fromConfig({ size: 16, do_center_crop: false })
  await expect(processor.preprocess([countingImage(30, 20), countingImage(20, 30)])).rejects.toThrow(ImageSizeError)
  await expect(processor.preprocess([])).rejects.toThrow(ImageSizeError)
})

test('stands for the feature extractor of an index, by its old name too', () => {
  for (const name of ['CLIPImageProcessor', 'CLIPFeatureExtractor'])
    expect(findComponentClass(name)).toBe(CLIPImageProcessor)
  expect(new ComponentSpec({ name: 'featureExtractor', typeHint: CLIPImageProcessor }).typeHint).toBe(
    CLIPImageProcessor,
  )
})
