import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ComponentSourceError,
  ComponentSpec,
  ConfigSpec,
  DeclarationError,
  type FromPretrainedOptions,
  RepositoryCommits,
  registerComponentClasses,
  UnknownComponentClassError,
  UnsupportedDTypeError,
} from '../../../src'
import { loadIdOf, markLoaded } from '../../../src/params/load-ids'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { failure } from '../fixtures/failures'

class Model {
  constructor(
    readonly path: string,
    readonly options: FromPretrainedOptions,
  ) {}
  static async fromPretrained(path: string, options: FromPretrainedOptions = {}): Promise<Model> {
    return new Model(path, options)
  }
}

class Settings {
  constructor(readonly config: Readonly<Record<string, unknown>>) {}
}

describe('ComponentSpec.loadId', () => {
  test.each([
    [{ name: 'unet' }, 'null||null|null'],
    [{ name: 'unet', pretrainedModelNameOrPath: 'a/b', subfolder: 'unet', variant: 'fp16' }, 'a/b|unet|fp16|null'],
    [{ name: 'unet', pretrainedModelNameOrPath: 'a/b', revision: 'main' }, 'a/b||null|main'],
    [{ name: 'guider', config: {} }, 'null'],
  ])('of spec %# joins what would be loaded', (options, loadId) => {
    expect(new ComponentSpec(options).loadId).toBe(loadId)
  })
})

describe('ComponentSpec.decodeLoadId', () => {
  test.each([
    ['a/b|unet|fp16|null', { pretrainedModelNameOrPath: 'a/b', subfolder: 'unet', variant: 'fp16' }],
    ['a/b||null|main', { pretrainedModelNameOrPath: 'a/b', subfolder: '', revision: 'main' }],
    ['a/b|unet|null|null|more', { pretrainedModelNameOrPath: 'a/b', subfolder: 'unet' }],
    ['a/b', { pretrainedModelNameOrPath: 'a/b' }],
    ['null||null|null', { subfolder: '' }],
    ['null', {}],
  ])('reads %s back', (loadId, fields) => {
    expect(ComponentSpec.decodeLoadId(loadId)).toEqual(fields)
  })

  test('gives what a spec of that load id has', () => {
    const spec = new ComponentSpec({ name: 'unet', pretrainedModelNameOrPath: 'a/b', variant: 'fp16', revision: 'v1' })
    expect(new ComponentSpec({ name: 'unet', ...ComponentSpec.decodeLoadId(spec.loadId) })).toEqual(spec)
  })
})

describe('ComponentSpec.fromComponent', () => {
  class Scheduler {
    readonly config = { steps: 3 }
    static fromConfig() {
      return new Scheduler()
    }
  }
  class Network {
    readonly config = {}
    parameters() {
      return []
    }
    static fromConfig() {
      return new Network()
    }
  }

  test('says where a component was loaded from', () => {
    const network = new Network()
    markLoaded(network, 'a/b|unet|fp16|null')
    const spec = ComponentSpec.fromComponent('unet', network)
    expect(spec).toMatchObject({
      name: 'unet',
      typeHint: Network,
      defaultCreationMethod: 'fromPretrained',
      pretrainedModelNameOrPath: 'a/b',
      subfolder: 'unet',
      variant: 'fp16',
    })
    expect(spec.config).toBeUndefined()
    expect(spec.loadId).toBe('a/b|unet|fp16|null')
  })

  test('takes the config of a component without weights, with or without a mark', () => {
    for (const mark of [undefined, 'null']) {
      const scheduler = new Scheduler()
      if (mark !== undefined) markLoaded(scheduler, mark)
      expect(ComponentSpec.fromComponent('scheduler', scheduler)).toMatchObject({
        typeHint: Scheduler,
        defaultCreationMethod: 'fromConfig',
        config: { steps: 3 },
        loadId: 'null',
      })
    }
  })

  test('refuses weights that come from nowhere, and what cannot be made from a config', async () => {
    const created = new ComponentSpec({ name: 'unet', typeHint: Network, config: {} }).create()
    for (const network of [new Network(), created]) {
      const error = await failure(ComponentSourceError, () => ComponentSpec.fromComponent('unet', network))
      expect(error.component).toBe('unet')
      expect(error.message).toContain('"unet" (an instance of Network): it holds weights')
    }
    for (const value of [new Settings({}), {}, 'text', undefined]) {
      const error = await failure(ComponentSourceError, () => ComponentSpec.fromComponent('x', value))
      expect(error.message).toContain('static fromConfig()')
    }
  })
})

describe('ComponentSpec.equals', () => {
  const spec = new ComponentSpec({ name: 'unet', typeHint: Model, subfolder: 'unet' })

  test('looks at name, place and way of making alone', () => {
    expect(
      spec.equals(new ComponentSpec({ name: 'unet', subfolder: 'unet', description: 'x', typeHint: Settings })),
    ).toBe(true)
    expect(spec.equals(new ComponentSpec({ name: 'vae', subfolder: 'unet' }))).toBe(false)
    expect(spec.equals(new ComponentSpec({ name: 'unet', subfolder: 'other' }))).toBe(false)
    expect(spec.equals(spec.with({ defaultCreationMethod: 'fromConfig' }))).toBe(false)
  })

  test('takes two configs of one name as the same', () => {
    const [a, b] = [1, 2].map(steps => new ComponentSpec({ name: 'guider', config: { steps } })) as [
      ComponentSpec,
      ComponentSpec,
    ]
    expect(a.equals(b)).toBe(true)
  })
})

describe('ComponentSpec.create', () => {
  test('makes the component by fromConfig, or by its constructor', () => {
    class Guider {
      static fromConfig(config: object) {
        return Object.assign(new Guider(), config)
      }
    }
    expect(new ComponentSpec({ name: 'guider', typeHint: Guider, config: { scale: 2 } }).create()).toMatchObject({
      scale: 2,
    })
    const settings = new ComponentSpec({ name: 's', typeHint: Settings, config: { a: 1 } })
    expect(settings.create()).toEqual(new Settings({ a: 1 }))
    expect(settings.create({ a: 2 })).toEqual(new Settings({ a: 2 }))
    expect(settings.create({})).toEqual(new Settings({ a: 1 }))
  })

  test('marks the component as one that was not loaded', () => {
    expect(loadIdOf(new ComponentSpec({ name: 's', typeHint: Settings, config: {} }).create())).toBe('null')
  })

  test('needs a class', async () => {
    const error = await failure(DeclarationError, () => new ComponentSpec({ name: 'x', config: {} }).create())
    expect(error.message).toMatch(/^ComponentSpec\.x: .* only when its class is given/)
  })
})

describe('ComponentSpec.load', () => {
  const spec = new ComponentSpec({
    name: 'unet',
    typeHint: Model,
    pretrainedModelNameOrPath: 'folder',
    subfolder: 'unet',
    className: 'UNet2DConditionModel',
  })

  test('hands on where and what to load, and lets the caller override it', async () => {
    const loaded = (await spec.load({ variant: 'fp16' })) as Model
    expect(loaded.path).toBe('folder')
    const given = { subfolder: 'unet', className: 'UNet2DConditionModel', variant: 'fp16' }
    expect(loaded.options).toEqual({ ...given, commits: expect.any(RepositoryCommits) })
    expect(((await spec.load({ subfolder: 'other' })) as Model).options.subfolder).toBe('other')
  })

  test('marks the component with where it came from', async () => {
    expect(loadIdOf(await spec.load())).toBe('folder|unet|null|null')
    const options = { pretrainedModelNameOrPath: 'other', variant: 'fp16', revision: 'v2' }
    expect(loadIdOf(await spec.load(options))).toBe('other|unet|fp16|v2')
    expect(((await spec.load(options)) as Model).path).toBe('other')
    expect(spec.located(options).loadId).toBe('other|unet|fp16|v2')
    expect(loadIdOf(await spec.with({ defaultCreationMethod: 'fromConfig' }).load())).toBe('folder|unet|null|null')
  })

  test('takes the top of the folder when the caller empties the subfolder', async () => {
    const loaded = (await spec.load({ subfolder: '' })) as Model
    expect('subfolder' in loaded.options).toBe(false)
    expect(loadIdOf(loaded)).toBe('folder||null|null')
  })

  test('tells models of a dtype that they know, and nothing else of any', async () => {
    class Network extends Model {
      static readonly dtypes = ['float32', 'bfloat16'] as const
    }
    expect(((await spec.load({ dtype: 'float16' })) as Model).options.dtype).toBeUndefined()
    const network = spec.with({ typeHint: Network })
    expect(((await network.load({ dtype: 'bfloat16' })) as Model).options.dtype).toBe('bfloat16')
    const error = await failure(UnsupportedDTypeError, () => network.load({ dtype: 'float16' }))
    expect(error.message).toContain('cannot be cast to "float16". They can be "float32" and "bfloat16"')
  })

  test('reads one file of weights where the class can', async () => {
    class FromFile extends Model {
      static async fromSingleFile(path: string): Promise<Model> {
        return Model.fromPretrained(`file ${path}`)
      }
    }
    const path = '/models/unet.safetensors'
    const file = new ComponentSpec({ name: 'unet', typeHint: FromFile, pretrainedModelNameOrPath: path })
    const loaded = (await file.load()) as Model
    expect(loaded.path).toBe(`file ${path}`)
    expect(loadIdOf(loaded)).toBe(`${path}||null|null`)
    const error = await failure(DeclarationError, () => file.with({ typeHint: Model }).load())
    expect(error.message).toContain(`${path} is one file: it has no static fromSingleFile()`)
  })

  describe('takes', () => {
    class Base {
      constructor(readonly options: FromPretrainedOptions) {}
      static async fromPretrained(_path: string, options: FromPretrainedOptions = {}) {
        return new this(options)
      }
    }
    class Special extends Base {}
    class Foreign extends Base {}
    beforeAll(() => registerComponentClasses('tests', { Special, ForeignAlias: Foreign }))
    const folder = useTemporaryFolder()
    const base = new ComponentSpec({ name: 'unet', typeHint: Base, pretrainedModelNameOrPath: 'x' })

    test('the class that the index names, if it is one of the declared class', async () => {
      expect(await base.with({ className: 'Special' }).load()).toBeInstanceOf(Special)
      const own = await base.with({ typeHint: Special, className: 'ForeignAlias' }).load()
      expect(own).toBeInstanceOf(Special)
      expect((own as Base).options.className).toBe('ForeignAlias')
    })

    test('the class that the index names where no block declares one', async () => {
      const open = base.with({ typeHint: undefined })
      expect(await open.with({ className: 'ForeignAlias' }).load()).toBeInstanceOf(Foreign)
      const error = await failure(UnknownComponentClassError, () => open.with({ className: 'Specail' }).load())
      expect(error.message).toContain('its class Specail is not known; did you mean Special?')
    })

    test.each([
      ['config.json', { _class_name: 'Special' }],
      ['config.json', { architectures: ['Special'] }],
      ['scheduler_config.json', { _class_name: 'Special' }],
      ['guider_config.json', { _class_name: 'Special' }],
      ['tokenizer_config.json', { tokenizer_class: 'Special' }],
    ])('the class that %s states, where nobody else does: %j', async (file, config) => {
      await writeFile(join(folder(), file), JSON.stringify(config))
      const spec = new ComponentSpec({ name: 'unet', pretrainedModelNameOrPath: folder() })
      expect(await spec.load()).toBeInstanceOf(Special)
    })

    test('no class at all where nobody states one', async () => {
      await writeFile(join(folder(), 'config.json'), 'no JSON')
      const spec = new ComponentSpec({ name: 'unet', pretrainedModelNameOrPath: folder() })
      const error = await failure(UnknownComponentClassError, () => spec.load())
      expect(error.message).toContain('neither a block, nor the index, nor a config of the component names its class')
      expect(error.className).toBeUndefined()
    })
  })

  test('needs a place and a class that can load', async () => {
    expect(
      (await failure(DeclarationError, () => new ComponentSpec({ name: 'x', typeHint: Model }).load())).message,
    ).toMatch(/a folder/)
    expect(
      (await failure(DeclarationError, () => new ComponentSpec({ name: 'x', typeHint: Settings }).load())).message,
    ).toMatch(/static fromPretrained/)
  })
})

describe('ConfigSpec.equals', () => {
  test('looks at every field', () => {
    const spec = new ConfigSpec({ name: 'flag', default: true, description: 'a flag' })
    expect(spec.equals(new ConfigSpec({ name: 'flag', default: true, description: 'a flag' }))).toBe(true)
    expect(spec.equals(new ConfigSpec({ name: 'flag', default: false, description: 'a flag' }))).toBe(false)
    expect(spec.equals(new ConfigSpec({ name: 'flag', default: true }))).toBe(false)
    expect(spec.equals(new ConfigSpec({ name: 'other', default: true, description: 'a flag' }))).toBe(false)
  })
})
