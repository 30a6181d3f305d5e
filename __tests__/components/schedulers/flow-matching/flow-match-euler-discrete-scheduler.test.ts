import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { Generator } from '../../../../components/random/generator'
import { FlowMatchEulerDiscreteScheduler } from '../../../../components/schedulers/flow-matching/flow-match-euler-discrete-scheduler'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { catchWarnings } from '../../../src/fixtures/emitted-warnings'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

test.each([{}, { shift: 3 }, { useKarrasSigmas: true }, { useBetaSigmas: true }, { shiftTerminal: 0.1 }])(
  'the true velocity leads to the clean sample, with %j',
  config => {
    const scheduler = new FlowMatchEulerDiscreteScheduler(config)
    scheduler.setTimesteps(5)
    tf.tidy(() => {
      const [clean, noise] = [tf.tensor1d([0.5, -2]), tf.tensor1d([1, 0.25])]
      let sample: tf.Tensor = scheduler.addNoise(clean, noise, scheduler.timesteps[0] as number)
      for (const t of scheduler.timesteps) {
        sample = scheduler.step(scheduler.getVelocity(clean, noise, t), t, sample).prevSample
      }
      expect(Array.from(sample.dataSync())).toEqual([expect.closeTo(0.5, 5), expect.closeTo(-2, 5)])
    })
  },
)

test('inverted, it leads to the noise', () => {
  const scheduler = new FlowMatchEulerDiscreteScheduler({ invertSigmas: true })
  scheduler.setTimesteps(4)
  expect([...scheduler.timesteps]).toEqual([...scheduler.timesteps].sort((a, b) => a - b))
  tf.tidy(() => {
    const [clean, noise] = [tf.tensor1d([0.5, -2]), tf.tensor1d([1, 0.25])]
    let sample: tf.Tensor = clean
    for (const t of scheduler.timesteps) {
      sample = scheduler.step(scheduler.getVelocity(clean, noise, t), t, sample).prevSample
    }
    expect(Array.from(sample.dataSync())).toEqual([expect.closeTo(1, 5), expect.closeTo(0.25, 5)])
  })
})

test('stochastic steps take the noise of the generator', () => {
  const scheduler = new FlowMatchEulerDiscreteScheduler({ stochasticSampling: true })
  scheduler.setTimesteps(2)
  const t = scheduler.timesteps[0] as number
  const x = tf.ones([1, 1, 1, 2])
  expect(() => scheduler.step(x, t, x)).toThrow(MissingGeneratorError)
  const run = () => {
    const copy = scheduler.forRun()
    copy.setTimesteps(2)
    const { prevSample, predOriginalSample } = copy.step(x, t, x, { generator: new Generator(5) })
    const values = prevSample.dataSync()
    tf.dispose([prevSample, predOriginalSample ?? []])
    return values
  }
  expect(run()).toEqual(run())
  x.dispose()
})

test('sigmas are shifted, timesteps that go with them are not', () => {
  const scheduler = new FlowMatchEulerDiscreteScheduler({ shift: 3 })
  scheduler.setTimesteps(undefined, { sigmas: [1, 0.5], timesteps: [1000, 400] })
  expect(scheduler.timesteps).toEqual([1000, 400])
  expect(scheduler.sigmas).toEqual([1, 0.75, 0])
  scheduler.setTimesteps(2, { sigmas: [1, 0.5] })
  expect(scheduler.timesteps).toEqual([1000, 750])
})

test('a shift that is not dynamic has no mu, which is named', () => {
  const warnings = catchWarnings()
  const scheduler = new FlowMatchEulerDiscreteScheduler({})
  scheduler.setTimesteps(4, { mu: 0.7 })
  expect(warnings()).toEqual([
    'MU_IGNORED: FlowMatchEulerDiscreteScheduler ignores mu (0.7), because useDynamicShifting is off. Leave it out, or set useDynamicShifting.',
  ])
})

test('a dynamic shift is exact for both ways to say it', () => {
  const shifted = (timeShiftType: 'linear' | 'exponential', mu: number) => {
    const scheduler = new FlowMatchEulerDiscreteScheduler({ useDynamicShifting: true, timeShiftType })
    scheduler.setTimesteps(4, { mu })
    return scheduler.sigmas
  }
  expect(shifted('exponential', Math.log(3))).toEqual(shifted('linear', 3)?.map(sigma => expect.closeTo(sigma, 6)))
})

test.each([
  [{ useDynamicShifting: true }, 4, {}, 'mu is required if useDynamicShifting is on'],
  [{ useDynamicShifting: true, timeShiftType: 'linear' }, 4, { mu: 0 }, 'mu must be a number above 0'],
  [{ useDynamicShifting: true }, 4, { mu: Number.NaN }, 'mu must be a finite number, but is NaN'],
  [{}, 3, { sigmas: [1, 0.5] }, 'sigmas must be 3, but are 2'],
  [{}, undefined, { sigmas: [1, 0.5], timesteps: [1000] }, 'timesteps must be 2, but are 1'],
  [{}, undefined, { timesteps: [1001, 1] }, 'timesteps must be numbers from 0 to 1000'],
  [{}, undefined, { sigmas: [1.5, 1] }, 'sigmas must be numbers from 0 to 1'],
  [{}, undefined, {}, 'numInferenceSteps is missing'],
  [{ useExponentialSigmas: true }, undefined, { sigmas: [1, 0] }, 'sigmas must not end in 0'],
  [{ shiftTerminal: 0.1 }, 1, {}, 'numInferenceSteps must be more than 1 if shiftTerminal is set'],
] as const)('with %j refuses %p steps with %j', (config, steps, options, message) => {
  expect(() => new FlowMatchEulerDiscreteScheduler(config).setTimesteps(steps, options)).toThrow(message)
})

test.each([
  [{ shift: 0 }, /shift/],
  [{ time_shift_type: 'cubic' }, /time_shift_type: "cubic" is not supported; supported: "exponential", "linear"/],
  [{ shift_terminal: 1 }, /shift_terminal/],
  [
    { use_karras_sigmas: true, use_beta_sigmas: true },
    /use_beta_sigmas: is true, but use_karras_sigmas is true as well/,
  ],
])('refuses %j', (config, message) => {
  expect(() => FlowMatchEulerDiscreteScheduler.fromConfig(config)).toThrow(ConfigError)
  expect(() => FlowMatchEulerDiscreteScheduler.fromConfig(config)).toThrow(message)
})
