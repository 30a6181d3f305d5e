import * as tf from '@tensorflow/tfjs'
import { failureOf } from '../../../blocks/use-emoji-model'
import { FunctionModel, makeDoubling, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'

const executor = useGraphExecutor()

/** A model that is at work long enough to be disturbed. */
const makeSlow = () =>
  new FunctionModel(({ x }: { x: tf.Tensor2D }) =>
    tf.tidy(() => {
      let y = x
      for (let i = 0; i < 60; i++) y = tf.matMul(y, x).mul<tf.Tensor2D>(0.01)
      return y
    }),
  )

describe('a call that is aborted', () => {
  test('rejects with the reason of the signal if that has fired before', async () => {
    const model = makeDoubling().useExecutor(executor())
    const x = tf.tensor1d([1])
    const reason = new Error('no longer wanted')
    await expect(model.call({ x }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(executor().sessionCount).toBe(0)
    x.dispose()
  })

  test('rejects at once while it is computed, leaves no tensor, and disturbs no later call', async () => {
    const model = makeSlow().useExecutor(executor())
    const x = tf.fill<tf.Rank.R2>([400, 400], 0.1)
    const expected = await model.call({ x })
    const tensors = tf.memory().numTensors
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const call = model.call({ x }, { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 1)
    await expect(call).rejects.toBe(reason)
    const again = await model.call({ x })
    expect(again.dataSync()).toEqual(expected.dataSync())
    again.dispose()
    expect(tf.memory().numTensors).toBe(tensors)
    tf.dispose([x, expected])
    model.dispose()
  })

  test('may lose its inputs', async () => {
    const model = makeDoubling().useExecutor(executor())
    const controller = new AbortController()
    const x = tf.tensor1d([1])
    const call = model.call({ x }, { signal: controller.signal })
    controller.abort()
    x.dispose()
    expect(await failureOf(call)).toMatchObject({ name: 'AbortError' })
    expect(await takeCall(model, [4])).toEqual([8])
    model.dispose()
  })
})
