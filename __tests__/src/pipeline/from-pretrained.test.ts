import { join } from 'node:path'
import {
  Component,
  ComponentContainer,
  Input,
  ModelIndexError,
  ModularPipeline,
  ModularPipelineBlocks,
  NoWorkflowsError,
  registerBlockClasses,
  registerPipelineFamily,
  SequentialPipelineBlocks,
  Step,
  UnknownBlocksError,
  UnknownWorkflowError,
} from '../../../src'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { catchWarnings } from '../fixtures/emitted-warnings'
import { failure } from '../fixtures/failures'
import { modularEntry, writeModel, writeModularModel } from '../fixtures/model-folder'
import { Increment } from '../fixtures/toy-blocks'

class Model {
  static async fromPretrained(): Promise<Model> {
    return new Model()
  }
}
class Encode extends ModularPipelineBlocks {
  @Component(Model) vae!: Model
  @Input() image!: unknown
  run() {}
}
class Predict extends ModularPipelineBlocks {
  @Component(Model) unet!: Model
  run() {}
}
class FamilyBlocks extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() predict = Predict
  override get modelName() {
    return 'toy-family'
  }
  override get workflowMap() {
    return { all: { image: true } } as const
  }
  override getWorkflow(name: string): SequentialPipelineBlocks {
    return name === 'predict' ? SequentialPipelineBlocks.fromBlocksDict({ predict: Predict }) : super.getWorkflow(name)
  }
}
class NamedToyBlocks extends SequentialPipelineBlocks {
  @Step() increment = Increment
}
registerBlockClasses(NamedToyBlocks)
registerPipelineFamily({
  modelName: 'toy-family',
  defaultBlocks: FamilyBlocks,
  pipelineClassName: 'ToyModularPipeline',
  standardPipelines: ['ToyPipeline', 'ToyImg2ImgPipeline'],
})

const folder = useTemporaryFolder()
const entry = (subfolder: string) => modularEntry({ pretrained_model_name_or_path: 'org/toy', subfolder })

describe('ModularPipeline.fromPretrained', () => {
  test('takes the blocks that a modular index names', async () => {
    writeModularModel(folder(), { _blocks_class_name: 'NamedToyBlocks', _class_name: 'ModularPipeline' })
    const pipe = await ModularPipeline.fromPretrained(folder())
    expect(pipe).toBeInstanceOf(ModularPipeline)
    expect(pipe.blocks).toBeInstanceOf(NamedToyBlocks)
    expect(await pipe({ x: 1 }, { output: 'x' })).toBe(2)
  })

  test.each([
    ['that are only those of a workflow', { _blocks_class_name: 'SequentialPipelineBlocks' }],
    ['that are not known', { _blocks_class_name: 'CustomBlocks' }],
    ['nowhere', {}],
  ])('takes the blocks of the family where a modular index names blocks %s', async (_, names) => {
    writeModularModel(folder(), { _class_name: 'ToyModularPipeline', ...names })
    expect((await ModularPipeline.fromPretrained(folder())).blocks).toBeInstanceOf(FamilyBlocks)
  })

  test.each(['ToyPipeline', 'ToyImg2ImgPipeline'])('takes the blocks that stand for a %s', async pipelineClass => {
    writeModel(folder(), { _class_name: pipelineClass, unet: ['toys', 'Model'] })
    const pipe = await ModularPipeline.fromPretrained(folder())
    expect(pipe.blocks).toBeInstanceOf(FamilyBlocks)
    expect(pipe.getComponentSpec('unet')?.loadId).toBe(`${folder()}|unet|null|null`)
  })

  test.each([
    [
      { _class_name: 'ToyPipelin' },
      /model_index\.json names the pipeline ToyPipelin, for which no blocks are registered/,
    ],
    [{}, /model_index\.json names neither blocks nor a pipeline/],
  ])('refuses an index that names %j, with what can be done', async (index, message) => {
    writeModel(folder(), index)
    const error = await failure(UnknownBlocksError, () => ModularPipeline.fromPretrained(folder()))
    expect(error.message).toMatch(message)
    expect(error.message).toContain('ModularPipeline.fromPretrained(path, { blocks: new MyBlocks() })')
  })

  test('warns of a revision of a folder, which has none', async () => {
    const warnings = catchWarnings()
    writeModel(folder(), { _class_name: 'ToyPipeline', unet: ['toys', 'Model'] })
    const pipe = await ModularPipeline.fromPretrained(folder(), { revision: 'v1' })
    expect(warnings()).toEqual([
      `REVISION_IGNORED: ${folder()} is on this machine and has no revisions: revision "v1" was ignored. Leave it out.`,
    ])
    expect(pipe.getComponentSpec('unet')?.revision).toBeUndefined()
  })

  test('says which blocks could be meant', async () => {
    writeModularModel(folder(), { _blocks_class_name: 'NamedToyBloks', _class_name: 'ModularPipeline' })
    const error = await failure(UnknownBlocksError, () => ModularPipeline.fromPretrained(folder()))
    expect(error.file).toBe(join(folder(), 'modular_model_index.json'))
    expect(error.message).toContain('Did you mean NamedToyBlocks?')
  })

  test('takes blocks that it is given, whatever the index names', async () => {
    writeModel(folder(), { _class_name: 'Unknown', vae: ['toys', 'Model'] })
    const container = ComponentContainer.create()
    const pipe = await ModularPipeline.fromPretrained(folder(), { blocks: new Encode(), container })
    expect(pipe.blocks).toBeInstanceOf(Encode)
    await pipe.loadComponents()
    expect(pipe.components.vae).toBeInstanceOf(Model)
  })

  test('makes a pipeline of the class that it is called on, with the blocks of that', async () => {
    class ToyModularPipeline extends ModularPipeline {
      static override readonly defaultBlocks = Encode
    }
    writeModel(folder(), { _class_name: 'Unknown' })
    const pipe = await ToyModularPipeline.fromPretrained(folder())
    expect(pipe).toBeInstanceOf(ToyModularPipeline)
    expect(pipe.blocks).toBeInstanceOf(Encode)
    expect(pipe.configToSave['_class_name']).toBe('ToyModularPipeline')
  })

  test('refuses a folder that is not there or no model', async () => {
    await failure(ModelIndexError, () => ModularPipeline.fromPretrained(join(folder(), 'nowhere')))
    await failure(ModelIndexError, () => ModularPipeline.fromPretrained(folder()))
  })
})

describe('a workflow', () => {
  beforeEach(() =>
    writeModularModel(folder(), { _class_name: 'ToyModularPipeline', vae: entry('vae'), unet: entry('unet') }),
  )

  test('prunes the blocks, as if they were pruned by hand', async () => {
    for (const workflow of ['predict', 'all']) {
      const pipe = await ModularPipeline.fromPretrained(folder(), { workflow })
      const pruned = new FamilyBlocks().getWorkflow(workflow).initPipeline(folder())
      expect(pipe.componentNames).toEqual(pruned.componentNames)
      expect([...pipe.blocks.subBlocks.keys()]).toEqual([...pruned.blocks.subBlocks.keys()])
      for (const name of pipe.pretrainedComponentNames) {
        expect(pipe.getComponentSpec(name)).toEqual(pruned.getComponentSpec(name))
      }
    }
    expect((await ModularPipeline.fromPretrained(folder(), { workflow: 'predict' })).componentNames).toEqual(['unet'])
  })

  test('loads what the pruned pipeline would load', async () => {
    const whole = await ModularPipeline.fromPretrained(folder())
    await whole.loadComponents({ workflow: 'predict' })
    const pruned = await ModularPipeline.fromPretrained(folder(), { workflow: 'predict' })
    await pruned.loadComponents()
    expect(whole.nullComponentNames).toEqual(['vae'])
    expect(pruned.nullComponentNames).toEqual([])
  })

  test('that there is not is refused', async () => {
    const unknown = await failure(UnknownWorkflowError, () =>
      ModularPipeline.fromPretrained(folder(), { workflow: 'not_a_workflow' }),
    )
    expect(unknown.message).toContain('Available workflows')
    await failure(NoWorkflowsError, () =>
      ModularPipeline.fromPretrained(folder(), { blocks: new Encode(), workflow: 'all' }),
    )
  })

  test('that was pruned and saved is read as the whole family', async () => {
    const pruned = await ModularPipeline.fromPretrained(folder(), { workflow: 'predict' })
    const index = pruned.configToSave
    expect(index['_blocks_class_name']).toBe('SequentialPipelineBlocks')
    writeModularModel(folder(), { ...index, _class_name: 'ToyModularPipeline' })
    expect((await ModularPipeline.fromPretrained(folder())).blocks).toBeInstanceOf(FamilyBlocks)
  })
})

test('a pipeline of a family is saved under its pipeline class', () => {
  expect(new FamilyBlocks().initPipeline().configToSave['_class_name']).toBe('ToyModularPipeline')
})
