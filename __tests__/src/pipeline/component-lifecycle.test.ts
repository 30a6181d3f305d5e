import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { z } from 'zod'
import {
  Block,
  Component,
  ComponentContainer,
  ComponentLoadError,
  type ComponentRegistry,
  ComponentSourceError,
  ComponentSpec,
  ComponentTypeError,
  Config,
  ConflictingOptionsError,
  type FromPretrainedOptions,
  InputTypeError,
  loadIdOf,
  ModularPipelineBlocks,
  markLoaded,
  NoWorkflowsError,
  type Out,
  Output,
  SequentialPipelineBlocks,
  Step,
  UnknownValueError,
  UnknownWorkflowError,
  UnsupportedDTypeError,
} from '../../../src'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { failure } from '../fixtures/failures'
import { modularEntry, writeModularModel } from '../fixtures/model-folder'

/** A model of which the tests know when it was loaded and disposed. */
class Model {
  static readonly dtypes = ['float32'] as const
  static loads = 0
  static failing = new Set<string>()
  static onLoad: ((model: Model) => void) | undefined
  disposed = 0
  readonly config = {}
  constructor(
    readonly path: string,
    readonly options: FromPretrainedOptions,
  ) {
    Model.onLoad?.(this)
  }
  static async fromPretrained(path: string, options: FromPretrainedOptions = {}): Promise<Model> {
    Model.loads += 1
    await new Promise(resolve => setTimeout(resolve, 1))
    if (Model.failing.has(options.subfolder ?? '')) throw new Error(`${options.subfolder} is damaged`)
    return new Model(path, options)
  }
  static fromConfig() {
    return new Model('config', {})
  }
  parameters() {
    return []
  }
  dispose() {
    this.disposed += 1
  }
}
class UNet extends Model {
  static override async fromPretrained(path: string, options: FromPretrainedOptions = {}): Promise<UNet> {
    const { path: from, options: given } = await Model.fromPretrained(path, options)
    return new UNet(from, given)
  }
}
class Guider {
  readonly config: Readonly<Record<string, unknown>>
  constructor(config: Readonly<Record<string, unknown>>) {
    this.config = { scale: 1, ...config }
  }
  static fromConfig(config: Readonly<Record<string, unknown>>) {
    return new Guider(config)
  }
}

class Encode extends ModularPipelineBlocks {
  @Component(Model) textEncoder!: Model
  @Component(Guider, { config: { scale: 7 } }) guider!: Guider
  @Config(z.boolean().default(true)) flag!: boolean
  @Output() seen!: Out<unknown[]>
  run() {
    this.seen = [this.textEncoder.path, this.guider.config['scale'], this.flag]
  }
}
class Predict extends ModularPipelineBlocks {
  @Component(UNet) unet!: UNet
  @Component(Model) vae!: Model
  run() {}
}
class Both extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() predict = Predict
  override get workflowMap() {
    return { all: {} } as const
  }
}
class WithWorkflows extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() predict = Both
  override get workflowMap() {
    return { all: {} } as const
  }
}

/** What a pipeline tells a manager. */
class Registry implements ComponentRegistry {
  readonly ids = new Map<string, unknown>()
  readonly collections: (string | undefined)[] = []
  add(name: string, component: unknown, collection?: string): string {
    const id = `${name}_${this.collections.length}`
    this.ids.set(id, component)
    this.collections.push(collection)
    return id
  }
  remove(id: string): void {
    if (!this.ids.delete(id)) throw new Error(`no ${id}`)
  }
  removeFromCollection(id: string, collection: string): void {
    throw new Error(`${id} was not expected to leave ${collection}`)
  }
}

const folder = useTemporaryFolder()
const place = (subfolder: string) => modularEntry({ pretrained_model_name_or_path: 'org/model', subfolder })

beforeEach(() => {
  Model.loads = 0
  Model.failing.clear()
  Model.onLoad = undefined
  writeModularModel(folder(), {
    text_encoder: place('text_encoder'),
    unet: place('unet'),
    vae: place('vae'),
    flag: false,
  })
})

const pipeline = (options = {}) => new Both().initPipeline(folder(), options)
const loaded = () => pipeline().loadComponents()
const model = (pipe: { components: Readonly<Record<string, unknown>> }, name: string) => pipe.components[name] as Model

describe('names of components', () => {
  test('differ by how they come to be, and whether they exist', async () => {
    const pipe = pipeline()
    expect(pipe.componentNames).toEqual(['textEncoder', 'guider', 'unet', 'vae'])
    expect(pipe.pretrainedComponentNames).toEqual(['textEncoder', 'unet', 'vae'])
    expect(pipe.configComponentNames).toEqual(['guider'])
    expect(pipe.nullComponentNames).toEqual(['textEncoder', 'unet', 'vae'])
    await pipe.loadComponents({ names: 'vae' })
    expect(pipe.nullComponentNames).toEqual(['textEncoder', 'unet'])
    expect(Object.keys(pipe.components)).toEqual(pipe.componentNames)
  })

  test('a component that is made from its config carries it and says so', () => {
    const pipe = pipeline()
    expect(loadIdOf(pipe.components.guider)).toBe('null')
    expect(pipe.getComponentSpec('guider')?.config).toEqual({ scale: 7 })
  })

  test('a spec that is given out is a copy', () => {
    const pipe = pipeline()
    const spec = pipe.getComponentSpec('unet') as ComponentSpec
    Object.assign(spec, { subfolder: 'changed' })
    expect(pipe.getComponentSpec('unet')?.subfolder).toBe('unet')
  })
})

describe('loadComponents', () => {
  test('leaves alone what is there, and loads again what is named', async () => {
    const pipe = await loaded()
    const { unet, vae } = pipe.components
    await pipe.loadComponents()
    expect(pipe.components.unet).toBe(unet)
    await pipe.loadComponents({ names: ['unet'] })
    expect(pipe.components.unet).not.toBe(unet)
    expect(pipe.components.vae).toBe(vae)
  })

  test('loads one after another as they are asked for', async () => {
    const pipe = pipeline()
    await pipe.loadComponents({ names: 'unet' })
    expect(pipe.components.vae).toBeUndefined()
    const { unet } = pipe.components
    await pipe.loadComponents({ names: ['textEncoder'] })
    expect(pipe.components.unet).toBe(unet)
    expect(pipe.components.textEncoder).toBeInstanceOf(Model)
  })

  test('marks what it loads with the load id of its spec', async () => {
    const pipe = await loaded()
    for (const name of pipe.pretrainedComponentNames) {
      expect(loadIdOf(pipe.components[name])).toBe(pipe.getComponentSpec(name)?.loadId)
    }
    expect(loadIdOf(pipe.components.unet)).toBe('org/model|unet|null|null')
  })

  test.each([
    [
      'throws',
      (): void => {
        throw new Error('this model is too old')
      },
    ],
    [
      'rejects',
      async (): Promise<void> => {
        throw new Error('this model is too old')
      },
    ],
  ])('disposes a component whose afterLoad %s', async (_, afterLoad) => {
    const made: Model[] = []
    Model.onLoad = model => made.push(model)
    @Block({ afterLoad: { vae: afterLoad } })
    class Corrected extends Both {}
    const pipe = new Corrected().initPipeline(folder())
    const { failures } = await failure(ComponentLoadError, () => pipe.loadComponents())
    expect([...failures].map(([name, error]) => [name, (error as Error).message])).toEqual([
      ['vae', 'this model is too old'],
    ])
    expect(made.filter(({ disposed }) => disposed === 1).map(({ options }) => options.subfolder)).toEqual(['vae'])
    expect(pipe.missingComponentNames).toEqual(['vae'])
  })

  test('skips what has no place', async () => {
    const pipe = new Both().initPipeline()
    await pipe.loadComponents()
    expect(Model.loads).toBe(0)
    expect(pipe.nullComponentNames).toEqual(['textEncoder', 'unet', 'vae'])
  })

  test('takes one value for all, or a map by name with a default', async () => {
    const pipe = pipeline()
    await pipe.loadComponents({ variant: { unet: 'fp16', default: 'ema' }, revision: { vae: 'v2' }, token: 'secret' })
    const options = (name: string) => model(pipe, name).options
    expect(options('unet')).toMatchObject({ variant: 'fp16', token: 'secret' })
    expect(options('vae')).toMatchObject({ variant: 'ema', revision: 'v2', token: 'secret' })
    expect('revision' in options('unet')).toBe(false)
    expect(pipe.getComponentSpec('vae')?.loadId).toBe('org/model|vae|ema|v2')
    expect(pipe.getComponentSpec('unet')?.loadId).toBe('org/model|unet|fp16|null')
  })

  test('takes another place than that of the spec, and remembers it', async () => {
    const pipe = pipeline()
    await pipe.loadComponents({ names: 'vae', pretrainedModelNameOrPath: 'other/vae', subfolder: '' })
    expect(model(pipe, 'vae').path).toBe('other/vae')
    expect(pipe.getComponentSpec('vae')?.loadId).toBe('other/vae||null|null')
    await pipe.loadComponents({ names: 'vae' })
    expect(model(pipe, 'vae').path).toBe('other/vae')
  })

  test('hands an executor on as it is, for all or by name, otherwise the one in the container', async () => {
    class Executor {}
    const [one, other] = [new Executor(), new Executor()]
    const container = ComponentContainer.create().register('executor', { useValue: one })
    const pipe = pipeline({ container })
    await pipe.loadComponents({ names: 'vae' })
    expect(model(pipe, 'vae').options.executor).toBe(one)
    await pipe.loadComponents({ names: ['vae', 'unet'], executor: { vae: other } })
    expect(model(pipe, 'vae').options.executor).toBe(other)
    expect(model(pipe, 'unet').options.executor).toBe(one)
    const plain = { name: 'plain', run: () => undefined }
    for (const executor of [other, plain]) {
      await pipe.loadComponents({ names: 'vae', executor })
      expect(model(pipe, 'vae').options.executor).toBe(executor)
    }
  })

  test('refuses a dtype that a model does not compute in', async () => {
    const pipe = pipeline()
    const error = await failure(ComponentLoadError, () =>
      pipe.loadComponents({ dtype: { default: 'float32', vae: 'float16' } }),
    )
    expect([...error.failures.keys()]).toEqual(['vae'])
    expect(error.cause).toBeInstanceOf(UnsupportedDTypeError)
    expect(model(pipe, 'unet').options.dtype).toBe('float32')
  })

  test('refuses a map that names no component, and names that are none', async () => {
    const pipe = pipeline()
    const { message } = await failure(UnknownValueError, () => pipe.loadComponents({ variant: { unett: 'fp16' } }))
    expect(message).toContain('Did you mean "unet"?')
    await failure(UnknownValueError, () => pipe.loadComponents({ names: ['unet', 'unett'] }))
    // @ts-expect-error: a name must be a text
    await failure(InputTypeError, () => pipe.loadComponents({ names: [5] }))
    // @ts-expect-error: names are a text or a list
    await failure(InputTypeError, () => pipe.loadComponents({ names: new Set(['unet']) }))
    expect(Model.loads).toBe(0)
  })

  test('keeps what was loaded when others fail, and loads the rest the next time', async () => {
    const pipe = pipeline()
    Model.failing.add('unet')
    const error = await failure(ComponentLoadError, () => pipe.loadComponents())
    expect(error.message).toContain('unet: unet is damaged')
    const { vae } = pipe.components
    Model.failing.clear()
    await pipe.loadComponents()
    expect(pipe.nullComponentNames).toEqual([])
    expect(pipe.components.vae).toBe(vae)
  })

  test('keeps the old component when it cannot be loaded again', async () => {
    const pipe = await loaded()
    const unet = model(pipe, 'unet')
    Model.failing.add('unet')
    await failure(ComponentLoadError, () => pipe.loadComponents({ names: 'unet', variant: 'fp16' }))
    expect(pipe.components.unet).toBe(unet)
    expect(unet.disposed).toBe(0)
    expect(pipe.getComponentSpec('unet')?.variant).toBeUndefined()
  })

  test('loads nothing twice when it is called twice at once', async () => {
    const pipe = pipeline()
    await Promise.all([pipe.loadComponents(), pipe.loadComponents()])
    expect(Model.loads).toBe(3)
  })

  test('disposes what it loaded before and nobody else holds', async () => {
    const pipe = await loaded()
    const [unet, vae] = [model(pipe, 'unet'), model(pipe, 'vae')]
    const other = new Both().initPipeline().updateComponents({ vae })
    await pipe.loadComponents({ names: ['unet', 'vae'] })
    expect([unet.disposed, vae.disposed]).toEqual([1, 0])
    expect(other.components.vae).toBe(vae)
  })

  test('does not dispose what it was handed', async () => {
    const vae = new Model('by hand', {})
    const pipe = pipeline().updateComponents({ vae })
    pipe.updateComponents({ vae: new ComponentSpec({ name: 'vae', pretrainedModelNameOrPath: 'a/b' }) })
    await pipe.loadComponents({ names: 'vae' })
    expect(vae.disposed).toBe(0)
  })

  test('disposes a component of another class than the blocks ask for', async () => {
    class Liar extends UNet {
      static override async fromPretrained(): Promise<UNet> {
        return lie
      }
    }
    const lie = new Model('lie', {}) as UNet // The test is of a class that keeps no promise.
    const pipe = pipeline().updateComponents({
      unet: new ComponentSpec({ name: 'unet', typeHint: Liar, pretrainedModelNameOrPath: 'x' }),
    })
    const error = await failure(ComponentLoadError, () => pipe.loadComponents({ names: 'unet' }))
    expect(error.cause).toBeInstanceOf(ComponentTypeError)
    expect(lie.disposed).toBe(1)
    expect(pipe.components.unet).toBeUndefined()
  })

  test('loads what a workflow needs, and no more', async () => {
    class Tree extends SequentialPipelineBlocks {
      @Step() encode = Encode
      @Step() predict = Predict
      override get workflowMap() {
        return { everything: {} } as const
      }
      override getWorkflow(name: string) {
        return name === 'encode' ? SequentialPipelineBlocks.fromBlocksDict({ encode: Encode }) : super.getWorkflow(name)
      }
    }
    const pipe = new Tree().initPipeline(folder())
    await pipe.loadComponents({ workflow: 'encode' })
    expect(pipe.nullComponentNames).toEqual(['unet', 'vae'])
    await pipe.loadComponents({ workflow: 'everything' })
    expect(pipe.nullComponentNames).toEqual([])
  })

  test('takes names or a workflow, not both, and no workflow that there is not', async () => {
    const pipe = new WithWorkflows().initPipeline(folder())
    const error = await failure(ConflictingOptionsError, () => pipe.loadComponents({ names: 'unet', workflow: 'all' }))
    expect(error.message).toMatch(/not both/)
    const unknown = await failure(UnknownWorkflowError, () => pipe.loadComponents({ workflow: 'none' }))
    expect(unknown.message).toContain('Available workflows: "all"')
    await failure(NoWorkflowsError, () => new Encode().initPipeline().loadComponents({ workflow: 'all' }))
  })
})

describe('unloadComponents', () => {
  test('removes components, disposed; they can be loaded again', async () => {
    const pipe = await loaded()
    const unet = model(pipe, 'unet')
    const spec = pipe.getComponentSpec('unet')
    expect(pipe.unloadComponents('unet')).toBe(pipe)
    expect(unet.disposed).toBe(1)
    expect(pipe.components).toHaveProperty('unet', undefined)
    pipe.unloadComponents('unet')
    expect(unet.disposed).toBe(1)
    expect(pipe.getComponentSpec('unet')).toEqual(spec)
    await pipe.loadComponents({ names: 'unet' })
    expect(pipe.components.unet).toBeInstanceOf(UNet)
  })

  test('removes several at once', async () => {
    const pipe = await loaded()
    pipe.unloadComponents(['unet', 'vae'])
    expect(pipe.nullComponentNames).toEqual(['unet', 'vae'])
    await pipe.loadComponents({ names: ['unet', 'vae'] })
    expect(pipe.nullComponentNames).toEqual([])
  })

  test('refuses what is not a name, and then removes nothing', async () => {
    const pipe = await loaded()
    const { message } = await failure(UnknownValueError, () => pipe.unloadComponents(['unet', 'not_a_component']))
    expect(message).toContain('not_a_component')
    // @ts-expect-error: names are a text or a list
    await failure(InputTypeError, () => pipe.unloadComponents(5))
    expect(pipe.nullComponentNames).toEqual([])
  })

  test('leaves no reference to the component', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const pipe = await loaded()
    const weak = new WeakRef(pipe.components.unet as object)
    pipe.unloadComponents('unet')
    for (let i = 0; i < 10 && weak.deref() !== undefined; i++) {
      await new Promise(resolve => setTimeout(resolve, 5))
      collect()
    }
    expect(weak.deref()).toBeUndefined()
  })

  test('does not dispose what another pipeline holds, until that releases it', async () => {
    const pipe = await loaded()
    const vae = model(pipe, 'vae')
    const other = new Both().initPipeline().updateComponents({ vae })
    pipe.unloadComponents('vae')
    expect(vae.disposed).toBe(0)
    other.unloadComponents('vae')
    expect(vae.disposed).toBe(1)
  })

  test('leaves what a shared container supplies', async () => {
    const vae = new Model('shared', {})
    const container = ComponentContainer.create().register('vae', { useValue: vae })
    const pipe = pipeline({ container })
    pipe.unloadComponents('vae')
    expect(pipe.components.vae).toBe(vae)
    expect(vae.disposed).toBe(0)
  })

  test('disposes what was put into the own container by hand', async () => {
    const pipe = pipeline()
    const vae = new Model('by hand', {})
    pipe.container.register('vae', { useValue: vae })
    pipe.unloadComponents('vae')
    expect(vae.disposed).toBe(1)
  })
})

describe('updateComponents', () => {
  test('takes the place over from a component that was loaded', async () => {
    const vae = await new ComponentSpec({
      name: 'x',
      typeHint: Model,
      pretrainedModelNameOrPath: 'a/b',
      variant: 'fp16',
    }).load()
    const pipe = pipeline().updateComponents({ vae: vae as Model })
    expect(pipe.components.vae).toBe(vae)
    expect(pipe.getComponentSpec('vae')).toMatchObject({ name: 'vae', typeHint: Model, loadId: 'a/b||fp16|null' })
  })

  test('forgets the place when a component was made by hand', async () => {
    const pipe = pipeline().updateComponents({ unet: new UNet('by hand', {}) })
    expect(pipe.getComponentSpec('unet')).toMatchObject({
      typeHint: UNet,
      defaultCreationMethod: 'fromPretrained',
      loadId: 'null||null|null',
    })
    await pipe.loadComponents()
    expect(model(pipe, 'unet').path).toBe('by hand')
  })

  test('takes the config of a component that is made from one', () => {
    const guider = new Guider({ scale: 3 })
    const pipe = pipeline().updateComponents({ guider })
    expect(pipe.getComponentSpec('guider')).toMatchObject({ defaultCreationMethod: 'fromConfig', config: { scale: 3 } })
  })

  test('lets a component that was loaded stand for one that is made from a config, and be saved', () => {
    const guider = new Guider({ scale: 3 })
    markLoaded(guider, 'a/b|guider|null|null')
    const pipe = pipeline().updateComponents({ guider })
    expect(pipe.pretrainedComponentNames).toContain('guider')
    expect(pipe.configToSave['guider']).toMatchObject([null, 'Guider', { pretrained_model_name_or_path: 'a/b' }])
    pipe.updateComponents({ guider: pipeline().components.guider })
    expect(pipe.configComponentNames).toEqual(['guider'])
  })

  test('refuses a model that was made from its config, as nobody knows its weights', async () => {
    const made = new ComponentSpec({ name: 'vae', typeHint: Model, config: {} }).create()
    const pipe = pipeline()
    await failure(ComponentSourceError, () => pipe.updateComponents({ guider: new Guider({}), vae: made as Model }))
    expect(pipe.components.vae).toBeUndefined()
    expect(pipe.getComponentSpec('guider')?.config).toEqual({ scale: 7 })
  })

  test.each([null, undefined])('takes a component away for %p, and leaves its spec and itself', async nothing => {
    const pipe = await loaded()
    const unet = model(pipe, 'unet')
    pipe.updateComponents({ unet: nothing })
    expect(pipe.nullComponentNames).toEqual(['unet'])
    expect(unet.disposed).toBe(0)
    await pipe.loadComponents()
    expect(pipe.components.unet).toBeInstanceOf(UNet)
  })

  test('makes a component by a spec at once, or loads it when asked', async () => {
    const pipe = await loaded()
    const vae = model(pipe, 'vae')
    pipe.updateComponents({
      guider: new ComponentSpec({ name: 'any', typeHint: Guider, config: { scale: 9 } }),
      vae: new ComponentSpec({ name: 'any', pretrainedModelNameOrPath: 'other/vae', subfolder: 'v' }),
    })
    expect(pipe.components.guider).toEqual(new Guider({ scale: 9 }))
    expect(pipe.components.vae).toBeUndefined()
    expect(vae.disposed).toBe(0)
    await pipe.loadComponents()
    expect(loadIdOf(pipe.components.vae)).toBe('other/vae|v|null|null')
  })

  test('refuses a spec of another class', async () => {
    const error = await failure(ComponentTypeError, () =>
      pipeline().updateComponents({ unet: new ComponentSpec({ name: 'unet', typeHint: Model }) }),
    )
    expect(error.message).toContain('"unet" must be an instance of UNet, but is asked for as Model')
  })

  test('changes settings as well, and nothing at all where one of them does not fit', async () => {
    const pipe = pipeline()
    const guider = new Guider({ scale: 3 })
    await failure(InputTypeError, () => pipe.updateComponents({ guider, flag: 'yes' }))
    expect(pipe.components.guider).not.toBe(guider)
    pipe.updateComponents({
      guider,
      flag: true,
      textEncoder: new Model('t', {}),
      unet: new UNet('u', {}),
      vae: new Model('v', {}),
    })
    expect(pipe.config).toEqual({ flag: true })
    expect(await pipe({}, { output: 'seen' })).toEqual(['t', 3, true])
  })
})

describe('registerToConfig', () => {
  test('changes settings in a new map that cannot be changed', async () => {
    const pipe = pipeline()
    const before = pipe.config
    expect(pipe.registerToConfig({ flag: true, size: 64 })).toBe(pipe)
    expect(before).toEqual({ flag: false })
    expect(pipe.config).toEqual({ flag: true, size: 64 })
    expect(Object.isFrozen(pipe.config)).toBe(true)
    expect(pipe.configToSave).toMatchObject({ flag: true, size: 64 })
    await failure(InputTypeError, () => pipe.registerToConfig({ flag: 'no' }))
    expect(pipe.config.flag).toBe(true)
  })
})

describe('a pipeline that is disposed', () => {
  test('disposes what no other holds', async () => {
    const pipe = await loaded()
    const [unet, vae] = [model(pipe, 'unet'), model(pipe, 'vae')]
    const other = new Both().initPipeline().updateComponents({ vae })
    pipe.dispose()
    expect([unet.disposed, vae.disposed]).toEqual([1, 0])
    other.dispose()
    expect(vae.disposed).toBe(1)
  })

  test('holds nothing any more, so that it can be loaded again', async () => {
    const pipe = await loaded()
    const { unet } = pipe.components
    pipe.dispose()
    expect(pipe.nullComponentNames).toEqual(pipe.componentNames)
    await pipe.loadComponents()
    expect(pipe.nullComponentNames).toEqual([])
    expect(pipe.components.unet).not.toBe(unet)
  })

  test('disposes what is being loaded, and loads no more of it', async () => {
    const pipe = pipeline()
    const made: Model[] = []
    Model.onLoad = model => made.push(model)
    const loading = pipe.loadComponents()
    while (Model.loads === 0) await new Promise(setImmediate)
    pipe.dispose()
    await expect(loading).rejects.toMatchObject({ name: 'AbortError', message: expect.stringContaining('disposed') })
    expect(made.map(({ disposed }) => disposed)).toEqual([1])
    expect(pipe.nullComponentNames).toEqual(pipe.componentNames)
  })

  test('ends loading that has only been asked for, and none that is asked for after it', async () => {
    const pipe = pipeline()
    const [ended, queued] = [pipe.loadComponents(), pipe.loadComponents({ names: 'vae' })]
    pipe.dispose()
    const again = pipe.loadComponents({ names: 'unet' })
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' })
    await expect(queued).rejects.toMatchObject({ name: 'AbortError' })
    await again
    expect(Model.loads).toBe(1)
    expect(pipe.components.unet).toBeInstanceOf(Model)
  })

  test('leaves to a manager what that knows', async () => {
    const componentsManager = new Registry()
    const pipe = await pipeline({ componentsManager }).loadComponents()
    const unet = model(pipe, 'unet')
    pipe.dispose()
    expect(unet.disposed).toBe(0)
    expect([...componentsManager.ids.values()]).toContain(unet)
  })
})

describe('a components manager', () => {
  test('gets what is loaded or handed over, and not what is made from a config', async () => {
    const componentsManager = new Registry()
    const pipe = pipeline({ componentsManager, collection: 'mine' })
    expect(componentsManager.ids.size).toBe(0)
    await pipe.loadComponents({ names: ['unet', 'vae'] })
    pipe.updateComponents({ textEncoder: new Model('t', {}), guider: new Guider({}) })
    expect([...componentsManager.ids.keys()]).toEqual(['unet_0', 'vae_1', 'textEncoder_2'])
    expect(componentsManager.collections).toEqual(['mine', 'mine', 'mine'])
    expect(componentsManager.ids.get('unet_0')).toBe(pipe.components.unet)
  })

  test('forgets what is unloaded, or loaded again', async () => {
    const componentsManager = new Registry()
    const pipe = await pipeline({ componentsManager }).loadComponents()
    pipe.unloadComponents('unet')
    expect(componentsManager.ids.has('unet_1')).toBe(false)
    await pipe.loadComponents({ names: 'vae' })
    expect([...componentsManager.ids.values()]).toEqual([pipe.components.textEncoder, pipe.components.vae])
  })
})

describe('configToSave', () => {
  test('says where all is that is loaded from files, in the form of the file', async () => {
    const pipe = pipeline()
    await pipe.loadComponents({ names: 'vae', variant: 'fp16' })
    const spec = (subfolder: string, variant: string | null = null) => ({
      pretrained_model_name_or_path: 'org/model',
      revision: null,
      subfolder,
      type_hint: ['toys', 'Model'],
      variant,
    })
    expect(JSON.stringify(pipe.configToSave)).toBe(
      JSON.stringify({
        _blocks_class_name: 'Both',
        _class_name: 'ModularPipeline',
        _diffusers_version: '0.42.1',
        flag: false,
        text_encoder: [null, null, spec('text_encoder')],
        unet: [null, null, spec('unet')],
        vae: [null, 'Model', spec('vae', 'fp16')],
      }),
    )
  })

  test('makes a pipeline of the same specs and settings when it is read back', async () => {
    const pipe = await loaded()
    pipe.updateComponents({ flag: true })
    writeModularModel(folder(), pipe.configToSave)
    const again = pipeline()
    for (const name of pipe.pretrainedComponentNames) {
      expect(again.getComponentSpec(name)?.equals(pipe.getComponentSpec(name) as ComponentSpec)).toBe(true)
    }
    expect(again.config).toEqual(pipe.config)
    expect({ ...again.configToSave }).toMatchObject({ flag: true })
  })

  test('makes nothing only to look at it', () => {
    const useFactory = jest.fn(() => new Model('made', {}))
    const container = ComponentContainer.create().register('vae', { useFactory })
    expect(String(pipeline({ container }))).toContain('"_class_name": "ModularPipeline"')
    expect(useFactory).not.toHaveBeenCalled()
  })
})
