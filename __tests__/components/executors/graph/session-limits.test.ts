import type * as tf from '@tensorflow/tfjs'
import { TensorPlaceholder } from '../../../../components/backends/recorder/tensor-tree'
import { GraphExecutor } from '../../../../components/executors/graph/graph-executor'
import { Linear } from '../../../../components/nn/linear'
import { FunctionModel, loadSomeWeights, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'

// Beside the executors of the tests, for the tensors that they leave.
useGraphExecutor()

describe('the limits of an executor', () => {
  /** An executor of its own, for one test. */
  async function withExecutor(
    options: ConstructorParameters<typeof GraphExecutor>[0],
    action: (executor: GraphExecutor) => Promise<void>,
  ): Promise<void> {
    const own = new GraphExecutor({ threads: 1, ...options })
    try {
      await action(own)
    } finally {
      own.dispose()
      expect(own.sessionCount).toBe(0)
    }
  }

  /** A model with 40 bytes of weights, and how often it has been recorded. */
  function counted(own: GraphExecutor) {
    const layer = loadSomeWeights(new Linear(4, 2))
    let recordings = 0
    const model = new FunctionModel(
      ({ x }: { x: tf.Tensor }) => {
        recordings++
        return layer.forward(x)
      },
      [layer],
    ).useExecutor(own)
    return { model, call: () => takeCall(model, [1, 2, 3, 4]), recordings: () => recordings }
  }

  test('drop no session whose call is still reading its inputs', () =>
    withExecutor({ maxSessions: 1 }, async own => {
      const models = [counted(own), counted(own)]
      const calls = models.map(({ call }) => call())
      expect(own.sessionCount).toBe(2)
      await Promise.all(calls)
      for (const { model } of models) model.dispose()
    }))

  test('drop the session that was used least recently', async () => {
    await withExecutor({ maxSessions: 2 }, async own => {
      const [a, b, c] = [counted(own), counted(own), counted(own)]
      for (const { call } of [a, b, a, c]) await call()
      expect(own.sessionCount).toBe(2)
      const results = await Promise.all([a.call(), c.call()])
      expect([a, b, c].map(({ recordings }) => recordings())).toEqual([1, 1, 1])
      expect(await b.call()).toEqual(results[0])
      expect([a, b, c].map(({ recordings }) => recordings())).toEqual([1, 2, 1])
      for (const { model } of [a, b, c]) model.dispose()
    })
  })

  test('hold for the bytes of the weights', async () => {
    await withExecutor({ maxSessionBytes: 100 }, async own => {
      const [a, b, c] = [counted(own), counted(own), counted(own)]
      for (const { call } of [a, b]) await call()
      expect(own.sessionCount).toBe(2)
      await c.call()
      expect(own.sessionCount).toBe(2)
      for (const { model } of [a, b, c]) model.dispose()
    })
  })

  test('never hinder the call that is made', async () => {
    await withExecutor({ maxSessions: 1, maxSessionBytes: 1 }, async own => {
      const [a, b] = [counted(own), counted(own)]
      const calls = [a, b, a, b].map(({ call }) => call())
      const [first, second, ...rest] = await Promise.all(calls)
      expect(second).toEqual(first)
      expect(rest).toEqual([first, second])
      expect(await a.call()).toEqual(first)
      expect(own.sessionCount).toBe(1)
      for (const { model } of [a, b]) model.dispose()
    })
  })

  test('keep the executor from getting ready for what does not fit beside the models in use', async () => {
    await withExecutor({ maxSessionBytes: 60 }, async own => {
      const [a, b] = [counted(own), counted(own)]
      await a.call()
      const inputs = { x: new TensorPlaceholder([4]) } as never
      own.prepare({ model: b.model, method: 'forward', forward: b.model.compute as never, inputs })
      await new Promise(setImmediate)
      expect(b.recordings()).toBe(0)
      for (const { model } of [a, b]) model.dispose()
    })
  })
})
