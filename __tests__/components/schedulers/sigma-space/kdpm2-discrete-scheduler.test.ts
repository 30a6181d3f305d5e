import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { KDPM2DiscreteScheduler } from '../../../../components/schedulers/sigma-space/kdpm2-discrete-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeSteps, valuesOf } from '../take-steps'
import '../../../../testing/jest'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

function started(config: object = {}): KDPM2DiscreteScheduler {
  const scheduler = new KDPM2DiscreteScheduler({ ...latents, ...config })
  scheduler.setTimesteps(4)
  return scheduler
}

test('timesteps fall, with those of the middles in between', () => {
  const { timesteps, order, numInferenceSteps } = started()
  expect([timesteps.length, order, numInferenceSteps]).toEqual([7, 2, 4])
  expect(timesteps.filter((_, i) => i % 2 === 0)).toEqual([999, 666, 333, 0])
  expect(timesteps.every((timestep, i) => timestep < (timesteps[i - 1] ?? Infinity))).toBe(true)
})

test('with Karras sigmas the timesteps of the steps are whole', () => {
  const { timesteps } = started({ useKarrasSigmas: true })
  expect(timesteps.map(Number.isInteger)).toEqual([true, false, true, false, true, false, true])
})

test('the second call sees the sample scaled for the middle', () => {
  const scheduler = started()
  const [first = 0, second = 0] = scheduler.sigmas ?? []
  takeSteps(scheduler, 1).dispose()
  const x = tf.ones([1])
  const scaled = scheduler.scaleModelInput(x, scheduler.timesteps[1] as number)
  expect(scaled.dataSync()[0]).toBeCloseTo(1 / Math.sqrt(first * second + 1), 6)
  tf.dispose([x, scaled])
  scheduler.dispose()
})

test('a new schedule forgets the half step of the old one', () => {
  const scheduler = started()
  takeSteps(scheduler, 3).dispose()
  scheduler.setTimesteps(4)
  expect(valuesOf(takeSteps(scheduler))).toEqual(valuesOf(takeSteps(started())))
})

test('a whole run leaves no tensor', () => {
  expect(() => takeSteps(started()).dispose()).toLeakNoTensors()
})

test('a network that predicts the clean sample is refused', () => {
  expect(() => new KDPM2DiscreteScheduler({ predictionType: 'sample' as 'epsilon' })).toThrow(ConfigError)
})
