import * as tf from '@tensorflow/tfjs'
import { LMSDiscreteScheduler } from '../../../../components/schedulers/sigma-space/lms-discrete-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeSteps, valuesOf } from '../take-steps'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

function started(): LMSDiscreteScheduler {
  const scheduler = new LMSDiscreteScheduler(latents)
  scheduler.setTimesteps(8)
  return scheduler
}

test.each([1, 2, 4, 6])('with noise that never changes, order %i finds the clean sample', order => {
  const scheduler = started()
  tf.tidy(() => {
    const clean = tf.tensor([1, -2, 3])
    const noise = tf.tensor([0.5, 1, -1])
    let sample: tf.Tensor = clean.add(noise.mul(scheduler.sigmas?.[0] as number))
    for (const timestep of scheduler.timesteps) sample = scheduler.step(noise, timestep, sample, { order }).prevSample
    expect(Array.from(sample.dataSync())).toEqual([1, -2, 3].map(value => expect.closeTo(value, 3)))
  })
  scheduler.dispose()
})

test.each([1, 2, 4])('with order %i remembers as many directions, and gives them back', order => {
  const scheduler = started()
  const before = tf.memory().numTensors
  const sample = takeSteps(scheduler, 6, { order })
  expect(tf.memory().numTensors - before - 1).toBe(order)
  scheduler.dispose()
  sample.dispose()
  expect(tf.memory().numTensors).toBe(before)
})

test('runs do not share what they remember', () => {
  const scheduler = started()
  takeSteps(scheduler, 3).dispose()
  const copy = scheduler.forRun()
  copy.setTimesteps(8)
  const alone = started()
  expect(valuesOf(takeSteps(copy, 4))).toEqual(valuesOf(takeSteps(alone, 4)))
  for (const run of [scheduler, copy, alone]) run.dispose()
})

test.each([0, 1.5, Number.NaN])('order %p is refused', order => {
  const x = tf.ones([1])
  expect(() => started().step(x, 999, x, { order })).toThrow(
    `LMSDiscreteScheduler: order must be a whole number from 1 on, but is ${order}`,
  )
  x.dispose()
})
