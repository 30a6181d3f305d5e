import * as tf from '@tensorflow/tfjs'
import { Generator } from '../../../../components/random/generator'
import { TCDScheduler } from '../../../../components/schedulers/consistency/tcd-scheduler'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const options = { generator: new Generator(1) }

test('without eta, the true noise is followed to the least noise of the training', () => {
  const scheduler = new TCDScheduler()
  scheduler.setTimesteps(4)
  tf.tidy(() => {
    const [clean, noise] = [tf.tensor1d([0.5, -2]), tf.tensor1d([1, 0.25])]
    let sample: tf.Tensor = scheduler.addNoise(clean, noise, 999)
    for (const t of scheduler.timesteps) sample = scheduler.step(noise, t, sample, { eta: 0 }).prevSample
    const expected = scheduler.addNoise(clean, noise, 0).dataSync()
    expect(Array.from(sample.dataSync())).toEqual(Array.from(expected, value => expect.closeTo(value, 3)))
  })
})

test('with eta 1 a step goes to no noise, and takes all of the next noise fresh', () => {
  const scheduler = new TCDScheduler()
  scheduler.setTimesteps(2)
  tf.tidy(() => {
    const [clean, noise, fresh] = [
      [0.5, -2],
      [1, 0.25],
      [-1, 3],
    ].map(values => tf.tensor1d(values)) as [tf.Tensor, tf.Tensor, tf.Tensor]
    const sample = scheduler.addNoise(clean, noise, 999)
    const { prevSample } = scheduler.step(noise, 999, sample, { eta: 1, varianceNoise: fresh })
    const expected = scheduler.addNoise(clean, fresh, 499).dataSync()
    // What is left of the old noise is that of timestep 0.
    expect(Array.from(prevSample.dataSync())).toEqual(Array.from(expected, value => expect.closeTo(value, 1)))
  })
})

test('adds noise by default, and not in the last step', () => {
  const scheduler = new TCDScheduler()
  scheduler.setTimesteps(2)
  const x = tf.ones([1, 1, 1, 1])
  expect(() => scheduler.step(x, 999, x)).toThrow(MissingGeneratorError)
  const first = scheduler.step(x, 999, x, options)
  const last = scheduler.step(x, 499, x)
  tf.dispose([x, ...Object.values(first), ...Object.values(last)])
})

test('original steps that are given for a run let it choose from the whole training', () => {
  const scheduler = new TCDScheduler()
  scheduler.setTimesteps(4, { originalInferenceSteps: 30 })
  expect(scheduler.timesteps).toEqual([999, 749, 499, 249])
})

test.each([-0.1, 1.1, Number.NaN])('refuses an eta of %p', eta => {
  const scheduler = new TCDScheduler()
  scheduler.setTimesteps(2)
  const x = tf.ones([1])
  expect(() => scheduler.step(x, 999, x, { eta })).toThrow(`eta must be a number from 0 to 1, but is ${eta}`)
  x.dispose()
})
