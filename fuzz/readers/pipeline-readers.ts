/** The readers of indexes of pipelines, and of what describes blocks. */
import { join } from 'node:path'
import fc from 'fast-check'
import { ModularPipelineBlocks, StableDiffusionTextToImageBlocks } from '../../index'
import { loadMellonConfig } from '../../src/storage/mellon-config-file'
import { anyValue, jsonFile, spoiled } from '../inputs'
import { type Reader, reader, write } from '../reader'

const modularEntry = fc.tuple(
  anyValue,
  anyValue,
  spoiled({
    type_hint: ['diffusers', 'UNet2DConditionModel'],
    pretrained_model_name_or_path: 'x',
    subfolder: 'unet',
    variant: null,
    revision: null,
  }),
)
const indexFile = jsonFile(
  fc.record(
    {
      _class_name: fc.oneof(fc.constant('StableDiffusionPipeline'), anyValue),
      unet: fc.oneof(modularEntry, fc.tuple(anyValue, anyValue), anyValue),
      scheduler: fc.oneof(fc.constant(['diffusers', 'PNDMScheduler']), anyValue),
    },
    { requiredKeys: [] },
  ),
)

/** Read indexes and descriptions. */
export const pipelineReaders: readonly Reader<unknown>[] = [
  reader('model-index', fc.tuple(indexFile, fc.boolean()), async ([text, isModular], folder) => {
    const place = join(folder, String(isModular))
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(
      write(place, { [isModular ? 'modular_model_index.json' : 'model_index.json']: text }),
    )
    String(pipe)
  }),
  reader(
    'block-config',
    jsonFile(
      spoiled({ _class_name: 'X', auto_map: { ModularPipelineBlocks: 'block.X' }, requirements: { zod: '>=4' } }),
    ),
    async (text, folder) => {
      await ModularPipelineBlocks.fromPretrained(write(folder, { 'modular_config.json': text, 'block.js': '' }))
    },
  ),
  reader(
    'mellon',
    jsonFile(
      spoiled({
        label: 'x',
        default_repo: 'a/b',
        default_dtype: 'bfloat16',
        node_params: {
          a: { params: {}, input_names: [], model_input_names: [], output_names: [], block_name: 'x', node_type: 'x' },
        },
      }),
    ),
    async (text, folder) => {
      String(await loadMellonConfig(write(folder, { 'mellon_pipeline_config.json': text })))
    },
  ),
]
