/** IP-Adapters in files: which are taken, which are refused, and what changing a scale costs. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { IPAdapter } from '../../../../components/adapters/ip-adapter/ip-adapter'
import { IPAdapterError } from '../../../../components/adapters/ip-adapter/ip-adapter-error'
import { IPAdapterSet } from '../../../../components/adapters/ip-adapter/ip-adapter-set'
import { PickleCheckpointError } from '../../../../components/checkpoints/pickle-checkpoint-error'
import { SafetensorsError } from '../../../../components/checkpoints/safetensors-error'
import { SafetensorsFile } from '../../../../components/checkpoints/safetensors-file'
import { writeSafetensors } from '../../../../components/checkpoints/write-safetensors'
import { eagerExecutor } from '../../../../components/executors/eager-executor'
import { MissingFileError } from '../../../../components/files/missing-file-error'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { StateDictError } from '../../../../components/nn/state-dict-error'
import { Generator } from '../../../../components/random/generator'
import { randnTensor } from '../../../../components/random/randn-tensor'
import { InputTypeError } from '../../../../src'
import { catchWarnings } from '../../../src/fixtures/emitted-warnings'
import { useGraphExecutor } from '../../executors/use-graph-executor'
import { goldenFolder } from '../../models/golden-model-case'
import { cleanUpAfterEach, distance } from '../../models/hooks/small-unet'

// Before what counts tensors.
const loaded: IPAdapter[] = []
afterEach(() => {
  for (const adapter of loaded.splice(0)) adapter.dispose()
})

cleanUpAfterEach()
const graph = useGraphExecutor()
const FILE = join(goldenFolder('unet_ip_adapter'), 'ip_adapter.safetensors')

let unet: UNet2DConditionModel
let folder: string

beforeAll(async () => {
  unet = await UNet2DConditionModel.fromPretrained(goldenFolder('unet_ip_adapter'))
  folder = await mkdtemp(join(tmpdir(), 'ip-adapter-'))
})
afterAll(async () => {
  unet.dispose()
  await rm(folder, { recursive: true })
})

async function load(path = FILE): Promise<IPAdapter> {
  const adapter = await IPAdapter.fromSingleFile(path, unet)
  loaded.push(adapter)
  return adapter
}

type Tensors = Record<string, { dtype: 'F32'; shape: readonly number[]; data: Float32Array }>

/** Writes a file like another, but for some changes. */
async function fileLike(name: string, change: (tensors: Tensors) => Tensors): Promise<string> {
  const file = await SafetensorsFile.open(FILE)
  const tensors: Tensors = {}
  for (const key of file.keys) {
    tensors[key] = { dtype: 'F32', shape: file.info(key).shape, data: await file.readFloat32(key) }
  }
  await file.close()
  const path = join(folder, name)
  await writeSafetensors(path, change(tensors))
  return path
}

const without = (tensors: Tensors, pattern: RegExp): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([key]) => !pattern.test(key)))

const renamed = (tensors: Tensors, from: string, to: string): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key.replace(from, to), tensor]))

test('the numbers of a file are for the way down, the way up and the middle', async () => {
  const { layers } = await load()
  expect([...layers.keys()]).toEqual([
    'down_blocks.0.attentions.0.transformer_blocks.0.attn2',
    'up_blocks.1.attentions.0.transformer_blocks.0.attn2',
    'up_blocks.1.attentions.1.transformer_blocks.0.attn2',
    'mid_block.attentions.0.transformer_blocks.0.attn2',
  ])
  expect([...layers.values()].map(({ toKIp }) => toKIp.outFeatures)).toEqual([8, 8, 8, 16])
})

describe('files that are refused', () => {
  const refused: readonly (readonly [
    what: string,
    make: () => Promise<string>,
    type: new (...args: never[]) => Error,
    text: string | RegExp,
  ])[] = [
    ['a file that is not there', async () => join(folder, 'none.safetensors'), MissingFileError, 'none.safetensors'],
    [
      'a pickle',
      async () => {
        await writeFile(join(folder, 'ip-adapter.bin'), 'PK')
        return join(folder, 'ip-adapter.bin')
      },
      PickleCheckpointError,
      'is a PyTorch pickle',
    ],
    [
      'a truncated file',
      async () => {
        const path = await fileLike('short.safetensors', tensors => tensors)
        await truncate(path, 9000)
        return path
      },
      SafetensorsError,
      /short\.safetensors/,
    ],
    [
      'a LoRA',
      () =>
        fileLike('lora.safetensors', () => ({
          'unet.a.lora_A.weight': { dtype: 'F32', shape: [1], data: new Float32Array(1) },
        })),
      IPAdapterError,
      /It is not an IP-Adapter: none of its 1 tensors is named image_proj\.….* It looks like a LoRA\. Pass it with --lora/,
    ],
    [
      'a projection of no known kind',
      () => fileLike('unknown.safetensors', tensors => renamed(tensors, 'image_proj.', 'image_proj.x.')),
      IPAdapterError,
      'It has none of the known image projections',
    ],
    [
      'an adapter with more layers',
      () =>
        fileLike('larger.safetensors', tensors => ({
          ...tensors,
          ...renamed(tensors, 'ip_adapter.', 'ip_adapter.10'),
        })),
      IPAdapterError,
      'It was made for a UNet with 8 layers of cross-attention over 16 channels, but this UNet2DConditionModel has 4 over 16.',
    ],
    [
      'an adapter for other channels',
      () => {
        return fileLike('channels.safetensors', tensors => ({
          ...tensors,
          'image_proj.norm.weight': { dtype: 'F32', shape: [32], data: new Float32Array(32) },
        }))
      },
      IPAdapterError,
      'over 32 channels, but this UNet2DConditionModel has 4 over 16',
    ],
    [
      'an adapter without one of its matrices',
      () => fileLike('incomplete.safetensors', tensors => without(tensors, /^ip_adapter\.3\.to_v_ip/)),
      StateDictError,
      'ip_adapter.3.to_v_ip.weight',
    ],
    [
      'weights of NaN',
      () =>
        fileLike('nan.safetensors', tensors => {
          ;(tensors['ip_adapter.5.to_k_ip.weight'] as Tensors[string]).data[3] = Number.NaN
          return tensors
        }),
      IPAdapterError,
      'It is damaged: 1 of its weights are NaN or infinite.',
    ],
    [
      'a FaceID adapter with a LoRA',
      () =>
        fileLike('face.safetensors', tensors => ({
          ...tensors,
          'ip_adapter.0.to_k_lora.down.weight': { dtype: 'F32', shape: [1], data: new Float32Array(1) },
        })),
      IPAdapterError,
      'It contains a LoRA (1 tensors), as FaceID adapters do.',
    ],
    [
      'a FaceID Plus adapter',
      () =>
        fileLike('face-plus.safetensors', tensors => ({
          ...tensors,
          'image_proj.perceiver_resampler.proj_in.weight': { dtype: 'F32', shape: [1], data: new Float32Array(1) },
        })),
      IPAdapterError,
      'It is a FaceID Plus adapter',
    ],
  ]

  test.each(refused)('%s', async (_, make, type, text) => {
    const path = await make()
    const before = tf.memory().numTensors
    const loading = load(path)
    await expect(loading).rejects.toThrow(type)
    await expect(loading).rejects.toThrow(text)
    expect(tf.memory().numTensors).toBe(before)
  })
})

test('tensors that are not parts of an adapter are named', async () => {
  const path = await fileLike('more.safetensors', tensors => ({
    ...tensors,
    'optimizer.step': { dtype: 'F32', shape: [1], data: new Float32Array(1) },
  }))
  const warnings = catchWarnings()
  await load(path)
  expect(warnings()).toEqual([
    `UNUSED_WEIGHTS: ${path}: tensors that are not parts of an IP-Adapter were ignored: "optimizer.step".`,
  ])
})

describe('scales', () => {
  const set = async () => IPAdapterSet.of([await load()])
  const scalesOf = (adapters: IPAdapterSet) =>
    adapters.hooks(unet, { ipAdapterTokens: [tf.zeros([1, 1, 4, 16])] }).map(({ numbers }) => numbers)

  test('are 1 at first, and may be one number for all layers', async () => {
    expect(scalesOf(await set())).toEqual([[1], [1], [1], [1]])
    expect(scalesOf((await set()).withScale(0.4, unet))).toEqual([[0.4], [0.4], [0.4], [0.4]])
  })

  test('by block leave parts that are not named at 0', async () => {
    const adapters = (await set()).withScale({ up: { block_1: [0.25, 0.5] } }, unet)
    expect(scalesOf(adapters)).toEqual([[0], [0.25], [0.5], [0]])
    expect(scalesOf((await set()).withScale({ down: 0.3, mid: 0.7 }, unet))).toEqual([[0.3], [0], [0], [0.7]])
  })

  test.each([
    [[1, 2], 'there must be one for each of the 1 IP-Adapters'],
    [Number.NaN, 'it must be finite'],
    [{ up: { block_0: 1 } }, 'the UNet has attention in block_1 of "up"'],
    [{ up: { block_1: [1, 2, 3] } }, 'one for each of its 2 transformers'],
    [{ left: 1 }, 'expected one of down, mid, up'],
  ])('%j is refused', async (scale, text) => {
    const adapters = await set()
    const withScale = () => adapters.withScale(scale as never, unet)
    expect(withScale).toThrow(InputTypeError)
    expect(withScale).toThrow(text)
  })

  test.each(['eager', 'graph'] as const)(
    'another scale or picture makes no other session or weights, by the executor %s',
    async by => {
      const executor = by === 'graph' ? graph() : eagerExecutor
      unet.useExecutor(executor)
      const adapters = await set()
      const generator = new Generator(1)
      const inputs = {
        sample: randnTensor([1, 8, 8, 4], generator),
        timestep: 301,
        encoderHiddenStates: tf.tensor3d(generator.randn([1, 5, 16]), [1, 5, 16]),
      }
      const plain = await unet.call(inputs)
      const draw = async (scale: number) => {
        const tokens = [tf.tensor(new Generator(2).randn([1, 1, 4, 16]), [1, 1, 4, 16])]
        return unet.call(inputs, { hooks: adapters.withScale(scale, unet).hooks(unet, { ipAdapterTokens: tokens }) })
      }
      const [full, none] = [await draw(1), await draw(0)]
      expect(distance(full, plain)).toBeGreaterThan(1e-3)
      expect(distance(none, plain)).toBeLessThan(1e-6)
      if (by === 'graph') expect(graph().sessionCount).toBe(2)
      // Without the adapter it is the same graph as before.
      expect(distance(await unet.call(inputs), plain)).toBe(0)
    },
  )
})
