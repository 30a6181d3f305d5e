import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { ConfigError } from '../../../../components/configs/config-error'
import { Generator } from '../../../../components/random/generator'
import { EDMDPMSolverMultistepScheduler } from '../../../../components/schedulers/sigma-space/edm-dpm-solver-multistep-scheduler'
import { EDMEulerScheduler } from '../../../../components/schedulers/sigma-space/edm-euler-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeSteps, valuesOf } from '../take-steps'

useBackend('cpu')

const classes = [EDMEulerScheduler, EDMDPMSolverMultistepScheduler] as const

describe.each(classes.map(each => [each.name, each] as const))('%s', (_name, schedulerClass) => {
  test('a network that knows the clean sample leads to it, whatever it predicts', () => {
    const values = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 })
    const sigmaData = 0.5
    fc.assert(
      fc.property(values, fc.constantFrom(1, -1), fc.integer({ min: 1, max: 12 }), (clean, sign, steps) => {
        const predictionType = sign === 1 ? 'epsilon' : 'v_prediction'
        const scheduler = new schedulerClass({ sigmaData, predictionType })
        scheduler.setTimesteps(steps)
        tf.tidy(() => {
          const goal = tf.tensor(clean)
          let sample: tf.Tensor = tf.tensor([70, -50, 20])
          scheduler.timesteps.forEach((timestep, i) => {
            const sigma = scheduler.sigmas?.[i] as number
            const kept = sigmaData ** 2 / (sigma ** 2 + sigmaData ** 2)
            const scale = (sign * sigma * sigmaData) / Math.hypot(sigma, sigmaData)
            sample = scheduler.step(goal.sub(sample.mul(kept)).div(scale), timestep, sample).prevSample
          })
          expect(Array.from(sample.dataSync())).toEqual(clean.map(value => expect.closeTo(value, 3)))
        })
        scheduler.dispose()
      }),
      { numRuns: 20 },
    )
  })

  test('timesteps are a quarter of the logarithm, and the input has the spread of 1', () => {
    const scheduler = new schedulerClass({ sigmaMin: 0.01, sigmaMax: 40, sigmaData: 2 })
    scheduler.setTimesteps(3)
    expect(scheduler.timesteps[0]).toBeCloseTo(0.25 * Math.log(40), 6)
    const x = tf.fill([1], Math.hypot(40, 2))
    const scaled = scheduler.scaleModelInput(x, scheduler.timesteps[0] as number)
    expect(scaled.dataSync()[0]).toBeCloseTo(1, 5)
    expect(scheduler.initNoiseSigma).toBeCloseTo(Math.hypot(40, 1), 6)
    tf.dispose([x, scaled])
  })

  test('one step of the exponential schedule has the smallest sigma, as in the reference', () => {
    const scheduler = new schedulerClass({ sigmaSchedule: 'exponential' })
    scheduler.setTimesteps(1)
    expect(scheduler.sigmas).toEqual([expect.closeTo(0.002, 8), 0])
  })

  test('refuses a smallest sigma above the largest', () => {
    expect(() => new schedulerClass({ sigmaMin: 81 })).toThrow(ConfigError)
    expect(() => new schedulerClass({ sigmaMin: 81 })).toThrow('sigmaMin: must not be above sigma_max, which is 80')
  })

  test('refuses sigmas of the caller', () => {
    expect(() => new schedulerClass().setTimesteps(undefined, { sigmas: [1, 0] })).toThrow('sigmas cannot be given')
  })
})

test('runs of the multistep scheduler share no memory, and give it back', () => {
  const scheduler = new EDMDPMSolverMultistepScheduler({ solverOrder: 3 })
  scheduler.setTimesteps(20)
  const before = tf.memory().numTensors
  takeSteps(scheduler, 5).dispose()
  expect(tf.memory().numTensors - before).toBe(2)
  const copy = scheduler.forRun()
  copy.setTimesteps(20)
  const alone = new EDMDPMSolverMultistepScheduler({ solverOrder: 3 })
  alone.setTimesteps(20)
  expect(valuesOf(takeSteps(copy, 4))).toEqual(valuesOf(takeSteps(alone, 4)))
  for (const run of [scheduler, copy, alone]) run.dispose()
  expect(tf.memory().numTensors).toBe(before)
})

test('the third order takes fresh noise, too', () => {
  const scheduler = new EDMDPMSolverMultistepScheduler({ solverOrder: 3, algorithmType: 'sde-dpmsolver++' })
  scheduler.setTimesteps(16)
  const values = valuesOf(takeSteps(scheduler, undefined, { generator: new Generator(2) }))
  expect(values.every(Number.isFinite)).toBe(true)
  scheduler.dispose()
})
