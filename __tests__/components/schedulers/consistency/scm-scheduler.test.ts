import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { Generator } from '../../../../components/random/generator'
import { SCMScheduler } from '../../../../components/schedulers/consistency/scm-scheduler'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

test('two steps have their second where the models were distilled, others are even', () => {
  const scheduler = new SCMScheduler()
  scheduler.setTimesteps(2)
  expect(scheduler.timesteps).toEqual([1.5708, 1.3, 0].map(Math.fround))
  scheduler.setTimesteps(2, { intermediateTimesteps: null, maxTimesteps: 1.5 })
  expect(scheduler.timesteps).toEqual([1.5, 0.75, 0])
  scheduler.setTimesteps(3, { maxTimesteps: 1.5 })
  expect(scheduler.timesteps).toEqual([1.5, 1, 0.5, 0])
  expect(scheduler.numInferenceSteps).toBe(3)
})

test('timesteps of the caller have the end of the run, and may be given with the number of steps', () => {
  const scheduler = new SCMScheduler()
  scheduler.setTimesteps(undefined, { timesteps: [1.5, 0.5, 0] })
  expect(scheduler.numInferenceSteps).toBe(2)
  scheduler.setTimesteps(2, { timesteps: [1.5, 0.5, 0], maxTimesteps: null, intermediateTimesteps: null })
  expect(scheduler.timesteps).toEqual([1.5, 0.5, 0])
})

test('the true velocity leads to the clean sample in every step', () => {
  const scheduler = new SCMScheduler()
  scheduler.setTimesteps(2)
  tf.tidy(() => {
    const [clean, noise] = [tf.tensor4d([0.5, -2], [1, 1, 1, 2]), tf.tensor4d([1, 0.25], [1, 1, 1, 2])]
    const [t] = scheduler.timesteps as [number]
    const sample = scheduler.addNoise(clean, noise, t)
    const result = scheduler.step(scheduler.getVelocity(clean, noise, t), t, sample, { generator: new Generator(1) })
    expect(Array.from(result.predOriginalSample?.dataSync() ?? [])).toEqual([
      expect.closeTo(0.5, 5),
      expect.closeTo(-2, 5),
    ])
  })
})

test('the end of the run is not a step', () => {
  const scheduler = new SCMScheduler()
  scheduler.setTimesteps(2)
  scheduler.setBeginIndex(2)
  const x = tf.ones([1, 1, 1, 1])
  expect(() => scheduler.step(x, 0, x, { varianceNoise: x })).toThrow(
    'timestep 0 is where the run ends, so no step starts there',
  )
  x.dispose()
})

test.each([
  [3, { intermediateTimesteps: 1 }, 'intermediateTimesteps can be given for runs of 2 steps only, but there are 3'],
  [2, { intermediateTimesteps: 1.6 }, 'intermediateTimesteps must be between 0 and 1.5708, but is 1.6'],
  [2, { maxTimesteps: null }, 'maxTimesteps can be null only if timesteps are given'],
  [2, { maxTimesteps: 0 }, 'maxTimesteps must be a number above 0, but is 0'],
  [2, { timesteps: [1, 0] }, 'timesteps must be one more than numInferenceSteps (2), but are 2'],
  [undefined, { timesteps: [1, 0], maxTimesteps: 1 }, 'maxTimesteps cannot be given together with timesteps'],
  [undefined, { timesteps: [0, 1] }, 'timesteps must decrease'],
  [undefined, {}, 'numInferenceSteps is missing'],
  [2, { mu: 1 }, 'mu cannot be given to this scheduler'],
])('refuses %p steps with %j', (steps, options, message) => {
  expect(() => new SCMScheduler().setTimesteps(steps, options)).toThrow(message)
})

test('knows one prediction only', () => {
  expect(() => SCMScheduler.fromConfig({ prediction_type: 'epsilon' })).toThrow(ConfigError)
})
