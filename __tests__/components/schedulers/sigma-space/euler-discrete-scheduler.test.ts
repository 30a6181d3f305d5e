import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { Generator } from '../../../../components/random/generator'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { EulerDiscreteScheduler } from '../../../../components/schedulers/sigma-space/euler-discrete-scheduler'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const
const spacings = ['useKarrasSigmas', 'useExponentialSigmas', 'useBetaSigmas'] as const

test('a step with the true noise finds the clean sample, at every timestep', () => {
  const values = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 })
  const euler = new EulerDiscreteScheduler(latents)
  euler.setTimesteps(20)
  fc.assert(
    fc.property(values, values, fc.integer({ min: 0, max: 19 }), (clean, noise, index) => {
      const run = euler.forRun()
      run.setTimesteps(20)
      run.setBeginIndex(index)
      tf.tidy(() => {
        const epsilon = tf.tensor(noise)
        const timestep = run.timesteps[index] as number
        const { predOriginalSample } = run.step(epsilon, timestep, run.addNoise(tf.tensor(clean), epsilon, timestep))
        expect(Array.from(predOriginalSample?.dataSync() ?? [])).toEqual(clean.map(value => expect.closeTo(value, 4)))
      })
    }),
    { numRuns: 30 },
  )
})

test.each(spacings)('with %s sigmas fall to the final one, and timesteps with them', spacing => {
  const finals = fc.constantFrom('zero', 'sigma_min')
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), finals, (steps, finalSigmasType) => {
      const euler = new EulerDiscreteScheduler({ ...latents, [spacing]: true, finalSigmasType })
      euler.setTimesteps(steps)
      const sigmas = (euler.sigmas ?? []).slice(0, -1)
      expect(sigmas).toHaveLength(steps)
      expect(sigmas.every((sigma, i) => Number.isFinite(sigma) && sigma < (sigmas[i - 1] ?? Infinity))).toBe(true)
      expect(euler.sigmas?.at(-1)).toBeCloseTo(finalSigmasType === 'zero' ? 0 : 0.029168, 5)
      expect(euler.timesteps.every((timestep, i) => timestep < (euler.timesteps[i - 1] ?? 1000))).toBe(true)
    }),
    { numRuns: 20 },
  )
})

test('scales what the network sees to the variance of the training', () => {
  const euler = new EulerDiscreteScheduler(latents)
  euler.setTimesteps(5)
  const sigma = euler.sigmas?.[0] as number
  const sample = tf.fill([1], Math.sqrt(sigma ** 2 + 1))
  const scaled = euler.scaleModelInput(sample, 999)
  expect(scaled.dataSync()[0]).toBeCloseTo(1, 6)
  tf.dispose([sample, scaled])
})

test('begins with noise of the largest sigma, and for the leading spacing with the signal on top', () => {
  const sigmas = [8, 4, 2, 0]
  const linspace = new EulerDiscreteScheduler(latents)
  linspace.setTimesteps(undefined, { sigmas })
  const leading = new EulerDiscreteScheduler({ ...latents, timestepSpacing: 'leading' })
  leading.setTimesteps(undefined, { sigmas })
  expect([linspace.initNoiseSigma, leading.initNoiseSigma]).toEqual([8, expect.closeTo(Math.sqrt(65), 6)])
})

describe('schedules of the caller', () => {
  const set =
    (options: object, config: object = {}) =>
    () =>
      new EulerDiscreteScheduler({ ...latents, ...config }).setTimesteps(undefined, options)

  test.each([
    [{ timesteps: [1, 2] }, 'timesteps must decrease, but element 1 is 2 after 1'],
    [{ timesteps: [5, 5] }, 'timesteps must decrease, but element 1 is 5 after 5'],
    [{ timesteps: [] }, 'timesteps must not be empty'],
    [{ timesteps: [1000] }, 'timesteps must be numbers from 0 to 999, but element 0 is 1000'],
    [{ timesteps: [9, Number.NaN] }, 'timesteps must be numbers from 0 to 999, but element 1 is NaN'],
    [{ sigmas: [1, 2] }, 'sigmas must decrease, but element 1 is 2 after 1'],
    [{ sigmas: [1, -1] }, 'sigmas must be finite numbers from 0 on, but element 1 is -1'],
    [{ sigmas: [1] }, 'sigmas must have at least 2 elements'],
    [{ timesteps: [1], sigmas: [1, 0] }, 'sigmas cannot be given together with timesteps'],
    [{ mu: 1 }, 'mu cannot be given to this scheduler'],
  ])('%j are refused', (options, message) => {
    expect(set(options)).toThrow(`EulerDiscreteScheduler: ${message}`)
  })

  test.each(spacings)('timesteps are refused where %s decides', spacing => {
    expect(set({ timesteps: [900, 1] }, { [spacing]: true })).toThrow(`timesteps cannot be given if ${spacing} is on`)
  })

  test('timesteps are refused where timesteps are continuous', () => {
    const continuous = { timestepType: 'continuous', predictionType: 'v_prediction' }
    expect(set({ timesteps: [900, 1] }, continuous)).toThrow(
      'timesteps cannot be given if timestepType is "continuous"',
    )
  })

  test('are refused together with a number of steps', () => {
    expect(() => new EulerDiscreteScheduler().setTimesteps(2, { timesteps: [900, 1] })).toThrow(
      'timesteps cannot be given together with numInferenceSteps (2)',
    )
  })
})

describe('the place in the schedule', () => {
  function begun(): { euler: EulerDiscreteScheduler; step: (timestep: number) => void } {
    const euler = new EulerDiscreteScheduler(latents)
    euler.setTimesteps(3)
    const step = (timestep: number) => tf.tidy(() => void euler.step(tf.ones([1]), timestep, tf.ones([1])))
    return { euler, step }
  }

  test('is looked up at the first step, and counted from there', () => {
    const { euler, step } = begun()
    step(499.5)
    expect(euler.stepIndex).toBe(2)
    step(0)
    expect(euler.stepIndex).toBe(3)
  })

  test('is where it was set to begin', () => {
    const { euler, step } = begun()
    euler.setBeginIndex(1)
    expect(euler.beginIndex).toBe(1)
    expect(() => step(999)).toThrow('timestep must be 499.5, number 2 of 3, but is 999')
    step(499.5)
    expect(euler.stepIndex).toBe(2)
  })

  test('cannot be skipped or passed', () => {
    const { step } = begun()
    step(999)
    expect(() => step(0)).toThrow('timestep must be 499.5, number 2 of 3, but is 0')
    step(499.5)
    step(0)
    expect(() => step(999)).toThrow('timestep is 999, but all 3 steps are done. Call setTimesteps() for another run')
  })

  test('decides the noise of clean samples once the run has a beginning', () => {
    const { euler, step } = begun()
    const x = tf.ones([1])
    const sigmaAdded = () => tf.tidy(() => (euler.addNoise(x, x, 0).dataSync()[0] as number) - 1)
    expect(sigmaAdded()).toBeCloseTo(euler.sigmas?.[2] as number, 5)
    euler.setBeginIndex(1)
    expect(sigmaAdded()).toBeCloseTo(euler.sigmas?.[1] as number, 5)
    step(499.5)
    expect(sigmaAdded()).toBeCloseTo(euler.sigmas?.[2] as number, 5)
    x.dispose()
  })
})

test('churn needs noise at the sigmas that it acts on, and only there', () => {
  const euler = new EulerDiscreteScheduler(latents)
  euler.setTimesteps(3)
  const x = tf.ones([1, 2, 2, 1])
  expect(() => euler.step(x, 999, x, { sChurn: 1 })).toThrow(MissingGeneratorError)
  const outside = euler.step(x, 999, x, { sChurn: 1, sTmax: 10 })
  const inside = euler.step(x, 499.5, x, { sChurn: 1, sTmax: 10, generator: new Generator(3) })
  expect(inside.prevSample.dataSync().every(Number.isFinite)).toBe(true)
  tf.dispose([x, ...Object.values(outside), ...Object.values(inside)])
})
