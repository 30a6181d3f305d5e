import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { HeunDiscreteScheduler } from '../../../../components/schedulers/sigma-space/heun-discrete-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeStep, takeSteps, valuesOf } from '../take-steps'
import '../../../../testing/jest'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

function started(steps = 4, config: object = {}): HeunDiscreteScheduler {
  const scheduler = new HeunDiscreteScheduler({ ...latents, ...config })
  scheduler.setTimesteps(steps)
  return scheduler
}

test('visits each timestep but the first twice', () => {
  const scheduler = started(3)
  expect(scheduler.timesteps).toEqual([999, 499.5, 499.5, 0, 0])
  expect(scheduler.sigmas?.map(sigma => scheduler.sigmas?.indexOf(sigma))).toEqual([0, 1, 1, 3, 3, 5])
  expect([scheduler.order, scheduler.numInferenceSteps]).toEqual([2, 3])
})

test('interleaved runs are those that each would be alone', () => {
  const scheduler = new HeunDiscreteScheduler(latents)
  const runs = [scheduler.forRun(), scheduler.forRun()]
  for (const run of runs) run.setTimesteps(4)
  let samples: tf.Tensor[] = [tf.ones([1, 2, 2, 1]), tf.zeros([1, 2, 2, 1])]
  for (const timestep of started().timesteps) {
    samples = samples.map((sample, i) => takeStep(runs[i] as HeunDiscreteScheduler, timestep, sample))
  }
  expect(valuesOf(samples[0] as tf.Tensor)).toEqual(valuesOf(takeSteps(started())))
  samples[1]?.dispose()
})

test('keeps one tensor from the first call of a step to the second, and gives it back', () => {
  const scheduler = started()
  const before = tf.memory().numTensors
  const counts = [0, 1, 2, 3].map(calls => {
    scheduler.setTimesteps(4)
    takeSteps(scheduler, calls).dispose()
    return tf.memory().numTensors - before
  })
  expect(counts).toEqual([0, 1, 0, 1])
  scheduler.dispose()
  expect(tf.memory().numTensors).toBe(before)
})

test('a whole run leaves no tensor, as its last step is one call', () => {
  expect(() => takeSteps(started()).dispose()).toLeakNoTensors()
})

test('begins at a step that is set, or looks up the first call of the step with that timestep', () => {
  const set = started()
  set.setBeginIndex(2)
  const found = started()
  const timestep = set.timesteps[2] as number
  const results = [set, found].map(scheduler => valuesOf(takeStep(scheduler, timestep, tf.ones([1, 2, 2, 1]))))
  expect(results[0]).toEqual(results[1])
  expect([set.stepIndex, found.stepIndex]).toEqual([3, 3])
  set.dispose()
  found.dispose()
})

test('with a clean sample that never changes, ends at it', () => {
  const scheduler = started(5, { predictionType: 'sample' })
  tf.tidy(() => {
    const clean = tf.tensor([1, -2, 3, 0.5])
    let sample: tf.Tensor = tf.tensor([9, 4, -7, 2])
    for (const timestep of scheduler.timesteps) sample = scheduler.step(clean, timestep, sample).prevSample
    expect(Array.from(sample.dataSync())).toEqual([1, -2, 3, 0.5].map(value => expect.closeTo(value, 4)))
  })
})

test('clips the clean sample to its range', () => {
  const scheduler = started(4, { clipSample: true, clipSampleRange: 2 })
  const x = tf.fill([4], 100)
  const { prevSample, predOriginalSample } = scheduler.step(x, 999, x)
  expect(Math.abs(predOriginalSample?.dataSync()[0] as number)).toBe(2)
  scheduler.dispose()
  tf.dispose([x, prevSample, predOriginalSample as tf.Tensor])
})

test('refuses timesteps where a setting spaces the sigmas, and two such settings', () => {
  const scheduler = new HeunDiscreteScheduler({ ...latents, useKarrasSigmas: true })
  expect(() => scheduler.setTimesteps(undefined, { timesteps: [900, 1] })).toThrow(
    'HeunDiscreteScheduler: timesteps cannot be given if useKarrasSigmas is on',
  )
  expect(() => new HeunDiscreteScheduler({ useKarrasSigmas: true, useBetaSigmas: true })).toThrow(ConfigError)
})

test('before setTimesteps, clean samples get the noise of the training', () => {
  const scheduler = new HeunDiscreteScheduler({ ...latents, betaSchedule: 'exp' })
  const x = tf.ones([1])
  const noised = scheduler.addNoise(x, x, 0)
  expect(noised.dataSync()[0]).toBeCloseTo(1 + Math.sqrt(Math.exp(0.012) - 1), 4)
  tf.dispose([x, noised])
})
