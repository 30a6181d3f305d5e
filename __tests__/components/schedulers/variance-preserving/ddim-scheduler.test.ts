import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { Generator } from '../../../../components/random/generator'
import { randnTensor } from '../../../../components/random/randn-tensor'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { SchedulerArgumentError } from '../../../../components/schedulers/scheduler-argument-error'
import { DDIMScheduler } from '../../../../components/schedulers/variance-preserving/ddim-scheduler'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear', clipSample: false } as const

function scheduler(steps: number): DDIMScheduler {
  const made = new DDIMScheduler(latents)
  made.setTimesteps(steps)
  return made
}

test('a step with the true noise finds the clean sample, at every timestep', () => {
  const values = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 })
  const ddim = scheduler(20)
  fc.assert(
    fc.property(values, values, fc.constantFrom(...ddim.timesteps), (clean, noise, timestep) => {
      tf.tidy(() => {
        const epsilon = tf.tensor(noise)
        const sample = ddim.addNoise(tf.tensor(clean), epsilon, timestep)
        const { predOriginalSample } = ddim.step(epsilon, timestep, sample)
        expect(Array.from(predOriginalSample?.dataSync() ?? [])).toEqual(clean.map(value => expect.closeTo(value, 4)))
      })
    }),
    { numRuns: 30 },
  )
})

test('the velocity leads to the same clean sample as the noise that it is made of', () => {
  const velocities = new DDIMScheduler({ ...latents, predictionType: 'v_prediction' })
  velocities.setTimesteps(4)
  tf.tidy(() => {
    const [clean, noise] = [tf.tensor1d([0.5, -2]), tf.tensor1d([1, 0.25])]
    const sample = velocities.addNoise(clean, noise, 500)
    const velocity = velocities.getVelocity(clean, noise, 500)
    const { predOriginalSample } = velocities.step(velocity, 500, sample)
    expect(Array.from(predOriginalSample?.dataSync() ?? [])).toEqual([expect.closeTo(0.5, 5), expect.closeTo(-2, 5)])
  })
})

describe('with eta', () => {
  const sample = () => tf.ones([2, 3, 4, 5])

  test('draws the noise of the generator', () => {
    const drawn = randnTensor([2, 3, 4, 5], new Generator(7))
    const x = sample()
    const own = scheduler(4).step(x, 750, x, { eta: 1, generator: new Generator(7) })
    const given = scheduler(4).step(x, 750, x, { eta: 1, varianceNoise: drawn })
    expect(own.prevSample.dataSync()).toEqual(given.prevSample.dataSync())
    tf.dispose([drawn, x, ...Object.values(own), ...Object.values(given)])
  })

  test('draws from one generator for each sample', () => {
    tf.tidy(() => {
      const x = sample()
      const generator = [new Generator(1), new Generator(1)]
      const { prevSample } = scheduler(4).step(x, 750, x, { eta: 1, generator })
      const [first, second] = tf.unstack(prevSample).map(tensor => tensor.dataSync())
      expect(first).toEqual(second)
    })
  })

  test('needs a source of noise, and only one', () => {
    const x = sample()
    expect(() => scheduler(4).step(x, 750, x, { eta: 0.5 })).toThrow(MissingGeneratorError)
    expect(() => scheduler(4).step(x, 750, x, { eta: 0.5, generator: new Generator(1), varianceNoise: x })).toThrow(
      'varianceNoise cannot be given together with a generator',
    )
    x.dispose()
  })

  test('refuses noise of another shape', () => {
    const [x, noise] = [sample(), tf.ones([2, 3])]
    expect(() => scheduler(4).step(x, 750, x, { eta: 1, varianceNoise: noise })).toThrow(
      "varianceNoise must have the sample's shape [2,3,4,5], but has [2,3]",
    )
    tf.dispose([x, noise])
  })

  test('draws for samples of any rank', () => {
    tf.tidy(() => {
      const x = tf.ones([2, 9])
      const varianceNoise = tf.tensor(new Generator(1).randn([18]), [2, 9])
      const [drawn, given] = [{ generator: new Generator(1) }, { varianceNoise }].map(noise =>
        scheduler(4)
          .step(x, 750, x, { eta: 1, ...noise })
          .prevSample.dataSync(),
      )
      expect(drawn).toEqual(given)
    })
  })

  test.each([-0.1, 1.1, Number.NaN])('refuses %p', eta => {
    const x = sample()
    expect(() => scheduler(4).step(x, 750, x, { eta, generator: new Generator(1) })).toThrow(
      `eta must be a number from 0 to 1, but is ${eta}`,
    )
    x.dispose()
  })
})

test('steps may come in any order', () => {
  const ddim = scheduler(4)
  const x = tf.ones([2])
  const once = ddim.step(x, 250, x)
  const again = ddim.step(x, 250, x)
  expect(again.prevSample.dataSync()).toEqual(once.prevSample.dataSync())
  tf.dispose([x, ...Object.values(once), ...Object.values(again)])
})

test('takes no timesteps or sigmas of the caller', () => {
  expect(() => new DDIMScheduler().setTimesteps(undefined, { timesteps: [999, 1] })).toThrow(
    'DDIMScheduler: timesteps cannot be given to this scheduler',
  )
  expect(() => new DDIMScheduler().setTimesteps(undefined, { sigmas: [1, 0] })).toThrow(SchedulerArgumentError)
})

test('refuses noise at a timestep that the training has not', () => {
  const x = tf.ones([1])
  expect(() => scheduler(4).addNoise(x, x, 1000)).toThrow('timestep must be a whole number from 0 to 999, but is 1000')
  expect(() => scheduler(4).addNoise(x, x, -1)).toThrow(SchedulerArgumentError)
  x.dispose()
})

test('refuses as many steps as an offset leads out of the training', () => {
  const offset = new DDIMScheduler({ stepsOffset: 1 })
  expect(() => offset.setTimesteps(1000)).toThrow(/numInferenceSteps must be less than 1000: with stepsOffset 1/)
})
