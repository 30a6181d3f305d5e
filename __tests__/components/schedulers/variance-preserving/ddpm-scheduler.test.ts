import * as tf from '@tensorflow/tfjs'
import { Generator } from '../../../../components/random/generator'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { DDPMScheduler } from '../../../../components/schedulers/variance-preserving/ddpm-scheduler'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear', clipSample: false } as const
type VarianceType = DDPMScheduler['config']['varianceType']

/** What a step at timestep 500 of 2 adds to its mean, for noise of 1. */
function deviation(varianceType: VarianceType, learned?: number): number {
  const scheduler = new DDPMScheduler({ ...latents, varianceType })
  scheduler.setTimesteps(2)
  return tf.tidy(() => {
    const sample = tf.zeros([1, 1, 1, 1])
    const output = learned === undefined ? sample : tf.concat([sample, tf.fill([1, 1, 1, 1], learned)], -1)
    const { prevSample } = scheduler.step(output, 500, sample, { varianceNoise: tf.ones([1, 1, 1, 1]) })
    return prevSample.dataSync()[0] as number
  })
}

test('a step with the true noise finds the clean sample', () => {
  const scheduler = new DDPMScheduler(latents)
  scheduler.setTimesteps(4)
  tf.tidy(() => {
    const [clean, noise] = [tf.tensor4d([0.5, -2], [1, 1, 1, 2]), tf.tensor4d([1, 0.25], [1, 1, 1, 2])]
    const sample = scheduler.addNoise(clean, noise, 750)
    const { predOriginalSample } = scheduler.step(noise, 750, sample, { generator: new Generator(1) })
    expect(Array.from(predOriginalSample?.dataSync() ?? [])).toEqual([expect.closeTo(0.5, 4), expect.closeTo(-2, 4)])
  })
})

test('logarithms of the variance stand for the same deviation', () => {
  expect(deviation('fixed_small_log')).toBeCloseTo(deviation('fixed_small'), 6)
  expect(deviation('fixed_large_log')).toBeCloseTo(deviation('fixed_large'), 6)
  expect(deviation('fixed_large')).toBeGreaterThan(deviation('fixed_small'))
})

test('a learned range leads from the small to the large variance', () => {
  expect(deviation('learned_range', -1)).toBeCloseTo(deviation('fixed_small'), 6)
  expect(deviation('learned_range', 1)).toBeCloseTo(deviation('fixed_large'), 6)
  const middle = Math.sqrt(deviation('fixed_small') * deviation('fixed_large'))
  expect(deviation('learned_range', 0)).toBeCloseTo(middle, 6)
})

test('a learned variance is taken as it is', () => {
  expect(deviation('learned', 0.25)).toBeCloseTo(0.5, 6)
})

test('refuses an output that holds no variance where it is learned', () => {
  const scheduler = new DDPMScheduler({ varianceType: 'learned_range' })
  scheduler.setTimesteps(2)
  const x = tf.ones([1, 1, 1, 3])
  expect(() => scheduler.step(x, 500, x)).toThrow(
    'modelOutput must have twice the sample\'s 3 channels if varianceType is "learned_range", but has the shape [1,1,1,3]',
  )
  x.dispose()
})

test('adds noise at every timestep but 0', () => {
  const scheduler = new DDPMScheduler(latents)
  scheduler.setTimesteps(2)
  const x = tf.ones([1, 1, 1, 1])
  expect(() => scheduler.step(x, 500, x)).toThrow(MissingGeneratorError)
  const last = scheduler.step(x, 0, x)
  tf.dispose([x, ...Object.values(last)])
})

test('visits the timesteps of the caller, and follows from each to the next', () => {
  const [own, spaced] = [new DDPMScheduler(latents), new DDPMScheduler(latents)]
  own.setTimesteps(undefined, { timesteps: [500, 0] })
  spaced.setTimesteps(2)
  const x = tf.ones([1, 1, 1, 1])
  const [a, b] = [own, spaced].map(scheduler => scheduler.step(x, 500, x, { varianceNoise: x }))
  expect(a?.prevSample.dataSync()).toEqual(b?.prevSample.dataSync())
  tf.dispose([x, ...Object.values(a ?? {}), ...Object.values(b ?? {})])
})
