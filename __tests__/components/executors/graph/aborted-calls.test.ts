import * as tf from '@tensorflow/tfjs'
import { TensorPlaceholder } from '../../../../components/backends/recorder/tensor-tree'
import { GraphSession } from '../../../../components/executors/graph/graph-session'
import { GRACE, graceFor, sessionHost } from '../../../../components/executors/graph/session-host'
import { failureOf } from '../../../blocks/use-emoji-model'
import { makeDoubling, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'
import { untilEnded } from './process-state'
import { largeMatrix, MINUTES, makeSlow, untilComputing } from './slow-model'

const executor = useGraphExecutor()
const reason = new Error('no longer wanted')

/** The process that computes. */
const pid = () => sessionHost.running?.pid as number

/** Begins a call that takes minutes, does something else while it is computed, and aborts it. */
async function abortLongCall(meanwhile = () => {}): Promise<unknown> {
  const model = makeSlow(executor(), MINUTES)
  const x = largeMatrix()
  const controller = new AbortController()
  const computing = untilComputing()
  const call = failureOf(model.call({ x }, { signal: controller.signal }))
  await computing
  meanwhile()
  controller.abort(reason)
  const error = await call
  x.dispose()
  await executor().whenIdle(model)
  model.dispose()
  return error
}

describe('a call that is aborted', () => {
  test('rejects with the reason of the signal if that has fired before', async () => {
    const model = makeDoubling().useExecutor(executor())
    const x = tf.tensor1d([1])
    await expect(model.call({ x }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(executor().sessionCount).toBe(0)
    x.dispose()
  })

  test('rejects at once while it is computed, leaves no tensor, and disturbs no later call', async () => {
    const model = makeSlow(executor(), 60)
    const x = tf.fill<tf.Rank.R2>([400, 400], 0.1)
    const expected = await model.call({ x })
    const tensors = tf.memory().numTensors
    const controller = new AbortController()
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

  test('leaves no tensor if its result comes at the same moment', async () => {
    const model = makeDoubling().useExecutor(executor())
    const controller = new AbortController()
    const run = jest.spyOn(GraphSession.prototype, 'run').mockImplementation(async () => {
      controller.abort(reason)
      return tf.tensor1d([2])
    })
    const x = tf.tensor1d([1])
    expect(await failureOf(model.call({ x }, { signal: controller.signal }))).toBe(reason)
    run.mockRestore()
    x.dispose()
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

  test('ends the process that computes it, and with it its memory', async () => {
    await sessionHost.ready()
    const before = pid()
    expect(await abortLongCall()).toBe(reason)
    await untilEnded(before)
  })

  test('keeps the process if it is done in a moment', async () => {
    const model = makeDoubling().useExecutor(executor())
    expect(await takeCall(model, [1])).toEqual([2])
    const before = pid()
    const controller = new AbortController()
    const x = tf.tensor1d([1])
    const call = model.call({ x }, { signal: controller.signal })
    await new Promise(setImmediate)
    controller.abort(reason)
    expect(await failureOf(call)).toBe(reason)
    x.dispose()
    expect(await takeCall(model, [3])).toEqual([6])
    expect(pid()).toBe(before)
    model.dispose()
  })

  test('leaves calls that wait and models that are loaded as they are', async () => {
    const doubling = makeDoubling().useExecutor(executor())
    expect(await takeCall(doubling, [1])).toEqual([2])
    let others: Promise<number[]>[] = []
    const aborted = abortLongCall(() => {
      others = [takeCall(doubling, [2]), takeCall(makeDoubling().useExecutor(executor()), [1, 2])]
    })
    expect(await aborted).toBe(reason)
    expect(await Promise.all(others)).toEqual([[4], [2, 4]])
    expect(await takeCall(doubling, [5])).toEqual([10])
    doubling.dispose()
  })

  test('is dropped without harm while it waits for others', async () => {
    const slow = makeSlow(executor(), 60)
    const x = tf.fill<tf.Rank.R2>([400, 400], 0.1)
    const first = slow.call({ x })
    const controller = new AbortController()
    const doubling = makeDoubling().useExecutor(executor())
    const one = tf.tensor1d([1])
    const waiting = doubling.call({ x: one }, { signal: controller.signal })
    await new Promise(setImmediate)
    controller.abort(reason)
    expect(await failureOf(waiting)).toBe(reason)
    const y = await first
    expect(y.shape).toEqual([400, 400])
    tf.dispose([x, one, y])
    slow.dispose()
  })

  test('counts no memory for a session that ended with its process', async () => {
    const doubling = makeDoubling().useExecutor(executor())
    await takeCall(doubling, [1])
    const call = { model: doubling, method: 'forward', forward: doubling.compute, inputs: { x: tf.tensor1d([1]) } }
    await abortLongCall()
    expect(executor().heldBytes(doubling)).toBe(0)
    call.inputs.x.dispose()
    doubling.dispose()
  })

  test('stops what is made ready for it in the background', async () => {
    const model = makeDoubling().useExecutor(executor())
    const inputs = { x: new TensorPlaceholder([2]) } as never
    const call = { model, method: 'forward', forward: model.compute as never, inputs }
    await executor().prepare(call, { signal: AbortSignal.abort() })
    expect(executor().sessionCount).toBe(0)
    model.dispose()
  })
})

test.each([
  [undefined, GRACE],
  [-5, GRACE],
  [GRACE, GRACE],
  [GRACE + 1, 0],
  [5_000, 0],
])('work of which %s milliseconds are left may take %s more', (remaining, grace) => {
  expect(graceFor(remaining)).toBe(grace)
})
