import * as tf from '@tensorflow/tfjs'
import { Generator } from '../../../../components/random/generator'
import { FlowMatchHeunDiscreteScheduler } from '../../../../components/schedulers/flow-matching/flow-match-heun-discrete-scheduler'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { useBackend } from '../../models/use-backend'
import { MultistepRun } from '../multistep-run'

useBackend('cpu')

function start(scheduler = new FlowMatchHeunDiscreteScheduler()): MultistepRun {
  const copy = scheduler.forRun()
  copy.setTimesteps(4)
  return new MultistepRun(copy)
}

test('interleaved runs equal separate ones', () => {
  const scheduler = new FlowMatchHeunDiscreteScheduler({ shift: 3 })
  const alone = start(scheduler).take().finish()
  const [a, b] = [start(scheduler).take(3), start(scheduler).take(2)]
  expect([a.take(2), b.take(3), a.take(), b.take()].slice(2).map(run => run.finish())).toEqual([alone, alone])
})

test('disposes what the first half of a step leaves', () => {
  const before = tf.memory().numTensors
  const run = start().take(1)
  expect(tf.memory().numTensors).toBe(before + 3)
  run.take(1)
  expect(tf.memory().numTensors).toBe(before + 1)
  run.take(1).finish()
  expect(tf.memory().numTensors).toBe(before)
})

test('follows a curve better than straight steps do', () => {
  // The flow of dx/dσ = x, whose end is known, against Euler's steps of as many predictions.
  const scheduler = new FlowMatchHeunDiscreteScheduler()
  scheduler.setTimesteps(5)
  let x: tf.Tensor = tf.scalar(1)
  for (const t of scheduler.timesteps) {
    const { prevSample, predOriginalSample } = scheduler.step(x, t, x)
    tf.dispose([x, predOriginalSample ?? []])
    x = prevSample
  }
  const error = Math.abs((x.dataSync()[0] as number) - Math.exp(-1))
  const euler = Math.abs((1 - 1 / 9) ** 9 - Math.exp(-1))
  expect(error).toBeLessThan(euler / 3)
  x.dispose()
})

test('churn needs a source of noise, within its range of sigmas', () => {
  const scheduler = new FlowMatchHeunDiscreteScheduler()
  scheduler.setTimesteps(2)
  const x = tf.ones([1, 1, 1, 1])
  expect(() => scheduler.step(x, 1000, x, { sChurn: 1 })).toThrow(MissingGeneratorError)
  const plain = scheduler.step(x, 1000, x, { sChurn: 1, sTmax: 0.9 })
  const other = scheduler.forRun()
  other.setTimesteps(2)
  const churned = other.step(x, 1000, x, { sChurn: 1, generator: new Generator(1) })
  expect(churned.prevSample.dataSync()).not.toEqual(plain.prevSample.dataSync())
  tf.dispose([x, ...Object.values(plain), ...Object.values(churned)])
  scheduler.dispose()
  other.dispose()
})

test('takes no timesteps of the caller', () => {
  expect(() => new FlowMatchHeunDiscreteScheduler().setTimesteps(undefined, { timesteps: [1000, 1] })).toThrow(
    'timesteps cannot be given to this scheduler',
  )
})
