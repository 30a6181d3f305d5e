/** Hooks that carry layers, numbers and tensors, as a LoRA and an image prompt adapter do. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { SafetensorsFile } from '../../../../components/checkpoints/safetensors-file'
import { writeSafetensors } from '../../../../components/checkpoints/write-safetensors'
import { KernelProgram } from '../../../../components/executors/eager/kernel-program'
import { WeightFileChangedError } from '../../../../components/executors/graph/graph-errors'
import type { CallSize } from '../../../../components/models/call-size'
import { hookedCall } from '../../../../components/models/hooks/hooked-call'
import type { BatchHook } from '../../../../components/models/hooks/module-hook'
import type { UNet2DConditionInputs } from '../../../../components/models/unet-2d-condition/inputs'
import { Linear } from '../../../../components/nn/linear'
import { loadStateDict } from '../../../../components/nn/load-state-dict'
import { Module } from '../../../../components/nn/module'
import { WeightsNotLoadedError } from '../../../../components/nn/weights-not-loaded-error'
import { Generator } from '../../../../components/random/generator'
import { distance, MIDDLE, smallInputs, useSmallUNet } from './small-unet'

// Before what counts tensors.
const loaded: Module[] = []
afterEach(() => {
  for (const weights of loaded.splice(0)) weights.dispose()
})

const { unet, executors } = useSmallUNet()

/** The layer that is adapted, and its size. */
const LAYER = `${MIDDLE}.0.attn1.to_q`
const [SIZE, RANK] = [16, 2]

/** Two matrices whose product is added to that of a layer. */
class LowRank extends Module {
  readonly down = new Linear(SIZE, RANK, { bias: false })
  readonly up = new Linear(RANK, SIZE, { bias: false })

  forward(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => this.up.forward(this.down.forward(x)))
  }
}

const addLowRank = (weights: LowRank, scale: number): BatchHook => ({
  name: 'low rank',
  module: LAYER,
  weights,
  numbers: [scale],
  forward: ({ run, args, numbers: [factor] }) =>
    tf.tidy(() => (run(...args) as tf.Tensor).add(weights.forward(args[0] as tf.Tensor).mul(factor as tf.Tensor1D))),
})

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hooks-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The numbers of an adapter: those of `up` and `down`, one after the other. */
function numbersOf(seed: number): { down: Float32Array; up: Float32Array } {
  const generator = new Generator(seed)
  return { down: generator.randn([RANK, SIZE]), up: generator.randn([SIZE, RANK]) }
}

/** Leaves the weights of an adapter in a file. */
async function adapterInFile(seed: number): Promise<{ weights: LowRank; path: string }> {
  const path = join(folder, `adapter-${seed}.safetensors`)
  const { down, up } = numbersOf(seed)
  await writeSafetensors(path, {
    'down.weight': { dtype: 'F32', shape: [RANK, SIZE], data: down },
    'up.weight': { dtype: 'F32', shape: [SIZE, RANK], data: up },
  })
  const file = await SafetensorsFile.open(path)
  const weights = new LowRank()
  await loadStateDict(weights, file, { lazy: true })
  await file.close()
  loaded.push(weights)
  return { weights, path }
}

/** What the model computes with `scale * up * down` added to the weight of the layer itself. */
async function withChangedWeight(seed: number, scale: number): Promise<tf.Tensor> {
  const [, layer] = [...unet().namedModules()].find(([name]) => name === LAYER) ?? []
  const { weight } = layer as Linear
  const [old, origin] = [weight.read().slice(), weight.origin]
  const { down, up } = numbersOf(seed)
  weight.load(
    old.map((value, i) => {
      const [row, column] = [Math.floor(i / SIZE), i % SIZE]
      const products = Array.from(
        { length: RANK },
        (_, k) => (up[row * RANK + k] ?? 0) * (down[k * SIZE + column] ?? 0),
      )
      return value + scale * products.reduce((sum, product) => sum + product, 0)
    }),
  )
  try {
    return await unet().call(smallInputs(2))
  } finally {
    weight.load(old, origin)
  }
}

const bytesOf = (module: Module) => module.parameters().reduce((sum, { bytes }) => sum + bytes, 0)

describe.each(['eager', 'graph'] as const)('with the %s executor', name => {
  beforeAll(() => void unet().useExecutor(executors[name]()))

  test('weights of a hook compute what the same change of the model’s weights does, at any scale', async () => {
    const { weights } = await adapterInFile(1)
    const plain = await unet().call(smallInputs(2))
    for (const scale of [1, -0.4]) {
      const hooked = await unet().call(smallInputs(2), { hooks: [addLowRank(weights, scale)] })
      expect(distance(hooked, await withChangedWeight(1, scale))).toBeLessThan(1e-5)
      expect(distance(hooked, plain)).toBeGreaterThan(1e-3)
    }
    const off = await unet().call(smallInputs(2), { hooks: [addLowRank(weights, 0)] })
    expect(distance(off, plain)).toBeLessThan(1e-6)
  })

  test('hooks of one name with other weights compute with those', async () => {
    const [one, other] = [await adapterInFile(1), await adapterInFile(2)]
    const first = await unet().call(smallInputs(2), { hooks: [addLowRank(one.weights, 1)] })
    const second = await unet().call(smallInputs(2), { hooks: [addLowRank(other.weights, 1)] })
    expect(distance(first, await withChangedWeight(1, 1))).toBeLessThan(1e-5)
    expect(distance(second, await withChangedWeight(2, 1))).toBeLessThan(1e-5)
    expect(distance(first, second)).toBeGreaterThan(1e-3)
  })

  test('two hooks of one layer add up', async () => {
    const [one, other] = [await adapterInFile(1), await adapterInFile(2)]
    const hooks = [addLowRank(one.weights, 0.5), addLowRank(other.weights, 2)]
    const both = await unet().call(smallInputs(2), { hooks })
    const swapped = await unet().call(smallInputs(2), { hooks: hooks.toReversed() })
    expect(distance(both, swapped)).toBeLessThan(1e-5)
    const first = await unet().call(smallInputs(2), { hooks: hooks.slice(0, 1) })
    expect(distance(both, first)).toBeGreaterThan(1e-3)
  })

  test('the model counts and offloads weights of hooks as long as they are loaded', async () => {
    const { weights } = await adapterInFile(3)
    const before = unet().memoryFootprint
    tf.dispose(await unet().call(smallInputs(2), { hooks: [addLowRank(weights, 1)] }))
    expect(unet().memoryFootprint).toBe(before + bytesOf(weights))
    if (name === 'eager') expect(unet().residentBytes).toBeGreaterThanOrEqual(before + bytesOf(weights))
    const isInMemory = () => weights.parameters().map(parameter => parameter.isInMemory)
    // A graph reads them from their file.
    expect(isInMemory()).toEqual(Array(2).fill(name === 'eager'))
    unet().offload()
    expect([isInMemory(), unet().residentBytes]).toEqual([[false, false], 0])
    tf.dispose(await unet().call(smallInputs(2), { hooks: [addLowRank(weights, 1)] }))
    weights.dispose()
    expect(unet().memoryFootprint).toBe(before)
    await Promise.all(
      unet()
        .parameters()
        .map(parameter => parameter.fetch()),
    )
  })

  const addTensor = (module: string, shift: tf.Tensor): BatchHook => ({
    name: 'shift',
    module,
    tensors: { shift },
    forward: ({ run, args, tensors }) => tf.tidy(() => (run(...args) as tf.Tensor).add(tensors['shift'] as tf.Tensor)),
  })
  const ATTENTION = `${MIDDLE}.0.attn2`
  const shiftOf = (batch: number) => tf.tensor(new Generator(9).randn([batch, 1, SIZE]), [batch, 1, SIZE])
  const row = (x: tf.Tensor, begin: number) => x.slice([begin], [1])

  test('a tensor of a hook may differ from call to call', async () => {
    const plain = await unet().call(smallInputs(2))
    const shift = shiftOf(2)
    const hooked = await unet().call(smallInputs(2), { hooks: [addTensor(ATTENTION, shift)] })
    const again = await unet().call(smallInputs(2), { hooks: [addTensor(ATTENTION, shift.reverse(0))] })
    // A constant that is added to what the attention gives is a bias of its last layer.
    const [, layer] = [...unet().namedModules()].find(([path]) => path === `${ATTENTION}.to_out.0`) ?? []
    const bias = (layer as Linear).bias as NonNullable<Linear['bias']>
    const [old, origin] = [bias.read().slice(), bias.origin]
    for (const sample of [0, 1]) {
      const added = row(shift, sample).dataSync()
      bias.load(
        old.map((value, i) => value + (added[i] as number)),
        origin,
      )
      const expected = await unet().call(smallInputs(2))
      expect(distance(row(hooked, sample), row(expected, sample))).toBeLessThan(1e-5)
      expect(distance(row(again, 1 - sample), row(expected, 1 - sample))).toBeLessThan(1e-5)
    }
    bias.load(old, origin)
    expect(distance(hooked, plain)).toBeGreaterThan(1e-3)
  })

  test('a hook inside of a part that is computed for a share of the batch has the rows of that share', async () => {
    const shift = shiftOf(3)
    const inner = addTensor(ATTENTION, shift)
    const outer: BatchHook = {
      name: 'half',
      module: `${MIDDLE}.0`,
      share: { index: 1, count: 3 },
      forward: ({ run, args }) => tf.tidy(() => (run(...args) as tf.Tensor).mul(0.5)),
    }
    const alone = await unet().call(smallInputs(3), { hooks: [inner] })
    const whole = await unet().call(smallInputs(3), { hooks: [inner, { ...outer, share: { index: 0, count: 1 } }] })
    const both = await unet().call(smallInputs(3), { hooks: [inner, outer] })
    expect(distance(row(both, 0), row(alone, 0))).toBeLessThan(1e-5)
    expect(distance(row(both, 1), row(whole, 1))).toBeLessThan(1e-5)
    expect(distance(row(both, 2), row(alone, 2))).toBeLessThan(1e-5)
  })

  test('a hook for a share has a row for each sample of the share', async () => {
    const shift = shiftOf(2)
    const share = { index: 1, count: 2 }
    const plain = await unet().call(smallInputs(4))
    const shared = await unet().call(smallInputs(4), { hooks: [{ ...addTensor(ATTENTION, shift), share }] })
    const padded = tf.concat([tf.zerosLike(shift), shift])
    const whole = await unet().call(smallInputs(4), { hooks: [addTensor(ATTENTION, padded)] })
    expect(distance(shared, whole)).toBeLessThan(1e-5)
    expect(distance(row(shared, 3), row(plain, 3))).toBeGreaterThan(1e-3)
  })

  test('disposed weights are reported', async () => {
    const { weights } = await adapterInFile(4)
    weights.dispose()
    const call = unet().call(smallInputs(1), { hooks: [addLowRank(weights, 1)] })
    await expect(call).rejects.toThrow(WeightsNotLoadedError)
    await expect(call).rejects.toThrow(
      'The weight "down.weight" of the hook "low rank" of UNet2DConditionModel, of shape',
    )
  })
})

/** For what size a call is. */
function sizeOf({ sample: { shape }, encoderHiddenStates }: UNet2DConditionInputs): CallSize {
  const [batch, height, width] = shape
  return { batch, tokens: encoderHiddenStates.shape[1], latents: { height, width } }
}

test('another scale or tensor needs no other session, and a prepared one serves', async () => {
  unet().useExecutor(executors.graph())
  const { weights } = await adapterInFile(5)
  const inputs = smallInputs(1)
  const hooks = (scale: number, fill: number): BatchHook[] => [
    addLowRank(weights, scale),
    {
      name: 'shift',
      module: 'conv_out',
      tensors: { shift: tf.fill([1, 1, 1, 4], fill) },
      forward: ({ run, args, tensors }) => (run(...args) as tf.Tensor).add(tensors['shift'] as tf.Tensor),
    },
  ]
  const made = jest.spyOn(unet().executor, 'prepare')
  unet().prepare(sizeOf(inputs), { hooks: hooks(1, 1) })
  await made.mock.results[0]?.value
  const graph = executors.graph()
  expect(graph.sessionCount).toBe(1)
  const [first, second] = [
    await unet().call(inputs, { hooks: hooks(1, 0) }),
    await unet().call(inputs, { hooks: hooks(2, 3) }),
  ]
  expect(distance(first, second)).toBeGreaterThan(1e-3)
  expect(graph.sessionCount).toBe(1)
  // The session of weights that were disposed goes with the next call.
  weights.dispose()
  tf.dispose(await unet().call(inputs))
  expect(graph.sessionCount).toBe(1)
  made.mockRestore()
})

test('another scale needs no other recording', async () => {
  unet().useExecutor(executors.eager())
  const { weights } = await adapterInFile(6)
  const record = jest.spyOn(KernelProgram, 'record')
  for (const scale of [1, 2]) tf.dispose(await unet().call(smallInputs(1), { hooks: [addLowRank(weights, scale)] }))
  expect(record).toHaveBeenCalledTimes(1)
  record.mockRestore()
})

test('a file of weights that changes under a graph is reported', async () => {
  unet().useExecutor(executors.graph())
  const { weights, path } = await adapterInFile(7)
  tf.dispose(await unet().call(smallInputs(1), { hooks: [addLowRank(weights, 1)] }))
  await appendFile(path, 'x')
  await expect(unet().call(smallInputs(1), { hooks: [addLowRank(weights, 1)] })).rejects.toThrow(WeightFileChangedError)
})

test('a tensor that several hooks use is one input, and the numbers of all are one', () => {
  const image = tf.ones([1, 2])
  const hook = (module: string): BatchHook => ({
    name: 'image',
    module,
    numbers: [1, 2],
    tensors: { image },
    forward: () => image,
  })
  const model = unet()
  const call = hookedCall({ model, method: 'forward', forward: () => image, inputs: {} }, [
    hook('conv_in'),
    hook('conv_out'),
  ])
  expect(call.inputs.hooks.tensors).toEqual([image])
  expect(call.inputs.hooks.numbers?.shape).toEqual([4])
  call.dispose()
})
