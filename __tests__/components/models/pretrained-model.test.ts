import * as tf from '@tensorflow/tfjs'
import { eagerExecutor } from '../../../components/executors/eager-executor'
import { makeDoubling, takeCall } from '../executors/function-model'
import { useGraphExecutor } from '../executors/use-graph-executor'

const executor = useGraphExecutor()

describe('PretrainedModel', () => {
  test('computes eagerly until it is set otherwise', async () => {
    const model = makeDoubling()
    expect(model.executor).toBe(eagerExecutor)
    expect(await takeCall(model, [1, 2])).toEqual([2, 4])
    expect(await takeCall(model.useExecutor(executor()), [1, 2])).toEqual([2, 4])
    expect(model.executor).toBe(executor())
    expect(executor().sessionCount).toBe(1)
    model.dispose()
  })

  test('lets its sessions go with the executor, and when it is disposed', async () => {
    const [model, other] = [makeDoubling(), makeDoubling()]
    for (const one of [model, other]) await takeCall(one.useExecutor(executor()), [1])
    expect(executor().sessionCount).toBe(2)
    model.useExecutor(executor())
    expect(executor().sessionCount).toBe(2)
    model.useExecutor(eagerExecutor)
    expect(executor().sessionCount).toBe(1)
    expect(await takeCall(model, [3])).toEqual([6])
    other.dispose()
    expect(executor().sessionCount).toBe(0)
    other.dispose()
    model.dispose()
  })

  test('may be called again after it was disposed and loaded again', async () => {
    const model = makeDoubling().useExecutor(executor())
    await takeCall(model, [1])
    model.dispose()
    expect(await takeCall(model, [4])).toEqual([8])
    model.dispose()
  })

  test('rejects with the reason of a signal that has fired, whatever computes', async () => {
    const x = tf.ones([1])
    const reason = new Error('no longer wanted')
    for (const one of [eagerExecutor, executor()]) {
      const call = makeDoubling()
        .useExecutor(one)
        .call({ x }, { signal: AbortSignal.abort(reason) })
      await expect(call).rejects.toBe(reason)
    }
    x.dispose()
  })
})
