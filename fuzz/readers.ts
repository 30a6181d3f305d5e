/** The readers of files of unknown origin, each with inputs that are nearly right. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { ShardedCheckpoint } from '../components/checkpoints/sharded-checkpoint'
import type { SchedulerClass, SchedulerMixin } from '../components/schedulers/scheduler-mixin'
import { schedulerNames } from '../components/schedulers/scheduler-names'
import { readVocabulary } from '../components/vocabulary/vocabulary-files'
import {
  AutoencoderKL,
  CLIPTextModel,
  CLIPTokenizer,
  Generator,
  guiderNames,
  hubDownload,
  Image,
  ModularError,
  ModularPipelineBlocks,
  makeGuider,
  PipelineState,
  readPngText,
  SafetensorsFile,
  StableDiffusionTextToImageBlocks,
  snapshotDownload,
  UNet2DConditionModel,
} from '../index'
import { toSnakeCase } from '../src'
import { loadMellonConfig } from '../src/mellon/mellon-config-file'
import { hubAnswers, serve } from './hub'
import { anyValue, damaged, jsonFile, safetensors, spoiled, tinyPng } from './inputs'

/** One reader, and what it is fed. */
export interface Reader<T> {
  readonly name: string
  /** What errors name in place of the file. */
  readonly subject?: string
  readonly inputs: fc.Arbitrary<T>
  /** Reads an input, perhaps from a file in the folder. */
  read(input: T, folder: string): Promise<void>
}

function reader<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  read: (input: T, folder: string) => Promise<unknown>,
): Reader<unknown> {
  return {
    name,
    inputs,
    async read(input, folder) {
      await read(input as T, folder) // By the generator of its inputs.
    },
  }
}

/** Writes files into a folder of their own, and says where it is. */
function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

const entry = spoiled({ dtype: 'F32', shape: [2], data_offsets: [0, 8] })
const weightsHeader = jsonFile(
  fc.oneof(
    fc.record({ a: entry, b: fc.oneof(entry, fc.constant({ dtype: 'F32', shape: [0], data_offsets: [8, 8] })) }),
    fc.record({ __metadata__: anyValue, a: entry }),
    fc.dictionary(fc.string(), fc.oneof(entry, anyValue)),
  ),
)
const weights = safetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', new Uint8Array(8))

const stateNode: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  node: fc.oneof(
    { depthSize: 'small' },
    anyValue,
    fc.record({ $: fc.constant('ref'), id: fc.oneof(fc.nat(12), anyValue) }),
    fc.record({
      $: fc.constant('kind'),
      kind: fc.constantFrom('Tensor', 'Image', 'Generator', 'toString'),
      value: tie('saved'),
    }),
    fc.record({
      $: fc.constantFrom('map', 'set', 'object', 'bigint', 'number', 'typed', 'array', 'undefined', 'x'),
      entries: fc.array(tie('node'), { maxLength: 4 }),
      members: fc.array(tie('node'), { maxLength: 3 }),
      value: anyValue,
      type: fc.constantFrom('Float32Array', 'Uint8Array', 'x'),
      name: fc.constantFrom('a', 'b', 'c'),
    }),
    fc.array(tie('node'), { maxLength: 4 }),
  ),
  saved: fc.oneof(
    spoiled({ dtype: 'float32', shape: [2], values: { $: 'array', name: 'a' } }),
    spoiled({ dtype: 'string', shape: [2], values: ['x', 'y'] }),
    spoiled({ pixels: { $: 'array', name: 'a' } }),
    tie('node'),
  ),
})).node
const stateText = fc.tuple(
  jsonFile(
    fc.record({ values: fc.dictionary(fc.string(), stateNode), kwargsMapping: fc.oneof(fc.constant({}), anyValue) }),
  ),
  fc.boolean(),
)

const ADDED = { content: 'x', normalized: true, special: false, lstrip: false, rstrip: false }
const vocab = spoiled({ '<|startoftext|>': 0, '<|endoftext|>': 1, a: 2, 'a</w>': 3, 'b</w>': 4, 'ab</w>': 5 })
const merges = fc.oneof(
  fc.constant('#version: 0.2\na b</w>\n'),
  fc.array(fc.string(), { maxLength: 4 }).map(lines => lines.join('\n')),
)
const tokenizerSettings = spoiled({
  bos_token: '<|startoftext|>',
  eos_token: { ...ADDED, content: '<|endoftext|>' },
  unk_token: '<|endoftext|>',
  pad_token: '<|endoftext|>',
  model_max_length: 77,
  tokenizer_class: 'CLIPTokenizer',
  added_tokens_decoder: undefined,
})
const tokenizerJson = spoiled({
  added_tokens: [{ ...ADDED, id: 9 }],
  model: {
    type: 'BPE',
    end_of_word_suffix: '</w>',
    vocab: { '<|startoftext|>': 0, '<|endoftext|>': 1, a: 2 },
    merges: [['a', 'a']],
  },
})

const UNET = {
  sample_size: 8,
  in_channels: 4,
  out_channels: 4,
  block_out_channels: [8, 16],
  layers_per_block: 1,
  cross_attention_dim: 8,
  attention_head_dim: 2,
  norm_num_groups: 4,
  norm_eps: 1e-5,
  act_fn: 'silu',
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  transformer_layers_per_block: 1,
  time_cond_proj_dim: null,
}
const VAE = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [8],
  layers_per_block: 1,
  norm_num_groups: 4,
  act_fn: 'silu',
  sample_size: 8,
  scaling_factor: 0.18,
  down_block_types: ['DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D'],
  mid_block_add_attention: true,
}
const CLIP = {
  vocab_size: 10,
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 8,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
  eos_token_id: 1,
  projection_dim: 8,
  architectures: ['CLIPTextModel'],
}

function modelReader(
  name: string,
  right: Record<string, unknown>,
  load: (folder: string) => Promise<unknown>,
  weightsName: string,
): Reader<unknown> {
  return reader(name, jsonFile(spoiled(right)), async (text, folder) => {
    tf.dispose(
      (await load(
        write(folder, { 'config.json': text, [`${weightsName}.safetensors`]: weights }),
      )) as tf.TensorContainer,
    )
  })
}

const schedulers = [...new Set(Object.values(schedulerNames).map(({ schedulerClass }) => schedulerClass))]
const schedulerInput = fc.nat(schedulers.length - 1).chain(i => {
  const type = schedulers[i] as SchedulerClass
  return fc.tuple(
    fc.constant(i),
    jsonFile(
      spoiled(Object.fromEntries(Object.entries(new type({}).config).map(([key, value]) => [toSnakeCase(key), value]))),
    ),
    fc.constantFrom(1, 2, 5, 20),
  )
})

type Loadable = { fromPretrained(folder: string): Promise<SchedulerMixin> }

async function runScheduler([i, text, steps]: [number, string, number], folder: string): Promise<void> {
  const type = schedulers[i] as SchedulerClass
  const scheduler = (
    await (type as unknown as Loadable).fromPretrained(write(folder, { 'scheduler_config.json': text }))
  ).forRun({ seed: 1 })
  tf.engine().startScope()
  try {
    scheduler.setTimesteps(steps)
    const sample = tf.ones([1, 2, 2, 1])
    let latents: tf.Tensor = sample
    for (const timestep of [...scheduler.timesteps].slice(0, 3)) {
      latents = scheduler.step(sample, timestep, latents, { generator: new Generator(0) }).prevSample
    }
  } catch (error) {
    // What only a run can find names no file: the scheduler was read.
    throw error instanceof ModularError ? new RunError(folder, error) : error
  } finally {
    tf.engine().endScope()
    scheduler.dispose()
  }
}

/** A scheduler that was read cannot run: the error names the class. */
class RunError extends ModularError {
  override readonly code: string
  constructor(folder: string, cause: ModularError) {
    super(`${folder}: ${cause.message}`, { cause })
    this.code = `RUN ${cause.code}`
  }
}

const NAMES = Object.keys(guiderNames)
const guiders = NAMES.map(name => makeGuider(name).constructor as GuiderType)
type GuiderType = {
  name: string
  fromPretrained(folder: string): Promise<{ dispose(): void }>
  new (config: object): { config: object }
}
const guiderInput = fc.nat(NAMES.length - 1).chain(i =>
  fc.tuple(
    fc.constant(i),
    jsonFile(
      spoiled({
        ...Object.fromEntries(
          Object.entries(makeGuider(NAMES[i] as string).config).map(([key, value]) => [toSnakeCase(key), value]),
        ),
        _class_name: guiders[i]?.name,
      }),
    ),
  ),
)

const modularEntry = fc.tuple(
  anyValue,
  anyValue,
  spoiled({
    type_hint: ['diffusers', 'UNet2DConditionModel'],
    pretrained_model_name_or_path: 'x',
    subfolder: 'unet',
    variant: null,
    revision: null,
  }),
)
const indexFile = jsonFile(
  fc.record(
    {
      _class_name: fc.oneof(fc.constant('StableDiffusionPipeline'), anyValue),
      unet: fc.oneof(modularEntry, fc.tuple(anyValue, anyValue), anyValue),
      scheduler: fc.oneof(fc.constant(['diffusers', 'PNDMScheduler']), anyValue),
    },
    { requiredKeys: [] },
  ),
)

const png = tinyPng(4, 4, [])
const textChunk = fc.tuple(
  fc.constantFrom('tEXt', 'zTXt', 'iTXt', 'iCCP', 'eXIf', 'PLTE', 'acTL'),
  fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(Buffer.from('k\0\0\0\0\0text'))),
)
const pngFile = fc.oneof(
  damaged(png),
  fc
    .tuple(
      fc.constantFrom(0, 1, 4, 64, 5000, 2 ** 31 - 1, 2 ** 32 - 1),
      fc.constantFrom(0, 1, 4, 64, 20_000, 2 ** 32 - 1),
      fc.array(textChunk, { maxLength: 3 }),
    )
    .map(([width, height, chunks]) => tinyPng(width, height, chunks)),
)
const SAMPLES = [
  'R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==',
  'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=',
].map(text => Buffer.from(text, 'base64'))
const imageFile = fc.oneof(
  pngFile,
  ...SAMPLES.map(damaged),
  fc.uint8Array({ maxLength: 200 }),
  fc.constant(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
)

const REPOSITORY = 'org/x'
const QUICK = { token: false, attempts: 1, retryDelay: 0, timeout: 1500 } as const
let folders = 0

/** A folder that nothing is cached in. */
function freshFolder(folder: string): string {
  return join(folder, String(folders++))
}

/** Every reader. */
export const READERS: readonly Reader<unknown>[] = [
  reader(
    'safetensors',
    fc.oneof(
      fc.tuple(weightsHeader, fc.nat(20)).map(([header, bytes]) => safetensors(header, new Uint8Array(bytes))),
      damaged(weights),
    ),
    async (bytes, folder) => {
      const file = await SafetensorsFile.open(join(write(folder, { 'x.safetensors': bytes }), 'x.safetensors'))
      try {
        for (const key of file.keys) await file.readBytes(key)
      } finally {
        await file.close()
      }
    },
  ),
  reader(
    'shard-index',
    jsonFile(spoiled({ weight_map: { a: 'x.safetensors' }, metadata: {} })),
    async (text, folder) => {
      await (
        await ShardedCheckpoint.open(
          join(write(folder, { 'x.safetensors': weights, 'w.index.json': text }), 'w.index.json'),
        )
      ).close()
    },
  ),
  reader('state', stateText, async ([text, hasArrays], folder) => {
    const header: Record<string, unknown> = { __metadata__: { format: 'tesserae-state', version: '1', state: text } }
    if (hasArrays) header['a'] = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }
    const bytes = safetensors(JSON.stringify(header), new Uint8Array(hasArrays ? 8 : 0))
    const state = await PipelineState.load(join(write(folder, { 's.safetensors': bytes }), 's.safetensors'))
    try {
      if (String(state).length > 100_000) throw new Error('a state prints too much')
      state.clone()
    } finally {
      state.dispose()
    }
  }),
  reader(
    'tokenizer',
    fc.tuple(
      jsonFile(vocab),
      merges,
      jsonFile(tokenizerSettings),
      jsonFile(spoiled({ bos_token: '<|startoftext|>' })),
      fc.option(jsonFile(tokenizerJson)),
      fc.string(),
    ),
    async ([words, pairs, settings, specials, json, text], folder) => {
      const place = join(folder, json === null ? 'slow' : 'fast')
      const files = {
        'vocab.json': words,
        'merges.txt': pairs,
        'tokenizer_config.json': settings,
        'special_tokens_map.json': specials,
      }
      const tokenizer = await CLIPTokenizer.fromPretrained(
        write(place, json === null ? files : { ...files, 'tokenizer.json': json }),
      )
      tokenizer.decode(tokenizer.encode(text, { padding: 'longest', truncation: true }).inputIds[0] ?? [])
    },
  ),
  reader('scheduler', schedulerInput, runScheduler),
  reader('guider', guiderInput, async ([i, text], folder) => {
    await guiders[i]?.fromPretrained(write(folder, { 'guider_config.json': text }))
  }),
  modelReader('unet', UNET, folder => UNet2DConditionModel.fromPretrained(folder), 'diffusion_pytorch_model'),
  modelReader('vae', VAE, folder => AutoencoderKL.fromPretrained(folder), 'diffusion_pytorch_model'),
  modelReader('text-encoder', CLIP, folder => CLIPTextModel.fromPretrained(folder), 'model'),
  reader('model-index', fc.tuple(indexFile, fc.boolean()), async ([text, isModular], folder) => {
    const place = join(folder, String(isModular))
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(
      write(place, { [isModular ? 'modular_model_index.json' : 'model_index.json']: text }),
    )
    String(pipe)
  }),
  reader(
    'block-config',
    jsonFile(
      spoiled({ _class_name: 'X', auto_map: { ModularPipelineBlocks: 'block.X' }, requirements: { zod: '>=4' } }),
    ),
    async (text, folder) => {
      await ModularPipelineBlocks.fromPretrained(write(folder, { 'modular_config.json': text, 'block.js': '' }))
    },
  ),
  reader(
    'mellon',
    jsonFile(
      spoiled({
        label: 'x',
        default_repo: 'a/b',
        default_dtype: 'bfloat16',
        node_params: {
          a: { params: {}, input_names: [], model_input_names: [], output_names: [], block_name: 'x', node_type: 'x' },
        },
      }),
    ),
    async (text, folder) => {
      String(await loadMellonConfig(write(folder, { 'mellon_pipeline_config.json': text })))
    },
  ),
  reader('png-text', pngFile, async (bytes, folder) => readPngText(bytes, folder)),
  reader('image', imageFile, async (bytes, folder) =>
    Image.load(join(write(folder, { x: bytes }), 'x'), { maxPixels: 2 ** 20 }),
  ),
  reader(
    'vocabulary',
    jsonFile(spoiled({ version: 1, words: ['a'], sizes: [8], objects: ['x'], colours: ['red'] })),
    async (text, folder) => {
      await readVocabulary(write(folder, { 'vocabulary.json': text }))
    },
  ),
  {
    ...reader('hub-snapshot', hubAnswers, async (answers, folder) => {
      const endpoint = await serve(answers)
      await snapshotDownload(REPOSITORY, { ...QUICK, endpoint, cacheDir: freshFolder(folder) })
    }),
    subject: REPOSITORY,
  },
  {
    ...reader('hub-file', hubAnswers, async (answers, folder) => {
      const endpoint = await serve(answers)
      await hubDownload(REPOSITORY, 'config.json', { ...QUICK, endpoint, cacheDir: freshFolder(folder) })
    }),
    subject: REPOSITORY,
  },
]
