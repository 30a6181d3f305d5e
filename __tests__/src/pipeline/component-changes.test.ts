/** Components that are unloaded, updated, and registered in the config of a pipeline that is loaded. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  ComponentContainer,
  ComponentSourceError,
  ComponentSpec,
  ComponentTypeError,
  InputTypeError,
  UnknownValueError,
} from '../../../src'
import { loadIdOf, markLoaded } from '../../../src/params/load-ids'
import { failure } from '../fixtures/failures'
import { Both, Guider, Model, model, UNet, useModelFolder } from './watched-models'

const { pipeline, loaded } = useModelFolder()

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
