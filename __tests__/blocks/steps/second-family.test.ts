/** A family beside Stable Diffusion, made of the shared steps and of one of Stable Diffusion's own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as blocks from '../../../blocks'
import {
  Block,
  type BlockOptions,
  DecodeLatents,
  DenoiseLoop,
  EncodePrompt,
  ModularPipelineBlocks,
  PrepareLatents,
  registerPipelineFamily,
  type SchedulerMixin,
  SequentialPipelineBlocks,
  SetTimesteps,
  Step,
} from '../../../index'
import { expectWarnings } from '../../expected-warnings'
import { emojiFolder } from '../use-emoji-model'

expectWarnings('UNREAD_INDEX_ENTRIES')

const loaded: string[] = []

const sketches = {
  modelName: 'sketches',
  afterLoad: {
    scheduler: (scheduler: SchedulerMixin) => loaded.push(scheduler.constructor.name),
    noSuchComponent: () => loaded.push('noSuchComponent'),
  },
} as const satisfies BlockOptions

@Block({ ...sketches, description: 'Draws sketches.' })
class SketchBlocks extends SequentialPipelineBlocks {
  @Step() encodePrompt = EncodePrompt
  @Step() setTimesteps = SetTimesteps
  @Step() prepareLatents = PrepareLatents
  @Step() denoise = DenoiseLoop
  @Step() decode = DecodeLatents
}

registerPipelineFamily({
  modelName: sketches.modelName,
  defaultBlocks: SketchBlocks,
  pipelineClassName: 'SketchModularPipeline',
})

/** What a pipeline of these blocks does after it has loaded its scheduler. */
async function afterLoading(tree: ModularPipelineBlocks): Promise<string[]> {
  loaded.length = 0
  const pipe = tree.initPipeline(emojiFolder)
  await pipe.loadComponents({ names: ['scheduler'] })
  pipe.dispose()
  return [...loaded]
}

describe('a family that reuses steps', () => {
  test('is saved under its own name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-family-'))
    const pipe = new SketchBlocks().initPipeline(emojiFolder)
    await pipe.savePretrained(folder)
    const index = JSON.parse(readFileSync(join(folder, 'modular_model_index.json'), 'utf8')) as object
    pipe.dispose()
    rmSync(folder, { recursive: true, force: true })
    expect(index).toMatchObject({ _class_name: 'SketchModularPipeline', _blocks_class_name: 'SketchBlocks' })
  })

  test('says once what is done with its components after loading', async () => {
    expect(await afterLoading(new SketchBlocks())).toEqual(['DDIMScheduler'])
    expect(await afterLoading(new SketchBlocks().remove('encodePrompt'))).toEqual(['DDIMScheduler'])
  })

  test('treats the components of shared steps beside a block of its own', async () => {
    @Block(sketches)
    class Own extends ModularPipelineBlocks {
      run() {}
    }
    expect(await afterLoading(SequentialPipelineBlocks.fromBlocksDict({ SetTimesteps }))).toEqual([])
    expect(await afterLoading(SequentialPipelineBlocks.fromBlocksDict({ SetTimesteps, Own }))).toEqual([
      'DDIMScheduler',
    ])
  })
})

test('shared steps belong to no family', () => {
  const leaves = Object.values(blocks)
    .map(type => new type() as ModularPipelineBlocks)
    .filter(block => block.modelName === undefined)
  const names = leaves.map(block => (block.constructor as typeof ModularPipelineBlocks).className)
  expect(names.sort()).toEqual([
    'AutoControlNetDenoise',
    'AutoIPAdapter',
    'AutoT2IAdapter',
    'BlendMask',
    'ControlNetDenoiseLoop',
    'ControlNetInput',
    'ControlNetPredictNoise',
    'ControlNetUnionInput',
    'DecodeLatents',
    'DenoiseLoop',
    'EmbedGuidance',
    'EncodeIPAdapterImage',
    'EncodeImage',
    'EncodeInpaintImage',
    'InpaintControlNetDenoiseLoop',
    'InpaintDenoiseLoop',
    'OverlayMask',
    'PostprocessImages',
    'PredictNoise',
    'PrepareImg2ImgLatents',
    'PrepareInpaintLatents',
    'PrepareLatents',
    'PrepareModels',
    'ProjectIPAdapterImages',
    'ScaleInpaintInput',
    'ScaleModelInput',
    'SchedulerStep',
    'SetGuidance',
    'SetImg2ImgTimesteps',
    'SetTimesteps',
    'T2IAdapterInput',
    'UseIPAdapterImageEmbeds',
  ])
})
