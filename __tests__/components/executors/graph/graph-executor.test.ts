import * as tf from '@tensorflow/tfjs'
import { TensorPlaceholder } from '../../../../components/backends/recorder/tensor-tree'
import { GraphExecutionError } from '../../../../components/executors/graph/graph-errors'
import { Linear } from '../../../../components/nn/linear'
import { failureOf } from '../../../blocks/use-emoji-model'
import { FunctionModel, loadSomeWeights, makeDoubling, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'

const executor = useGraphExecutor()

describe('GraphExecutor', () => {
  test('says what it computes on', () => {
    expect(executor()).toMatchObject({
      name: 'graph',
      provider: 'cpu',
      backend: 'onnxruntime-cpu',
      device: 'CPU, 1 thread',
      version: expect.stringMatching(/^onnxruntime-node \d+\.\d+/),
      readsWeights: true,
    })
  })

  test('leaves no tensor in 30 calls', async () => {
    const model = makeDoubling().useExecutor(executor())
    const before = tf.memory()
    for (let i = 0; i < 30; i++) expect(await takeCall(model, [i, 1])).toEqual([2 * i, 2])
    expect(tf.memory().numTensors).toBe(before.numTensors)
    expect(tf.memory().numBytes).toBe(before.numBytes)
    model.dispose()
  })

  test('returns what the model returned, with a tensor in each place', async () => {
    const model = new FunctionModel(({ x, count }: { x: tf.Tensor; count: number }) => ({
      states: [tf.add(x, count), { last: tf.mul(x, count) }],
      count,
      none: undefined,
    })).useExecutor(executor())
    const x = tf.tensor1d([1, 2])
    const result = await model.call({ x, count: 3 })
    expect(result).toMatchObject({ count: 3, none: undefined })
    const [first, second] = result.states as [tf.Tensor, { last: tf.Tensor }]
    expect([...first.dataSync()]).toEqual([4, 5])
    expect([...second.last.dataSync()]).toEqual([3, 6])
    tf.dispose([x, first, second.last])
    model.dispose()
  })

  test('takes a setting for a part of the graph', async () => {
    const model = new FunctionModel(({ x, factor }: { x: tf.Tensor; factor: number }) => tf.mul(x, factor))
    model.useExecutor(executor())
    const x = tf.tensor1d([1, 2])
    for (const factor of [2, 3, 2]) {
      const y = await model.call({ x, factor })
      expect([...y.dataSync()]).toEqual([factor, 2 * factor])
      y.dispose()
    }
    expect(executor().sessionCount).toBe(2)
    x.dispose()
    model.dispose()
  })

  test('tells settings apart that are not numbers to count with', async () => {
    const model = new FunctionModel(({ x, factor }: { x: tf.Tensor; factor: number }) => tf.mul(x, factor))
    model.useExecutor(executor())
    const x = tf.tensor1d([1])
    const products: unknown[] = []
    for (const factor of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
      const y = await model.call({ x, factor })
      products.push(y.dataSync()[0])
      y.dispose()
    }
    expect(products).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])
    x.dispose()
    model.dispose()
  })

  test('lets a call come to its end when the model is disposed meanwhile', async () => {
    const model = makeDoubling().useExecutor(executor())
    for (const number of [1, 2]) {
      const call = takeCall(model, [number])
      model.dispose()
      expect(await call).toEqual([2 * number])
    }
    expect(executor().sessionCount).toBe(0)
  })

  test('keeps a session for each function and shape', async () => {
    const model = makeDoubling().useExecutor(executor())
    for (const numbers of [[1], [1, 2], [3], [3, 4]]) {
      expect(await takeCall(model, numbers)).toEqual(numbers.map(number => 2 * number))
    }
    expect(executor().sessionCount).toBe(2)
    const x = tf.tensor1d([1])
    const call = { model, method: 'square', forward: (input: tf.Tensor) => tf.square(input), inputs: x }
    const y = await executor().run(call)
    expect(executor().sessionCount).toBe(3)
    tf.dispose([x, y])
    model.dispose()
    expect(executor().sessionCount).toBe(0)
  })

  test('takes as one form what differs in the order of its fields alone', async () => {
    const model = new FunctionModel(({ a, b }: { a: tf.Tensor; b: tf.Tensor }) => tf.sub(a, b))
    model.useExecutor(executor())
    const [a, b] = [tf.tensor1d([5]), tf.tensor1d([2])]
    const results = [await model.call({ a, b }), await model.call({ b, a })]
    expect(results.map(result => result.dataSync()[0])).toEqual([3, 3])
    expect(executor().sessionCount).toBe(1)
    tf.dispose([a, b, results])
    model.dispose()
  })

  test('is ready for a call for which placeholders have stood', async () => {
    const model = makeDoubling().useExecutor(executor())
    const inputs = { x: new TensorPlaceholder([2]) } as never
    executor().prepare({ model, method: 'forward', forward: model.compute as never, inputs })
    await new Promise(setImmediate)
    expect(executor().sessionCount).toBe(1)
    expect(await takeCall(model, [1, 2])).toEqual([2, 4])
    expect(executor().sessionCount).toBe(1)
    model.dispose()
  })

  test('leaves it to the call to say what is wrong with a model that it was to be ready for', async () => {
    const layer = new Linear(2, 2)
    const model = new FunctionModel(({ x }: { x: tf.Tensor2D }) => layer.forward(x), [layer]).useExecutor(executor())
    const inputs = { x: new TensorPlaceholder([1, 2]) } as never
    executor().prepare({ model, method: 'forward', forward: model.compute as never, inputs })
    await new Promise(setImmediate)
    // Nor does it hold weights that are not there.
    expect([executor().sessionCount, executor().heldBytes(model)]).toEqual([0, 0])
    const x = tf.ones<tf.Rank.R2>([1, 2])
    expect(await failureOf(model.call({ x }))).toMatchObject({ name: 'WeightsNotLoadedError' })
    loadSomeWeights(layer)
    const y = await model.call({ x })
    expect(y.shape).toEqual([1, 2])
    tf.dispose([x, y])
    model.dispose()
  })

  test('computes calls at once as it computes them one after another', async () => {
    const models = [makeDoubling(), new FunctionModel(({ x }: { x: tf.Tensor }) => tf.square(x))]
    for (const model of models) model.useExecutor(executor())
    const calls = Array.from({ length: 12 }, (_, i) => ({
      model: models[i % 2] as (typeof models)[0],
      numbers: Array.from({ length: 1 + (i % 3) }, (_, j) => i + j),
    }))
    const together = await Promise.all(calls.map(({ model, numbers }) => takeCall(model, numbers)))
    const oneByOne: number[][] = []
    for (const { model, numbers } of calls) oneByOne.push(await takeCall(model, numbers))
    expect(together).toEqual(oneByOne)
    expect(oneByOne.slice(0, 3)).toEqual([[0], [1, 4], [4, 6, 8]])
    for (const model of models) model.dispose()
  })

  test("refuses what the model refuses, with the model's own error", async () => {
    const model = new FunctionModel((_: { x: tf.Tensor }): tf.Tensor => {
      throw new RangeError('too long')
    }).useExecutor(executor())
    await expect(takeCall(model, [1])).rejects.toThrow(new RangeError('too long'))
    expect(executor().sessionCount).toBe(0)
  })

  test('names the model and the layer that the runtime cannot compute', async () => {
    // The ids are not known before the call.
    const table = new FunctionModel(({ x }: { x: tf.Tensor }) => tf.gather(tf.tensor1d([1, 2]), tf.cast(x, 'int32')))
    table.useExecutor(executor())
    const error = await failureOf(takeCall(table, [7]))
    expect(error).toBeInstanceOf(GraphExecutionError)
    expect(error).toMatchObject({ model: 'FunctionModel', reason: expect.stringContaining('out of data bounds') })
    expect((error as Error).message).toContain("executor 'eager'")
    expect(await takeCall(table, [1])).toEqual([2])
    table.dispose()
  })
})
