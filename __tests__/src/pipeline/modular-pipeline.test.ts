import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { z } from 'zod'
import {
  Component,
  ComponentContainer,
  ComponentLoadError,
  ComponentTypeError,
  Config,
  type FromPretrainedOptions,
  ModelIndexError,
  ModularPipeline,
  ModularPipelineBlocks,
  type Out,
  Output,
  PipelineState,
  PipelineValidationError,
  RepositoryCommits,
  SequentialPipelineBlocks,
  Step,
  UnknownValueError,
} from '../../../src'
import { catchWarnings } from '../fixtures/emitted-warnings'
import { failure, onlyIssue } from '../fixtures/failures'
import { writeModel } from '../fixtures/model-folder'
import { Double, Increment, required, toy } from '../fixtures/toy-blocks'

class Tokenizer {
  isDisposed = false
  constructor(
    readonly path: string,
    readonly options: FromPretrainedOptions,
  ) {}
  static async fromPretrained(path: string, options: FromPretrainedOptions = {}): Promise<Tokenizer> {
    options.signal?.throwIfAborted()
    if (options.className !== 'CLIPTokenizer') throw new Error(`cannot load a ${options.className}`)
    return new Tokenizer(path, options)
  }
  dispose() {
    this.isDisposed = true
  }
}

class Weights {
  static async fromPretrained(): Promise<Weights> {
    throw new Error('the file is truncated')
  }
}

class Scheduler {
  constructor(readonly steps: number) {}
  static fromConfig({ steps = 0 }: Readonly<Record<string, unknown>>): Scheduler {
    return new Scheduler(steps as number)
  }
}

class Encode extends ModularPipelineBlocks {
  @Component(Tokenizer) tokenizer!: Tokenizer
  @Component(Scheduler, { config: { steps: 3 } }) scheduler!: Scheduler
  @Config(z.boolean().default(true)) forceZeros!: boolean
  @Output() seen!: Out<unknown[]>

  run() {
    this.seen = [this.tokenizer.path, this.scheduler.steps, this.forceZeros]
  }
}

class Predict extends ModularPipelineBlocks {
  @Component(Weights) unet!: Weights
  run() {}
}

class Both extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() predict = Predict
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipeline-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

const index = {
  _class_name: 'StableDiffusionPipeline',
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  safety_checker: [null, null],
  force_zeros: false,
}

describe('a pipeline', () => {
  const pipe = SequentialPipelineBlocks.fromBlocksDict(
    { a: Increment, b: Double },
    { description: 'Counts.' },
  ).initPipeline()

  test('is called like a function, and gives the state, one value or several', async () => {
    const warnings = catchWarnings()
    const state = await pipe({ x: 1 })
    expect(state).toBeInstanceOf(PipelineState)
    expect(state.get('x')).toBe(4)
    expect(await pipe({ x: 1 }, { output: 'x' })).toBe(4)
    expect(await pipe.run({ x: 1 }, { output: ['x', 'y'] })).toEqual({ x: 4, y: undefined })
    expect(await pipe.run({ x: 1 }, { output: 'y' })).toBeUndefined()
    expect(await pipe.run({ x: 1 }, { output: 'x' })).toBe(4)
    const unknown = 'UNKNOWN_OUTPUT: No block of this pipeline writes the requested output "y".'
    expect(warnings()).toEqual([unknown, unknown])
  })

  test('starts from a state that it is given, and does not change it', async () => {
    const state = new PipelineState()
    state.set('x', 10)
    expect(await pipe({}, { state, output: 'x' })).toBe(22)
    expect(await pipe({ x: 1 }, { state, output: 'x' })).toBe(4)
    expect(state.toObject()).toEqual({ values: { x: 10 }, kwargsMapping: {} })
  })

  test('continues where another left off', async () => {
    const state = await pipe({ x: 1 })
    expect(await new Increment().initPipeline()({}, { state, output: 'x' })).toBe(5)
  })

  test('is saved under the name of its class where a minifier has renamed that', () => {
    const renamed = class a extends ModularPipeline {
      static override readonly className = 'MyPipeline'
    }
    expect(new renamed(pipe.blocks).configToSave['_class_name']).toBe('MyPipeline')
  })

  test('is an object of its class that prints and documents its blocks', () => {
    expect(pipe).toBeInstanceOf(ModularPipeline)
    expect(String(pipe)).toBe(`ModularPipeline of ${pipe.blocks}\n${JSON.stringify(pipe.configToSave, undefined, 2)}`)
    expect(inspect(pipe)).toBe(String(pipe))
    expect(pipe.doc).toBe(pipe.blocks.doc)
    expect(pipe.toMarkdown({ level: 2 })).toBe(pipe.blocks.toMarkdown({ level: 2 }))
    expect(pipe.toMermaid()).toBe(pipe.blocks.toMermaid())
    expect(() => pipe.availableWorkflows).toThrow('defines no workflows')
    expect(pipe.doc).toContain('Counts.')
  })

  test('can be made of a subclass', async () => {
    class MyPipeline extends ModularPipeline {
      get answer() {
        return 42
      }
    }
    const own = new MyPipeline(new Increment())
    expect(own.answer).toBe(42)
    expect(await own({ x: 1 }, { output: 'x' })).toBe(2)
  })

  test('is not made of blocks that do not fit together', async () => {
    class Idle extends ModularPipelineBlocks {}
    await failure(PipelineValidationError, () => new Idle().initPipeline())
  })

  test('gives each run a default of its own', async () => {
    const append = toy<{ list: number[] }>({
      inputs: [{ name: 'list', default: [] }],
      body: ({ list }) => {
        list.push(1)
      },
    }).initPipeline()
    expect(await append({}, { output: 'list' })).toEqual([1])
    expect(await append({}, { output: 'list' })).toEqual([1])
    expect(await append({ list: undefined }, { output: 'list' })).toEqual([1])
  })

  test('hands values on as they are, without a copy', async () => {
    const list = [1]
    expect(await toy({ inputs: [required('list')] }).initPipeline()({ list }, { output: 'list' })).toBe(list)
  })
})

describe('the components of a pipeline', () => {
  test('are made at once where a spec has a config, and waited for where they must be loaded', () => {
    const pipe = new Both().initPipeline()
    expect(pipe.components).toEqual({ tokenizer: undefined, scheduler: new Scheduler(3), unet: undefined })
    expect(pipe.missingComponentNames).toEqual(['tokenizer', 'unet'])
  })

  test('may come from a container that several pipelines share', async () => {
    const container = ComponentContainer.create()
    container.register('tokenizer', { useFactory: async () => new Tokenizer('shared', {}) })
    container.register('scheduler', { useValue: new Scheduler(9) })
    const [a, b] = [
      new Encode().initPipeline(undefined, { container }),
      new Encode().initPipeline(undefined, { container }),
    ]
    expect(await a({}, { output: 'seen' })).toEqual(['shared', 9, true])
    expect(await b({}, { output: 'seen' })).toEqual(['shared', 9, true])
    expect(a.components.tokenizer).toBe(b.components.tokenizer)
    a.dispose()
    expect((b.components.tokenizer as Tokenizer).isDisposed).toBe(false)
  })

  test('are disposed when the pipeline is disposed', () => {
    const pipe = new Encode().initPipeline()
    const tokenizer = new Tokenizer('x', {})
    pipe.updateComponents({ tokenizer }).dispose()
    expect(tokenizer.isDisposed).toBe(true)
  })

  test('that a factory fails to make are named before the first block', async () => {
    for (const useFactory of [
      () => Promise.reject(new Error('the network is down')),
      () => {
        throw new Error('the network is down')
      },
    ]) {
      const pipe = SequentialPipelineBlocks.fromBlocksDict({ encode: Encode }).initPipeline()
      pipe.container.register('tokenizer', { useFactory })
      const error = await onlyIssue(ComponentLoadError, () => pipe())
      expect(error.path).toEqual(['encode'])
      expect(error.message).toContain('tokenizer: the network is down')
      expect(error.cause).toEqual(new Error('the network is down'))
    }
  })

  test('that fail together are all named, and crash nothing', async () => {
    const pipe = new Both().initPipeline()
    const late = async () => {
      await new Promise(resolve => setTimeout(resolve, 5))
      throw new Error('late')
    }
    pipe.container.register('tokenizer', { useFactory: late })
    pipe.container.register('unet', { useFactory: () => Promise.reject(new Error('soon')) })
    const error = await failure(PipelineValidationError, () => pipe())
    expect(error.issues.map(issue => (issue.cause as Error).message)).toEqual(['late', 'soon'])
  })
})

describe('updateComponents', () => {
  test('replaces components, for the runs after it', async () => {
    const pipe = new Encode().initPipeline()
    const scheduler = new Scheduler(20)
    expect(pipe.updateComponents({ scheduler, tokenizer: new Tokenizer('t', {}) })).toBe(pipe)
    expect(pipe.components.scheduler).toBe(scheduler)
    expect(await pipe({}, { output: 'seen' })).toEqual(['t', 20, true])
  })

  test('refuses an object of another class, and then replaces nothing', async () => {
    const pipe = new Encode().initPipeline()
    const error = await failure(ComponentTypeError, () =>
      pipe.updateComponents({ scheduler: new Scheduler(20), tokenizer: new Scheduler(1) as unknown as Tokenizer }),
    )
    expect(error.message).toBe(
      'the pipeline: the component "tokenizer" must be an instance of Tokenizer, but is an instance of Scheduler.',
    )
    expect(pipe.components.scheduler).toEqual(new Scheduler(3))
  })

  test('names the closest component when none is of that name', async () => {
    const error = await failure(UnknownValueError, () => new Encode().initPipeline().updateComponents({ schedular: 1 }))
    expect(error.message).toBe(
      'The pipeline has no component "schedular"; it has "tokenizer" and "scheduler". Did you mean "scheduler"?',
    )
  })
})

describe('a model folder', () => {
  test('says where components lie, and what settings are', async () => {
    writeModel(folder, index)
    const pipe = new Both().initPipeline(folder)
    expect(pipe.config).toEqual({ forceZeros: false })
    expect(pipe.getComponentSpec('tokenizer')).toMatchObject({
      pretrainedModelNameOrPath: folder,
      subfolder: 'tokenizer',
      className: 'CLIPTokenizer',
    })
    expect(pipe.getComponentSpec('scheduler')?.pretrainedModelNameOrPath).toBeUndefined()
    expect(pipe.getComponentSpec('nothing')).toBeUndefined()
  })

  test('is named in the error for a component that was not loaded from it', async () => {
    writeModel(folder, index)
    const pipe = new Encode().initPipeline(folder)
    await expect(pipe()).rejects.toThrow(`call "await pipe.loadComponents()", which loads it from ${folder}/tokenizer`)
  })

  test('may leave settings and components out', () => {
    writeModel(folder, { tokenizer: [null, null] })
    const pipe = new Encode().initPipeline(folder)
    expect(pipe.config).toEqual({ forceZeros: true })
    expect(pipe.getComponentSpec('tokenizer')?.pretrainedModelNameOrPath).toBeUndefined()
  })

  test.each([
    ['text that is no JSON', '{ "unet": ', /model_index\.json: is not JSON: /],
    ['a list', '[]', /model_index\.json: must hold an object with an entry for each component/],
    ['null', 'null', /model_index\.json: must hold an object/],
    ['an entry of one word', '{ "tokenizer": ["CLIPTokenizer"] }', /the entry "tokenizer" must be \[library, class\]/],
    ['an entry without a class', '{ "tokenizer": ["x", 5] }', /the entry "tokenizer" names no class: \["x",5\]/],
    [
      'a setting of another type',
      '{ "force_zeros": "yes" }',
      /the setting "forceZeros" is invalid: .*expected boolean/,
    ],
  ])('whose index holds %s is refused with the file', async (_, contents, message) => {
    writeModel(folder, contents)
    const error = await failure(ModelIndexError, () => new Encode().initPipeline(folder))
    expect(error.file).toBe(join(folder, 'model_index.json'))
    expect(error.message).toMatch(message)
  })

  test('that is not there is refused, and so is one without an index, and a file', async () => {
    const missing = join(folder, 'nowhere')
    const error = await failure(ModelIndexError, () => new Encode().initPipeline(missing))
    expect(error.file).toBe(missing)
    expect(error.message).toMatch(/nowhere: not found\. A model is a folder that holds model_index\.json/)
    expect((await failure(ModelIndexError, () => new Encode().initPipeline(folder))).file).toBe(
      join(folder, 'model_index.json'),
    )
    writeModel(folder, index)
    const file = join(folder, 'model_index.json')
    expect((await failure(ModelIndexError, () => new Encode().initPipeline(file))).message).toMatch(/this is a file/)
  })
})

describe('loadComponents', () => {
  const unread = () =>
    `UNREAD_INDEX_ENTRIES: ${join(folder, 'model_index.json')}: no block reads "unet" (UNet2DConditionModel).`

  test('loads what is not there yet from the folder', async () => {
    const warnings = catchWarnings()
    writeModel(folder, index)
    const pipe = new Encode().initPipeline(folder)
    expect(await pipe.loadComponents({ variant: 'fp16' })).toBe(pipe)
    const tokenizer = pipe.components.tokenizer as Tokenizer
    expect(tokenizer.path).toBe(folder)
    const given = { subfolder: 'tokenizer', className: 'CLIPTokenizer', variant: 'fp16' }
    expect(tokenizer.options).toEqual({
      ...given,
      commits: expect.any(RepositoryCommits),
      signal: expect.any(AbortSignal),
    })
    expect(await pipe({}, { output: 'seen' })).toEqual([folder, 3, false])
    await pipe.loadComponents()
    expect(pipe.components.tokenizer).toBe(tokenizer)
    expect(warnings()).toEqual([unread()])
  })

  test('loads named components again', async () => {
    const warnings = catchWarnings()
    writeModel(folder, index)
    const pipe = await new Encode().initPipeline(folder).loadComponents()
    const { tokenizer } = pipe.components
    await pipe.loadComponents({ names: ['tokenizer'] })
    expect(pipe.components.tokenizer).not.toBe(tokenizer)
    expect(warnings()).toEqual([unread()])
  })

  test('names what failed, once all others are there', async () => {
    writeModel(folder, index)
    const pipe = new Both().initPipeline(folder)
    const error = await failure(ComponentLoadError, () => pipe.loadComponents())
    expect([...error.failures.keys()]).toEqual(['unet'])
    expect(error.message).toBe(`From ${folder}, 1 component(s) could not be loaded:\n  unet: the file is truncated`)
    expect(pipe.missingComponentNames).toEqual(['unet'])
  })

  test('names every component that failed', async () => {
    writeModel(folder, { ...index, tokenizer: ['transformers', 'T5Tokenizer'] })
    const error = await failure(ComponentLoadError, () => new Both().initPipeline(folder).loadComponents())
    expect(Object.fromEntries(error.failures)).toMatchObject({
      tokenizer: new Error('cannot load a T5Tokenizer'),
      unet: new Error('the file is truncated'),
    })
  })

  test('names a component that is asked for by name and cannot be loaded', async () => {
    const pipe = new Encode().initPipeline()
    await pipe.loadComponents()
    const error = await failure(ComponentLoadError, () => pipe.loadComponents({ names: ['tokenizer'] }))
    expect(error.message).toMatch(/^From their specs, .*\n {2}tokenizer: .*loading needs a folder/)
    const unknown = await failure(UnknownValueError, () => pipe.loadComponents({ names: ['tokeniser'] }))
    expect(unknown.message).toContain('Did you mean "tokenizer"?')
  })

  test('stops when it is told to', async () => {
    const warnings = catchWarnings()
    writeModel(folder, index)
    const pipe = new Encode().initPipeline(folder)
    await expect(pipe.loadComponents({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
    expect(pipe.missingComponentNames).toEqual(['tokenizer'])
    expect(warnings()).toEqual([unread()])
  })
})
