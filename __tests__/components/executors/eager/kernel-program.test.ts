/** Models that compute in pieces give the numbers that they give at once. */
import * as tf from '@tensorflow/tfjs'
import { flattenTree } from '../../../../components/backends/recorder/tensor-tree'
import { KernelProgram } from '../../../../components/executors/eager/kernel-program'
import * as kernels from '../../../../components/executors/eager/run-kernel'
import type { PieceBudget } from '../../../../components/executors/eager/split-kernels'
import { eagerExecutor } from '../../../../components/executors/eager-executor'
import type { ModelCall } from '../../../../components/executors/model-call'
import { AutoencoderKL } from '../../../../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../../../../components/models/clip-text/clip-text-model'
import type { PretrainedModel } from '../../../../components/models/pretrained-model'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { Conv2d } from '../../../../components/nn/conv2d'
import { scaledDotProductAttention } from '../../../../components/nn/scaled-dot-product-attention'
import { tapOutputs } from '../../../../components/nn/tap-outputs'
import { ticksDuring } from '../../../src/runtime/ticks-during'
import { GoldenModelCase, goldenCalls, goldenFolder } from '../../models/golden-model-case'
import { useBackend } from '../../models/use-backend'
import { FunctionModel, loadSomeWeights } from '../function-model'

/** So small that nearly every kernel of a small model is computed in pieces. */
const TINY: PieceBudget = { operations: 2e5, values: 1024 }

/** A machine that does much else takes its time. */
const TIMEOUT_MS = 300_000

/** Runs a call as a program and at once, and compares every number. */
async function expectSameInPieces(call: ModelCall<never, unknown>, budget = TINY): Promise<void> {
  const { numTensors } = tf.memory()
  const program = KernelProgram.record(call)
  const tensors = flattenTree(call.inputs).leaves.map(({ tensor }) => tensor as tf.Tensor)
  const results = [await program.run(tensors, { budget }), call.forward(call.inputs)]
  const [actual, expected] = results.map(result => flattenTree(result))
  expect(actual?.signature).toEqual(expected?.signature)
  for (const [i, { tensor }] of actual?.leaves.entries() ?? []) {
    const other = expected?.leaves[i]?.tensor as tf.Tensor
    const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(tensor as tf.Tensor, other))).dataSync()[0])
    expect(difference).toBe(0)
  }
  tf.dispose(results as tf.TensorContainer)
  expect(tf.memory().numTensors).toBe(numTensors)
}

/** A long call: attention over many tokens. */
function slowModel(): FunctionModel<{ x: tf.Tensor3D }, tf.Tensor3D> {
  return new FunctionModel(({ x }: { x: tf.Tensor3D }) => {
    const attended = scaledDotProductAttention({ query: x, key: x, value: x, heads: 4 })
    return scaledDotProductAttention({ query: attended, key: x, value: x, heads: 4 })
  })
}

describe.each([
  ['wasm', ['unet_sd15', 'unet_resnet_downsample', 'vae_sd', 'clip_text']],
  ['cpu', ['clip_text']],
] as const)('on the backend %s', (backend, cases) => {
  useBackend(backend)

  test.each(cases)(
    'the model of the case %s',
    async name => {
      const folder = goldenFolder(name)
      const golden = await GoldenModelCase.open(name)
      const [call] = goldenCalls(name)
      if (call === undefined) throw new Error('The case has no call.')
      const load: () => Promise<PretrainedModel> = () => {
        if (name.startsWith('unet')) return UNet2DConditionModel.fromPretrained(folder)
        return name.startsWith('vae') ? AutoencoderKL.fromPretrained(folder) : CLIPTextModel.fromPretrained(folder)
      }
      const model = await load()
      const inputs = golden.inputs<never>(call)
      const forward = (given: never): unknown => {
        if (model instanceof AutoencoderKL)
          return call.call === 'encode'
            ? model.forwardEncode((given as { x: tf.Tensor4D }).x)
            : model.forwardDecode((given as { z: tf.Tensor4D }).z)
        return (model as unknown as { forward(inputs: never): unknown }).forward(given)
      }
      await expectSameInPieces({ model, method: 'forward', forward, inputs })
      tf.dispose(inputs)
      model.dispose()
    },
    TIMEOUT_MS,
  )

  test('a convolution with a stride and uneven padding, for several images', async () => {
    const layer = loadSomeWeights(new Conv2d(3, 5, { stride: 2, padding: [0, 1] }))
    const model = new FunctionModel(({ x }: { x: tf.Tensor4D }) => layer.forward(x), [layer])
    const x = tf.randomNormal<tf.Rank.R4>([2, 63, 61, 3])
    await expectSameInPieces({ model, method: 'forward', forward: model.compute as never, inputs: { x } as never })
    tf.dispose(x)
    layer.dispose()
  })

  test('attention with a bias of each form', async () => {
    const x = tf.randomNormal<tf.Rank.R3>([2, 40, 16])
    for (const shape of [
      [1, 1, 40, 40],
      [2, 1, 1, 40],
      [2, 4, 40, 40],
      [40, 40],
    ]) {
      const bias = tf.randomNormal(shape)
      const forward = (given: { x: tf.Tensor3D; bias: tf.Tensor }) =>
        scaledDotProductAttention({ query: given.x, key: given.x, value: given.x, heads: 4, bias: given.bias })
      const inputs = { x, bias }
      const model = new FunctionModel(forward)
      await expectSameInPieces({ model, method: 'forward', forward: forward as never, inputs: inputs as never })
      bias.dispose()
    }
    x.dispose()
  })
})

describe('a call of the eager executor', () => {
  useBackend('wasm')

  test('lets timers fire on the way', async () => {
    const x = tf.randomNormal<tf.Rank.R3>([1, 2048, 64])
    const ticks = await ticksDuring(async () => tf.dispose(await slowModel().call({ x })))
    expect(ticks).toBeGreaterThanOrEqual(3)
    x.dispose()
  })

  test('stops when it is cancelled, and leaves no tensor', async () => {
    const x = tf.randomNormal<tf.Rank.R3>([1, 4096, 64])
    const { numTensors } = tf.memory()
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(slowModel().call({ x }, { signal: controller.signal })).rejects.toThrow('enough')
    expect(tf.memory().numTensors).toBe(numTensors)
    x.dispose()
  })

  test('computes no piece more once it is cancelled', async () => {
    const layer = loadSomeWeights(new Conv2d(32, 32, { padding: 1 }))
    const model = new FunctionModel(({ x }: { x: tf.Tensor4D }) => layer.forward(x), [layer])
    const x = tf.ones<tf.Rank.R4>([1, 512, 512, 32])
    const { numTensors } = tf.memory()
    const program = KernelProgram.record({
      model,
      method: 'forward',
      forward: model.compute as never,
      inputs: { x } as never,
    })
    let pieces = 0
    const { runKernel } = jest.requireActual<typeof kernels>('../../../../components/executors/eager/run-kernel')
    const spy = jest.spyOn(kernels, 'runKernel').mockImplementation(call => {
      pieces++
      return runKernel(call)
    })
    const controller = new AbortController()
    let piecesBefore = 0
    const timer = setInterval(() => {
      if (pieces === 0) return
      clearInterval(timer)
      piecesBefore = pieces
      controller.abort(new Error('enough'))
    }, 1)
    await expect(program.run([x], { signal: controller.signal, budget: TINY })).rejects.toThrow('enough')
    spy.mockRestore()
    expect(piecesBefore).toBeGreaterThan(0)
    expect(pieces).toBe(piecesBefore)
    expect(tf.memory().numTensors).toBe(numTensors)
    x.dispose()
    layer.dispose()
  })

  test('computes a model that reads values at once', async () => {
    const model = new FunctionModel(({ x }: { x: tf.Tensor }) => x.mul(x.dataSync()[0] as number))
    const x = tf.fill([2 ** 17], 3)
    const y = await model.call({ x })
    expect(y.dataSync()[5]).toBe(9)
    tf.dispose([x, y])
  })

  test('sees weights and layers that were replaced since the last call', async () => {
    const layer = loadSomeWeights(new Conv2d(64, 64, { padding: 1 }))
    class OneLayer extends FunctionModel<{ x: tf.Tensor4D }, tf.Tensor4D> {
      layer = layer
    }
    const model: OneLayer = new OneLayer(({ x }) => model.layer.forward(x))
    const x = tf.ones<tf.Rank.R4>([1, 8, 8, 64])
    const first = await model.call({ x })
    layer.bias?.load(new Float32Array(64).fill(1000))
    const second = await model.call({ x })
    expect((second.dataSync()[0] as number) - (first.dataSync()[0] as number)).toBeGreaterThan(900)
    model.layer = new Conv2d(64, 2, { padding: 1 })
    loadSomeWeights(model.layer)
    const third = await model.call({ x })
    expect(third.shape).toEqual([1, 8, 8, 2])
    tf.dispose([x, first, second, third])
    layer.dispose()
    model.layer.dispose()
  })

  test('lets taps see every output', async () => {
    const layer = loadSomeWeights(new Conv2d(64, 64, { padding: 1 }))
    class OneLayer extends FunctionModel<{ x: tf.Tensor4D }, tf.Tensor4D> {
      readonly layer = layer
    }
    const model = new OneLayer(({ x }) => layer.forward(x))
    const seen: number[] = []
    const stop = tapOutputs(model, (_name, output) => seen.push(output.dataSync()[0] as number))
    const x = tf.ones<tf.Rank.R4>([1, 8, 8, 64])
    const y = await model.call({ x })
    stop()
    expect(seen).toEqual([y.dataSync()[0]])
    tf.dispose([x, y])
    layer.dispose()
  })

  test('a result that is in two places is two tensors', async () => {
    const model = new FunctionModel(({ x }: { x: tf.Tensor }) => {
      const y = x.mul(2)
      return { first: y, second: y }
    })
    const x = tf.ones([2 ** 17])
    const { first, second } = await model.call({ x })
    first.dispose()
    expect(second.dataSync()[7]).toBe(2)
    tf.dispose([x, second])
  })

  test('an input that is also the result is a copy', async () => {
    const model = new FunctionModel(({ x }: { x: tf.Tensor }) => ({ same: x, twice: x.mul(2) }))
    const x = tf.ones([2 ** 17])
    const { same, twice } = await model.call({ x })
    x.dispose()
    expect([same.dataSync()[7], twice.dataSync()[7]]).toEqual([1, 2])
    tf.dispose([same, twice])
    eagerExecutor.release(model)
  })
})
