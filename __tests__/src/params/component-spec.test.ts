import { ComponentSpec, ConfigSpec, DeclarationError, type FromPretrainedOptions } from '../../../src'
import { failure } from '../fixtures/failures'

class Model {
  private constructor(
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
    expect(loaded.options).toEqual({ subfolder: 'unet', className: 'UNet2DConditionModel', variant: 'fp16' })
    expect(((await spec.load({ subfolder: 'other' })) as Model).options.subfolder).toBe('other')
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
