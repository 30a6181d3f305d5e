/** Models that know when they were loaded and disposed, a pipeline of them, and the folder that it comes from. */
import { z } from 'zod'
import {
  Component,
  type ComponentRegistry,
  Config,
  type FromPretrainedOptions,
  ModularPipelineBlocks,
  type Out,
  Output,
  SequentialPipelineBlocks,
  Step,
} from '../../../src'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { modularEntry, writeModularModel } from '../fixtures/model-folder'

/** A model of which the tests know when it was loaded and disposed. */
export class Model {
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
export class UNet extends Model {
  static override async fromPretrained(path: string, options: FromPretrainedOptions = {}): Promise<UNet> {
    const { path: from, options: given } = await Model.fromPretrained(path, options)
    return new UNet(from, given)
  }
}
export class Guider {
  readonly config: Readonly<Record<string, unknown>>
  constructor(config: Readonly<Record<string, unknown>>) {
    this.config = { scale: 1, ...config }
  }
  static fromConfig(config: Readonly<Record<string, unknown>>) {
    return new Guider(config)
  }
}

export class Encode extends ModularPipelineBlocks {
  @Component(Model) textEncoder!: Model
  @Component(Guider, { config: { scale: 7 } }) guider!: Guider
  @Config(z.boolean().default(true)) flag!: boolean
  @Output() seen!: Out<unknown[]>
  run() {
    this.seen = [this.textEncoder.path, this.guider.config['scale'], this.flag]
  }
}
export class Predict extends ModularPipelineBlocks {
  @Component(UNet) unet!: UNet
  @Component(Model) vae!: Model
  run() {}
}
export class Both extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() predict = Predict
  override get workflowMap() {
    return { all: {} } as const
  }
}
export class WithWorkflows extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() predict = Both
  override get workflowMap() {
    return { all: {} } as const
  }
}

/** What a pipeline tells a manager. */
export class Registry implements ComponentRegistry {
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

export const place = (subfolder: string) => modularEntry({ pretrained_model_name_or_path: 'org/model', subfolder })

export const model = (pipe: { components: Readonly<Record<string, unknown>> }, name: string) =>
  pipe.components[name] as Model

/** A folder with a modular index that is written before each test, and pipelines of it. */
export function useModelFolder() {
  const folder = useTemporaryFolder()
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
  return { folder, pipeline, loaded: () => pipeline().loadComponents() }
}
