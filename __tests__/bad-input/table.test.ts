/**
 * Every kind of bad input that the project promises to handle, and its result: a typed error that says what, where and
 * what to do. Nothing is half written, and no tensor is left. Other files test each of them further; here no kind may
 * be missing.
 *
 * The file is long because it is this one table.
 */
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { z } from 'zod'
import {
  AutoPipelineBlocks,
  Block,
  BlockExecutionError,
  Branch,
  CLIPTextModel,
  Component,
  ComponentClassError,
  ComponentLoadError,
  ComponentTypeError,
  ConfigError,
  Image,
  type In,
  type InOut,
  Input,
  InputTypeError,
  LoopBlockOutsideLoopError,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingComponentError,
  MissingFileError,
  MissingInputError,
  MissingLoopStepError,
  MissingOutputError,
  ModelIndexError,
  type ModularError,
  ModularPipeline,
  ModularPipelineBlocks,
  NonFiniteError,
  type Out,
  Output,
  PipelineValidationError,
  RepositoryNotFoundError,
  SafetensorsError,
  SchedulerMixin,
  SequentialPipelineBlocks,
  ShapeMismatchError,
  StableDiffusionTextToImageBlocks,
  StateDictError,
  Step,
  TokenRefusedError,
  TypeConflictError,
  tensor,
  UnknownBlocksError,
  UnknownSchedulerError,
  UnknownValueError,
  UnmatchedTriggerError,
  UnsupportedDTypeError,
  UntrustedCodeError,
  UnwritableFileError,
} from '../../index'
import { collectWarnings, emojiFolder, failureOf, take, useEmojiModel } from '../blocks/use-emoji-model'
import { safetensorsBytes } from '../components/checkpoints/safetensors-bytes'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useHubEnvironment } from '../components/hub/hub-environment'
import { useHubServer } from '../components/hub/hub-server'
import { expectWarnings } from '../expected-warnings'

const emoji = useEmojiModel()
const folder = useTemporaryFolder()
const hub = useHubServer()
useHubEnvironment(folder)

/** What to expect of an error. */
interface Expected {
  /** Class of the error, or of the one that an error for several holds. */
  error: abstract new (
    ...args: never[]
  ) => ModularError
  /** What the message says. */
  says: readonly string[]
  /** Fields that the error has. */
  has?: Readonly<Record<string, unknown>>
}

/** One row: the input in words, what is done with it, and what comes of it. */
type Row = readonly [input: string, act: () => unknown, expected: Expected]

/** The one problem in an error that can hold several. */
function problemIn(error: unknown): unknown {
  if (error instanceof PipelineValidationError) {
    expect(error.issues).toHaveLength(1)
    return error.issues[0]
  }
  if (error instanceof ComponentLoadError) {
    expect(error.failures.size).toBe(1)
    return [...error.failures.values()][0]
  }
  return error
}

async function expectError(act: () => unknown, { error, says, has = {} }: Expected): Promise<void> {
  const failure = await failureOf((async () => act())())
  expect(problemIn(failure)).toBeInstanceOf(error)
  expect(problemIn(failure)).toMatchObject(has)
  for (const text of says) expect((failure as Error).message).toContain(text)
}

const rows = (...all: readonly Row[]): readonly Row[] => all

// The pieces that wrong pipelines are made of.

@Block({ description: 'Measures a rectangle.' })
class Measure extends ModularPipelineBlocks {
  @Input(z.number().describe('Width of the rectangle.')) width!: In<number>
  @Input({ default: 2 }) height!: In<number>
  @Output() area!: Out<number>

  run() {
    this.area = this.width * this.height
  }
}

@Block({ description: 'Chooses a width.' })
class ChooseWidth extends ModularPipelineBlocks {
  @Output(z.number()) width!: Out<number>

  run() {
    this.width = 3
  }
}

@Block({ description: 'Calls the width by a name.' })
class NameWidth extends ModularPipelineBlocks {
  @Output(z.string()) width!: Out<string>

  run() {
    this.width = 'wide'
  }
}

@Block({ description: 'Sums up points.' })
class SumPoints extends ModularPipelineBlocks {
  @Input(tensor('points 3')) points!: In<tf.Tensor2D>
  @Output() sum!: Out<number>

  run() {
    this.sum = this.points.sum().dataSync()[0] as number
  }
}

class Brush {
  paint(): string {
    return 'painted'
  }
}

@Block({ description: 'Paints with a brush.' })
class Paint extends ModularPipelineBlocks {
  @Component(Brush) brush!: Brush
  @Output() picture!: Out<string>

  run() {
    this.picture = this.brush.paint()
  }
}

@Block({ description: 'Counts in every iteration.' })
class Count extends ModularPipelineBlocks {
  @Input({ default: 0 }) @Output() count!: InOut<number>

  @LoopStep()
  step() {
    this.count += 1
  }
}

@Block({ description: 'Turns twice.' })
class Twice extends LoopSequentialPipelineBlocks {
  async run() {
    for (let i = 0; i < 2; i++) await this.loopStep({ i }, { total: 2 })
  }
}

@Block({ description: 'Promises an area and makes none.' })
class Forgetful extends ModularPipelineBlocks {
  @Output() area!: Out<number>

  run() {
    tf.zeros([3])
  }
}

@Block({ description: 'Measures where a mask is given.' })
class WhereMasked extends AutoPipelineBlocks {
  @Branch({ when: 'wdth' }) measure = Measure
}

class OutOfPaint extends Error {}

@Block({ description: 'Fails in the second iteration.' })
class RunDry extends ModularPipelineBlocks {
  @LoopStep()
  step({ i }: { i: number }) {
    tf.zeros([i + 1])
    if (i === 1) throw new OutOfPaint('no paint is left')
  }
}

@Block({ description: 'Holds a loop that fails.' })
class Studio extends SequentialPipelineBlocks {
  @Step() paint = Twice.fromBlocksDict({ stroke: RunDry })
}

@Block({ description: 'Needs a text encoder.' })
class NeedsTextEncoder extends ModularPipelineBlocks {
  @Component(CLIPTextModel) textEncoder!: CLIPTextModel
  run() {}
}

@Block({ description: 'Needs a scheduler.' })
class NeedsScheduler extends ModularPipelineBlocks {
  @Component(SchedulerMixin) scheduler!: SchedulerMixin
  run() {}
}

const chain = (blocks: Parameters<typeof SequentialPipelineBlocks.fromBlocksDict>[0]) =>
  SequentialPipelineBlocks.fromBlocksDict(blocks)

describe('blocks that are put together wrongly', () => {
  test.each(
    rows(
      [
        'two writers that disagree on a type',
        () => chain({ choose: ChooseWidth, name: NameWidth }).initPipeline(),
        {
          error: TypeConflictError,
          says: ['"width" has two types', 'choose writes number', 'name writes string', 'Rename one'],
        },
      ],
      [
        'a loop block outside of a loop',
        () => chain({ measure: Measure, count: Count }).initPipeline(),
        { error: LoopBlockOutsideLoopError, says: ['count: Count', 'Put it into a loop, or give it a run() method'] },
      ],
      [
        'a block in a loop without a loop step',
        () => Twice.fromBlocksDict({ count: Count, measure: Measure }).initPipeline(),
        { error: MissingLoopStepError, says: ['measure: Measure', 'Mark the method that each iteration calls'] },
      ],
      [
        'a trigger that matches nothing',
        () => chain({ masked: WhereMasked }).initPipeline(),
        { error: UnmatchedTriggerError, says: ['masked', '"wdth"', 'Did you mean "width"?'] },
      ],
    ),
  )('%s', async (_, act, expected) => expectError(act, expected))
})

// Before the error.
expectWarnings('UNKNOWN_INPUT')

describe('calls with wrong values', () => {
  test.each(
    rows(
      [
        'a missing required input',
        () => chain({ measure: Measure, choose: ChooseWidth }).initPipeline()({ widht: 3, height: 4 }),
        {
          error: MissingInputError,
          says: [
            'measure: input "width" (number) is required',
            'available here: "height"',
            'closest name:   "widht", which was passed but is not an input of any block',
            'written by:     choose (which does not run before it here)',
            'to fix: pass width to the pipeline',
          ],
        },
      ],
      [
        'a wrong type',
        () => new Measure().initPipeline().run({ width: 'three' }, {}),
        { error: InputTypeError, says: ['input "width" got the string "three"; it must be number'] },
      ],
      [
        'a wrong tensor shape',
        async () => {
          const points = tf.zeros<tf.Rank.R2>([5, 4])
          await new SumPoints()
            .initPipeline()({ points })
            .finally(() => points.dispose())
        },
        {
          error: ShapeMismatchError,
          says: ['"points" must have the shape [points, 3], but has [5, 4]', 'dimension 1 is 4 instead of 3'],
        },
      ],
      [
        'a component that nobody supplies',
        () => chain({ paint: Paint }).initPipeline()(),
        {
          error: MissingComponentError,
          says: ['paint: the component "brush" (Brush) is missing', "pipe.container.register('brush'"],
        },
      ],
      [
        'a component of the wrong class',
        () => {
          const pipe = chain({ paint: Paint }).initPipeline()
          pipe.container.register('brush', { useValue: new Date() })
          return pipe()
        },
        {
          error: ComponentTypeError,
          says: ['paint: the component "brush" must be an instance of Brush, but is an instance of Date'],
        },
      ],
      [
        'a block that does not write its declared output',
        () => chain({ forget: Forgetful }).initPipeline()(),
        {
          error: MissingOutputError,
          says: ['forget: the declared output "area" was not written', 'Assign this.area in run()'],
        },
      ],
      [
        'a block that throws',
        () => new Studio().initPipeline()(),
        { error: BlockExecutionError, says: ['paint[step 2 of 2] > stroke (RunDry) failed: no paint is left'] },
      ],
    ),
  )('%s', async (_, act, expected) => expectError(act, expected))

  test('a block that throws keeps the cause, and the path of blocks', async () => {
    const error = (await failureOf(new Studio().initPipeline()())) as BlockExecutionError
    expect(error.cause).toBeInstanceOf(OutOfPaint)
    expect(error.path).toEqual(['paint[step 2 of 2]', 'stroke'])
  })

  test('an unknown input is a warning, with the nearest name, and the run continues', async () => {
    const { warnings, onEvent } = collectWarnings()
    expect(await new Measure().initPipeline().run({ width: 3, heigth: 9 }, { output: 'area', onEvent })).toBe(6)
    expect(warnings).toEqual([expect.objectContaining({ code: 'UNKNOWN_INPUT' })])
    expect(warnings[0]?.message).toContain(
      '"heigth" is not an input of this pipeline and was ignored. Did you mean "height"?',
    )
  })
})

/** A model folder with the parts of the emoji model that are named, to be damaged. */
async function modelFolder(...parts: readonly string[]): Promise<string> {
  const model = join(folder(), 'model')
  await mkdir(model)
  await cp(join(emojiFolder, 'model_index.json'), join(model, 'model_index.json'))
  for (const part of parts) await cp(join(emojiFolder, part), join(model, part), { recursive: true })
  return model
}

/** Loads the one component of these blocks from a folder. */
const load = (blocks: ModularPipelineBlocks, model: string) => blocks.initPipeline(model).loadComponents()

async function changeJson(path: string, change: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  change(json)
  await writeFile(path, JSON.stringify(json))
}

/** A row about a text encoder whose weights are replaced by these bytes, or changed. */
function weightsRow(input: string, change: (file: string) => Promise<unknown>, expected: Expected): Row {
  const act = async () => {
    const model = await modelFolder('text_encoder')
    await change(join(model, 'text_encoder', 'model.safetensors'))
    await load(new NeedsTextEncoder(), model)
  }
  return [input, act, { ...expected, says: ['model.safetensors', ...expected.says] }]
}

const float = (begin: number, end: number) => ({ dtype: 'F32', shape: [(end - begin) / 4], data_offsets: [begin, end] })
const weights =
  (header: unknown, bytes = 0) =>
  (file: string) =>
    writeFile(file, safetensorsBytes(header, bytes))

describe('files that are damaged, missing or cannot be written', () => {
  test.each(
    rows(
      weightsRow('a truncated safetensors file', file => truncate(file, 500_000), {
        error: SafetensorsError,
        says: ['but the file has only 500000', 'download or copy it again'],
        has: { problem: 'truncated' },
      }),
      weightsRow(
        'a safetensors file with an oversized header',
        async file => {
          const bytes = safetensorsBytes('{}')
          bytes.writeBigUInt64LE(2n ** 60n)
          await writeFile(file, bytes)
        },
        { error: SafetensorsError, says: ['header'], has: { problem: 'header-too-large' } },
      ),
      weightsRow('a safetensors file whose tensors overlap', weights({ a: float(0, 8), b: float(4, 12) }, 12), {
        error: SafetensorsError,
        says: ['tensor "b" begins at byte', 'inside tensor "a"'],
        has: { problem: 'overlap', tensor: 'b' },
      }),
      weightsRow('a safetensors file with an unknown dtype', weights({ a: { ...float(0, 8), dtype: 'F3' } }, 8), {
        error: SafetensorsError,
        says: ['"a"', 'F3'],
        has: { problem: 'unknown-dtype' },
      }),
      weightsRow(
        'a safetensors file with whole numbers where floats are needed',
        async file => {
          const text = (await readFile(file)).toString('latin1')
          await writeFile(file, text.replace('"dtype":"F16"', '"dtype":"I16"'), 'latin1')
        },
        { error: SafetensorsError, says: ['I16'], has: { problem: 'wrong-dtype' } },
      ),
      weightsRow('a checkpoint of other tensors', weights({ a: float(0, 8) }, 8), {
        error: StateDictError,
        says: ['embeddings', 'a'],
      }),
      [
        'an index that names an unknown class',
        async () => {
          const model = await modelFolder('text_encoder')
          await changeJson(
            join(model, 'model_index.json'),
            json => (json.text_encoder = ['transformers', 'MagicTextModel']),
          )
          await load(new NeedsTextEncoder(), model)
        },
        { error: ComponentClassError, says: ['textEncoder: ', 'MagicTextModel', 'CLIPTextModel'] },
      ],
      [
        'a config with an unknown class',
        async () => {
          const model = await modelFolder('scheduler')
          await changeJson(join(model, 'model_index.json'), json => delete json.scheduler)
          await changeJson(
            join(model, 'scheduler', 'scheduler_config.json'),
            json => (json._class_name = 'DDIMSchedular'),
          )
          await SchedulerMixin.fromPretrained(join(model, 'scheduler'))
        },
        { error: UnknownSchedulerError, says: ['scheduler_config.json', 'DDIMSchedular', 'DDIMScheduler'] },
      ],
      [
        'a config with a missing key',
        async () => {
          const model = await modelFolder('text_encoder')
          await changeJson(join(model, 'text_encoder', 'config.json'), json => delete json.vocab_size)
          await load(new NeedsTextEncoder(), model)
        },
        { error: ConfigError, says: [join('text_encoder', 'config.json'), 'CLIPTextModel', 'vocab_size'] },
      ],
      [
        'a config with a wrong value',
        async () => {
          const model = await modelFolder('scheduler')
          await changeJson(join(model, 'scheduler', 'scheduler_config.json'), json => (json.beta_schedule = 'steep'))
          await load(new NeedsScheduler(), model)
        },
        { error: ConfigError, says: ['scheduler_config.json', 'beta_schedule', 'steep'] },
      ],
      [
        'a missing model folder',
        () => new NeedsScheduler().initPipeline(join(folder(), 'nowhere')),
        { error: ModelIndexError, says: ['nowhere: not found', 'A model is a folder that holds model_index.json'] },
      ],
      [
        'a folder that is no model',
        () => new NeedsScheduler().initPipeline(folder()),
        { error: ModelIndexError, says: ['model_index.json: not found'] },
      ],
      [
        'a missing folder of a component',
        async () => load(new NeedsTextEncoder(), await modelFolder()),
        { error: MissingFileError, says: ['textEncoder: ', '"config.json"', 'There is no such folder'] },
      ],
      [
        'a missing file of weights',
        async () => {
          const model = await modelFolder('text_encoder')
          await rm(join(model, 'text_encoder', 'model.safetensors'))
          await load(new NeedsTextEncoder(), model)
        },
        { error: MissingFileError, says: ['model.safetensors', 'The folder holds "config.json"'] },
      ],
    ),
  )('%s', async (_, act, expected) => expectError(act, expected))

  test.each(
    rows(
      [
        'an output in a folder that is not there',
        () => picture().save(join(folder(), 'nowhere', 'x.png')),
        { error: UnwritableFileError, says: ['x.png cannot be written: there is no folder', 'Create it first'] },
      ],
      [
        'an output that is a folder',
        () => picture().save(join(folder(), 'there.png')),
        { error: UnwritableFileError, says: ['there.png cannot be written: this is a folder'] },
      ],
      [
        'an output in a file',
        () => picture().save(join(folder(), 'file', 'x.png')),
        { error: UnwritableFileError, says: ['is a file. Pass a path of folders.'] },
      ],
      [
        'an output of an unknown format',
        () => picture().save(join(folder(), 'x.tif')),
        { error: UnwritableFileError, says: ['x.tif cannot be written: its name must end in one of .png'] },
      ],
    ),
  )('%s, and nothing is written', async (_, act, expected) => {
    await mkdir(join(folder(), 'there.png'))
    await writeFile(join(folder(), 'file'), 'kept')
    await expectError(act, expected)
    expect((await readdir(folder())).sort()).toEqual(['file', 'there.png'])
    expect(await readdir(join(folder(), 'there.png'))).toEqual([])
    expect(await readFile(join(folder(), 'file'), 'utf8')).toBe('kept')
  })
})

/** A modular index with one entry for the scheduler. */
async function modularFolder(
  className: string,
  place: Record<string, unknown> = {},
  index: Record<string, unknown> = {},
) {
  const model = await modelFolder('scheduler', 'text_encoder')
  const spec = {
    pretrained_model_name_or_path: model,
    subfolder: 'scheduler',
    type_hint: ['diffusers', className],
    ...place,
  }
  const entries = { _class_name: 'ModularPipeline', scheduler: [null, null, spec], ...index }
  await writeFile(join(model, 'modular_model_index.json'), JSON.stringify(entries))
  return model
}

const disk = (code: string) => Object.assign(new Error('no more'), { code, syscall: 'write' })

describe('the life of a pipeline', () => {
  test.each(
    rows(
      [
        'the name of a component that no block asks for',
        async () => {
          const pipe = new NeedsScheduler().initPipeline(await modelFolder('scheduler'))
          await pipe.loadComponents({ names: 'schedular' })
        },
        { error: UnknownValueError, says: ['"schedular"', '"scheduler"'] },
      ],
      [
        'an index that names classes which do not exist',
        async () => load(new NeedsScheduler(), await modularFolder('MagicScheduler')),
        { error: UnknownSchedulerError, says: ['MagicScheduler', 'DDIMScheduler'] },
      ],
      [
        'an index that names blocks which do not exist',
        async () =>
          ModularPipeline.fromPretrained(
            await modularFolder('DDIMScheduler', {}, { _blocks_class_name: 'MagicBlocks' }),
          ),
        {
          error: UnknownBlocksError,
          says: ['modular_model_index.json names the blocks MagicBlocks', 'blocks: new MyBlocks()'],
        },
      ],
      [
        'a component of another class',
        async () =>
          new NeedsScheduler()
            .initPipeline(await modelFolder('scheduler'))
            .updateComponents({ scheduler: new Date() as unknown as SchedulerMixin }),
        {
          error: ComponentTypeError,
          says: ['"scheduler" must be an instance of SchedulerMixin, but is an instance of Date'],
        },
      ],
      [
        'weights that are to be of a type that there is not',
        async () => {
          const pipe = new NeedsTextEncoder().initPipeline(await modelFolder('text_encoder'))
          await pipe.loadComponents({ dtype: 'float8' as 'float16' })
        },
        { error: UnsupportedDTypeError, says: ['"textEncoder" (CLIPTextModel)', '"float8"', 'float16', 'bfloat16'] },
      ],
      [
        'a device that does not exist',
        async () => {
          const pipe = await load(new NeedsTextEncoder(), await modelFolder('text_encoder'))
          await pipe.to('gpu').finally(() => pipe.dispose())
        },
        { error: UnknownValueError, says: ['has no device or dtype "gpu"', 'cpu', 'webgpu', 'bfloat16'] },
      ],
      [
        'two indexes that do not agree',
        async () => new NeedsScheduler().initPipeline(await modularFolder('EulerDiscreteScheduler')),
        {
          error: ModelIndexError,
          says: ['EulerDiscreteScheduler', 'DDIMScheduler', 'Remove the one that is out of date'],
        },
      ],
      [
        'an index that leads out of its folder',
        async () =>
          new NeedsScheduler().initPipeline(await modularFolder('DDIMScheduler', { subfolder: '../elsewhere' })),
        { error: ModelIndexError, says: ['"../elsewhere" is outside the model', 'not allowed'] },
      ],
      [
        'an index whose shards lead out of their folder',
        async () => {
          const model = await modelFolder('text_encoder')
          await rm(join(model, 'text_encoder', 'model.safetensors'))
          const index = {
            weight_map: { 'text_model.embeddings.position_embedding.weight': '../../secret.safetensors' },
          }
          await writeFile(join(model, 'text_encoder', 'model.safetensors.index.json'), JSON.stringify(index))
          await load(new NeedsTextEncoder(), model)
        },
        { error: SafetensorsError, says: ['model.safetensors.index.json', '../../secret.safetensors'] },
      ],
      [
        'code that nobody has said to trust',
        async () => {
          await writeFile(
            join(folder(), 'modular_config.json'),
            '{"auto_map": {"ModularPipelineBlocks": "block.Mine"}}',
          )
          await writeFile(join(folder(), 'block.js'), 'throw new Error()')
          await ModularPipelineBlocks.fromPretrained(folder())
        },
        { error: UntrustedCodeError, says: ['It would have run block.js', 'trustRemoteCode: true'] },
      ],
      [
        'a folder to save to that is a file',
        async () => {
          await writeFile(join(folder(), 'file'), '')
          const pipe = await new NeedsScheduler().initPipeline(await modelFolder('scheduler')).loadComponents()
          await pipe.savePretrained(join(folder(), 'file'))
        },
        { error: UnwritableFileError, says: ['file', 'Pass the path of a folder'] },
      ],
      [
        'a disk that is full',
        async () => {
          const pipe = await new NeedsScheduler().initPipeline(await modelFolder('scheduler')).loadComponents()
          jest.spyOn(pipe.components['scheduler'] as SchedulerMixin, 'savePretrained').mockRejectedValue(disk('ENOSPC'))
          await pipe.savePretrained(join(folder(), 'saved')).finally(() => jest.restoreAllMocks())
        },
        { error: UnwritableFileError, says: ['the disk is full'], has: { reason: 'no-space' } },
      ],
      [
        'a repository that is not there',
        async () => {
          hub().commit('org/other', { 'model_index.json': '{}' })
          await ModularPipeline.fromPretrained('org/nowhere', { endpoint: hub().endpoint })
        },
        { error: RepositoryNotFoundError, says: ['org/nowhere'] },
      ],
      [
        'a token that is refused',
        async () => {
          hub().commit('org/private', { 'model_index.json': '{}' }, { token: 'hf_theirs' })
          await ModularPipeline.fromPretrained('org/private', { endpoint: hub().endpoint, token: 'hf_mine' })
        },
        { error: TokenRefusedError, says: ['org/private'] },
      ],
    ),
  )('%s', async (_, act, expected) => {
    await expectError(act, expected)
    expect((await readdir(folder())).filter(name => name.startsWith('.tesserae') || name === 'saved')).toEqual([])
  })
})

const picture = () => new Image({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) })

describe('text to image', () => {
  const draw = (inputs: Record<string, unknown>, options = {}) =>
    emoji
      .pipelineOf(new StableDiffusionTextToImageBlocks())<tf.Tensor>(
        { prompt: 'pizza', numInferenceSteps: 1, height: 16, width: 16, outputType: 'tensor', ...inputs },
        { output: 'images', seed: 1, ...options },
      )
      .then(take)

  const stepsRow = (steps: number, problem: string): Row => [
    `steps of ${steps}`,
    () => draw({ numInferenceSteps: steps }),
    { error: InputTypeError, says: [`setTimesteps: input "numInferenceSteps" got the number ${steps}; `, problem] },
  ]

  test.each(
    rows(
      stepsRow(0, 'expected number to be >=1'),
      stepsRow(-5, 'expected number to be >=1'),
      stepsRow(2.5, 'expected int'),
      [
        "a size that is no multiple of the VAE's factor",
        () => draw({ width: 30 }),
        {
          error: InputTypeError,
          says: ['prepareLatents: input "width" got the number 30; it must be a multiple of 4', 'the nearest is 32'],
        },
      ],
      [
        'NaN in the latents',
        async () => {
          const latents = tf.fill([1, 4, 4, 4], Number.NaN)
          await draw({ latents }, { checkNumerics: true }).finally(() => latents.dispose())
        },
        {
          error: NonFiniteError,
          says: ['prepareLatents: wrote "latents" with 64 of 64 values that are NaN or infinite'],
        },
      ],
    ),
  )('%s', async (_, act, expected) => expectError(act, expected))

  test.each([
    ['an empty prompt', '', ['PROMPT_EMPTY']],
    ['a prompt of spaces', ' \t\n', ['PROMPT_EMPTY']],
    ['a very long prompt', 'apple '.repeat(5000), ['PROMPT_TRUNCATED']],
    ['a prompt with emoji', '🍎 red apple 🚀', ['UNKNOWN_WORDS']],
    ['a prompt in Japanese, Chinese and Korean', '赤い 苹果 사과', ['UNKNOWN_WORDS']],
  ])('%s draws a picture, with a warning of what is lost or unknown', async (_, prompt, codes) => {
    const { warnings, onEvent } = collectWarnings()
    const { shape, values } = await draw({ prompt }, { onEvent })
    expect(shape).toEqual([1, 16, 16, 3])
    expect(values.every(value => value >= 0 && value <= 1)).toBe(true)
    expect(warnings.map(warning => warning.code).sort()).toEqual([...codes, 'UNKNOWN_SIZE'].sort())
  })
})
