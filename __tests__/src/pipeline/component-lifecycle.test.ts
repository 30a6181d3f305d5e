import {
  Block,
  ComponentContainer,
  ComponentLoadError,
  ComponentSpec,
  ComponentTypeError,
  ConflictingOptionsError,
  InputTypeError,
  NoWorkflowsError,
  SequentialPipelineBlocks,
  Step,
  UnknownValueError,
  UnknownWorkflowError,
  UnsupportedDTypeError,
} from '../../../src'
import { loadIdOf } from '../../../src/params/load-ids'
import { failure } from '../fixtures/failures'
import { writeModularModel } from '../fixtures/model-folder'
import {
  Both,
  Encode,
  Guider,
  Model,
  model,
  Predict,
  Registry,
  UNet,
  useModelFolder,
  WithWorkflows,
} from './watched-models'

const { folder, pipeline, loaded } = useModelFolder()

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
