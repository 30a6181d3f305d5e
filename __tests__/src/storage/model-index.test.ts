import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import {
  Component,
  Config,
  ModelIndexError,
  ModularPipelineBlocks,
  registerComponentClasses,
  SequentialPipelineBlocks,
} from '../../../src'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { catchWarnings } from '../fixtures/emitted-warnings'
import { failure } from '../fixtures/failures'
import { modularEntry, writeComponent, writeModel, writeModularModel } from '../fixtures/model-folder'

class Model {
  static async fromPretrained() {
    return new Model()
  }
}
class OtherModel {}
class BaseGuider {
  readonly config = {}
  static fromConfig() {
    return new BaseGuider()
  }
  static async fromPretrained() {
    return new BaseGuider()
  }
}
class StrongGuider extends BaseGuider {}
registerComponentClasses('toys', { Model, ModelFast: Model, OtherModel, BaseGuider, StrongGuider })

class Blocks extends ModularPipelineBlocks {
  @Component(Model) textEncoder2!: Model
  @Component(BaseGuider, { config: {} }) guider!: BaseGuider
  @Config(z.boolean().default(true)) forceZeros!: boolean
  @Config({ default: [1, 2] }) outLayers!: readonly number[]
  run() {}
}

const folder = useTemporaryFolder()
const pipeline = () => new Blocks().initPipeline(folder())
const spec = (name = 'textEncoder2') => pipeline().getComponentSpec(name)

describe('a modular index', () => {
  test('says where each component lies, as whose version, and of which class', () => {
    const place = { pretrained_model_name_or_path: 'a/b', subfolder: 'enc', variant: 'fp16', revision: 'v1' }
    writeModularModel(folder(), { text_encoder_2: modularEntry(place) })
    expect(spec()).toMatchObject({
      pretrainedModelNameOrPath: 'a/b',
      subfolder: 'enc',
      variant: 'fp16',
      revision: 'v1',
      className: 'Model',
      library: 'toys',
      typeHint: Model,
      loadId: 'a/b|enc|fp16|v1',
    })
  })

  test('is read in the place of the other, and without it', () => {
    writeModel(folder(), { text_encoder_2: ['toys', 'Model'], force_zeros: true })
    writeModularModel(folder(), {
      text_encoder_2: modularEntry({ pretrained_model_name_or_path: 'a/b' }),
      force_zeros: false,
    })
    expect(spec()?.loadId).toBe('a/b||null|null')
    expect(pipeline().config.forceZeros).toBe(false)
  })

  test('lets a component be loaded that the block would make itself', () => {
    const entry = modularEntry({ pretrained_model_name_or_path: 'a/b', subfolder: 'guider' }, ['toys', 'StrongGuider'])
    writeModularModel(folder(), { guider: entry })
    const pipe = pipeline()
    expect(pipe.getComponentSpec('guider')).toMatchObject({ loadId: 'a/b|guider|null|null', className: 'StrongGuider' })
    expect(pipe.components.guider).toBeUndefined()
  })

  test('may leave place and class open', () => {
    writeModularModel(folder(), { text_encoder_2: modularEntry({}, [null, null]) })
    const pipe = pipeline()
    expect(pipe.getComponentSpec('textEncoder2')).toMatchObject({ loadId: 'null||null|null', typeHint: Model })
    expect(pipe.getComponentSpec('textEncoder2')?.className).toBeUndefined()
  })

  test('may name classes of Python that stand for any: what was loaded then counts, or the files do', () => {
    for (const auto of ['AutoModel', 'AutoModelForCausalLM', 'AutoTokenizer', 'AutoProcessor']) {
      const [, , place] = modularEntry({ pretrained_model_name_or_path: 'a/b' }, ['diffusers', auto])
      writeModularModel(folder(), { text_encoder_2: ['toys', 'ModelFast', place] })
      expect(spec()).toMatchObject({ loadId: 'a/b||null|null', className: 'ModelFast', library: 'toys' })
      writeModularModel(folder(), { text_encoder_2: [null, null, place] })
      expect(spec()).toMatchObject({ loadId: 'a/b||null|null', className: undefined, typeHint: Model })
    }
    const [, , guider] = modularEntry({}, ['diffusers', 'AutoGuidance'])
    writeModularModel(folder(), { guider: [null, null, guider] })
    expect(spec('guider')?.className).toBe('AutoGuidance')
  })

  test('may call the path by its former name, and name the class of what was loaded alone', () => {
    writeModularModel(folder(), { text_encoder_2: ['toys', 'Model', { repo: 'a/b', subfolder: null }] })
    expect(spec()).toMatchObject({ loadId: 'a/b||null|null', className: 'Model', library: 'toys' })
  })

  test('says what settings are, lists among them, and may leave them empty', () => {
    writeModularModel(folder(), { force_zeros: null, out_layers: [10, 20, 30], unknown: ['a', 'b', 'c'] })
    expect(pipeline().config).toEqual({ forceZeros: true, outLayers: [10, 20, 30] })
    writeModularModel(folder(), { out_layers: null })
    expect(pipeline().config).toEqual({ forceZeros: true, outLayers: undefined })
  })

  test('of a folder that was moved with its components points there', () => {
    const warnings = catchWarnings()
    writeModularModel(folder(), {
      text_encoder_2: modularEntry({
        pretrained_model_name_or_path: '/elsewhere/saved',
        subfolder: 'text_encoder_2',
        variant: 'fp16',
        revision: 'v1',
      }),
    })
    expect(spec()?.loadId).toBe('/elsewhere/saved|text_encoder_2|fp16|v1')
    expect(warnings()).toEqual([expect.stringContaining('OUTSIDE_FOLDER: ')])
    writeComponent(folder(), 'text_encoder_2')
    expect(spec()?.loadId).toBe(`${folder()}|text_encoder_2|fp16|null`)
  })

  test.each([
    [
      'the form of the other index',
      ['toys', 'Model'],
      /has the form of a model_index\.json; .* must be \[library, class, spec\]/,
    ],
    ['one word', ['Model'], /the entry "text_encoder_2" must be \[library, class, spec\]/],
    ['no list', 'Model', /must be \[library, class, spec\]/],
    ['no spec', ['toys', 'Model', 'a/b'], /is invalid: .*expected object.* at 2/],
    [
      'a path that is a list',
      modularEntry({ pretrained_model_name_or_path: ['a', 'b'] }),
      /is invalid: .*2\.pretrained_model_name_or_path/,
    ],
    ['a class that is a number', [null, 5, {}], /is invalid: /],
    [
      'a subfolder above',
      modularEntry({ pretrained_model_name_or_path: 'a/b', subfolder: '../secret' }),
      /the subfolder "\.\.\/secret" is outside/,
    ],
    [
      'a subfolder above, by another sign',
      modularEntry({ subfolder: 'x\\..\\..\\secret' }),
      /the subfolder .* is outside/,
    ],
    [
      'an absolute subfolder',
      modularEntry({ pretrained_model_name_or_path: 'a/b', subfolder: '/etc' }),
      /the subfolder "\/etc" is outside/,
    ],
    ['a subfolder on a drive', modularEntry({ subfolder: 'C:\\secret' }), /the subfolder "C:.*secret" is outside/],
    [
      'a subfolder above, encoded',
      modularEntry({ subfolder: 'x/%2e%2e/%2E%2E/secret' }),
      /the subfolder .* is outside/,
    ],
    ['a subfolder with a null character', modularEntry({ subfolder: 'x\0y' }), /the subfolder .* is outside/],
    [
      'a path of another machine',
      modularEntry({ pretrained_model_name_or_path: '\\\\host\\share' }),
      /the path .* is outside/,
    ],
    [
      'a path above, after the top',
      modularEntry({ pretrained_model_name_or_path: '/models/../../etc' }),
      /the path .* is outside/,
    ],
    [
      'a path above',
      modularEntry({ pretrained_model_name_or_path: '../../secret' }),
      /the path "\.\.\/\.\.\/secret" is outside/,
    ],
  ])('whose entry is %s is refused with the file', async (_, entry, message) => {
    writeModularModel(folder(), { text_encoder_2: entry })
    const error = await failure(ModelIndexError, pipeline)
    expect(error.file).toBe(join(folder(), 'modular_model_index.json'))
    expect(error.message).toMatch(message)
  })

  test.each(['file:///etc/secret', 'FILE:secret', 'http://host/secret', 'a/%2e%2e/%2E%2E/secret', 'a\\..\\secret'])(
    'may not name %s',
    async path => {
      writeModularModel(folder(), { text_encoder_2: modularEntry({ pretrained_model_name_or_path: path }) })
      const error = await failure(ModelIndexError, pipeline)
      expect(error.message).toContain(`the path ${JSON.stringify(path)} is outside the model's folder`)
    },
  )

  test('may name another folder of this machine, as Python writes it, with a warning', () => {
    const warning = jest.spyOn(process, 'emitWarning').mockImplementation()
    const entry = (path: string) => ({ text_encoder_2: modularEntry({ pretrained_model_name_or_path: path }) })
    writeModularModel(folder(), entry(join(folder(), 'inside')))
    expect(spec()?.pretrainedModelNameOrPath).toBe(join(folder(), 'inside'))
    writeModularModel(folder(), entry('/saved/elsewhere'))
    expect(spec()?.pretrainedModelNameOrPath).toBe('/saved/elsewhere')
    expect(warning.mock.calls).toEqual([
      [expect.stringMatching(/the entry "text_encoder_2" is loaded from another folder, "\/saved/), expect.anything()],
    ])
  })

  test('that is damaged is refused, and not skipped for the other', async () => {
    writeModel(folder(), {})
    writeFileSync(join(folder(), 'modular_model_index.json'), '{ "text_')
    expect((await failure(ModelIndexError, pipeline)).message).toMatch(/modular_model_index\.json: is not JSON/)
  })

  test('and another that say of the same files that they are of different classes are refused', async () => {
    const own = { pretrained_model_name_or_path: folder(), subfolder: 'text_encoder_2' }
    writeModularModel(folder(), { text_encoder_2: modularEntry(own) })
    writeModel(folder(), { text_encoder_2: ['toys', 'OtherModel'] })
    const error = await failure(ModelIndexError, pipeline)
    expect(error.message).toMatch(
      /names the class Model for "text_encoder_2", but model_index\.json .* OtherModel\. Remove/,
    )
    writeModel(folder(), { text_encoder_2: ['toys', 'ModelFast'] })
    expect(spec()?.className).toBe('Model')
    writeModel(folder(), { text_encoder_2: ['toys', 'OtherModel'] })
    writeModularModel(folder(), { text_encoder_2: modularEntry({ ...own, pretrained_model_name_or_path: 'a/b' }) })
    expect(spec()?.pretrainedModelNameOrPath).toBe('a/b')
  })
})

test('names are saved as the index that a pipeline was made from spells them', () => {
  class Named extends ModularPipelineBlocks {
    @Component(Model) sam2!: Model
    @Config({ default: 1 }) unet2dScale!: number
    run() {}
  }
  writeModularModel(folder(), { sam2: modularEntry({ pretrained_model_name_or_path: 'a/b' }), unet2d_scale: 3 })
  const { configToSave } = new Named().initPipeline(folder())
  expect(configToSave).toMatchObject({ sam2: [null, null, { subfolder: '' }], unet2d_scale: 3 })
  expect(Object.keys(new Named().initPipeline().configToSave)).toEqual(
    expect.arrayContaining(['sam_2', 'unet_2d_scale']),
  )
})

describe('any other index', () => {
  test('says of which class each component is, in the folder of its name', () => {
    writeModel(folder(), { text_encoder_2: ['toys', 'ModelFast'], guider: [null, null] })
    expect(spec()).toMatchObject({
      loadId: `${folder()}|text_encoder_2|null|null`,
      className: 'ModelFast',
      typeHint: Model,
    })
    expect(pipeline().components.guider).toBeInstanceOf(BaseGuider)
  })

  test('may name a class of Python that stands for any', () => {
    writeModel(folder(), { text_encoder_2: ['transformers', 'AutoModel'] })
    expect(spec()).toMatchObject({ loadId: `${folder()}|text_encoder_2|null|null`, className: undefined })
  })

  test('lets a component be loaded that the block would make itself, if it is one', () => {
    writeModel(folder(), { guider: ['toys', 'StrongGuider'] })
    expect(spec('guider')?.loadId).toBe(`${folder()}|guider|null|null`)
    writeModel(folder(), { guider: ['toys', 'OtherModel'] })
    expect(spec('guider')?.loadId).toBe('null')
  })

  test('holds no entries of three', async () => {
    writeModel(folder(), { text_encoder_2: modularEntry({}) })
    const { message } = await failure(ModelIndexError, pipeline)
    expect(message).toMatch(
      /has the form of a modular_model_index\.json; in a model_index\.json, it must be \[library, class\]/,
    )
  })

  test('that names a component twice is refused', async () => {
    writeModel(folder(), { text_encoder_2: ['toys', 'Model'], textEncoder2: ['toys', 'OtherModel'] })
    const { message } = await failure(ModelIndexError, pipeline)
    expect(message).toMatch(/the entries "text_encoder_2" and "textEncoder2" have the same name/)
  })

  test('may say anything of what no block asks for', () => {
    writeModel(folder(), { vae: ['a', 'b', 'c', 'd'], image_encoder: '../..' })
    expect(SequentialPipelineBlocks.fromBlocksDict({ a: Blocks }).initPipeline(folder()).componentNames).toEqual([
      'textEncoder2',
      'guider',
    ])
  })
})
