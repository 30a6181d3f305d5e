/** A model whose calls take long enough to be disturbed. */
import * as tf from '@tensorflow/tfjs'
import type { GraphExecutor } from '../../../../components/executors/graph/graph-executor'
import { RuntimeProcess } from '../../../../components/executors/graph/runtime-process'
import { FunctionModel } from '../function-model'

/** Multiplies a matrix with itself that many times. */
export function makeSlow(executor: GraphExecutor, times: number): FunctionModel<{ x: tf.Tensor2D }, tf.Tensor2D> {
  const model = new FunctionModel(({ x }: { x: tf.Tensor2D }) =>
    tf.tidy(() => {
      let y = x
      for (let i = 0; i < times; i++) y = tf.matMul(y, x).mul<tf.Tensor2D>(0.01)
      return y
    }),
  )
  return model.useExecutor(executor)
}

/** Multiplications of {@link largeMatrix} that take minutes. */
export const MINUTES = 2_000

/** A matrix, one multiplication of which takes a moment. */
export const largeMatrix = () => tf.fill<tf.Rank.R2>([1600, 1600], 0.1)

/** Settles when the next call has been given to the process that computes, however slow the machine is. */
export function untilComputing(): Promise<void> {
  const { run } = RuntimeProcess.prototype
  return new Promise(resolve => {
    const spy = jest.spyOn(RuntimeProcess.prototype, 'run')
    spy.mockImplementation(function (this: RuntimeProcess, ...request) {
      spy.mockRestore()
      resolve()
      return run.apply(this, request)
    })
  })
}
