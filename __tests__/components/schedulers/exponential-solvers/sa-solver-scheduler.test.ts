import * as tf from '@tensorflow/tfjs'
import { SASolverScheduler } from '../../../../components/schedulers/exponential-solvers/sa-solver-scheduler'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { useBackend } from '../../models/use-backend'
import { takeTurns, walkRun } from '../walk-run'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

function lastOf(config: object): number[] {
  const scheduler = new SASolverScheduler({ ...latents, ...config })
  scheduler.setTimesteps(8)
  return [...walkRun(scheduler)].at(-1) as number[]
}

test('adds fresh noise where tau says so: by default at the timesteps from 200 to 800', () => {
  const asked: number[] = []
  const tauFunc = (timestep: number) => {
    asked.push(timestep)
    return timestep >= 200 && timestep <= 800 ? 1 : 0
  }
  expect(lastOf({ tauFunc })).toEqual(lastOf({}))
  expect(asked).toContain(999)
  expect(lastOf({ tauFunc: () => 0 })).not.toEqual(lastOf({}))
})

test('where all predictions agree, the orders make no difference', () => {
  for (const algorithmType of ['data_prediction', 'noise_prediction'] as const) {
    const predictionType = algorithmType === 'data_prediction' ? 'sample' : 'epsilon'
    const runs = [1, 2, 3, 4].map(order => {
      const orders = { predictorOrder: order, correctorOrder: order }
      const scheduler = new SASolverScheduler({ ...latents, ...orders, algorithmType, predictionType })
      scheduler.setTimesteps(12)
      return [...walkRun(scheduler, sample => tf.fill(sample.shape, 0.7))].at(-1) as number[]
    })
    for (const run of runs.slice(1)) expect(run).toEqual(runs[0]?.map(value => expect.closeTo(value, 2)))
  }
})

test('remembers predictions, sample and noise, and gives them back', () => {
  const scheduler = new SASolverScheduler({ ...latents, predictorOrder: 3, correctorOrder: 2 })
  scheduler.setTimesteps(8)
  const before = tf.memory().numTensors
  const walk = walkRun(scheduler)
  for (let step = 0; step < 5; step++) walk.next()
  expect(tf.memory().numTensors - before).toBe(2 + 1 + 1 + 1)
  for (const _ of walk);
  expect(tf.memory().numTensors).toBe(before)
})

test('serves runs that take turns as if each were alone', () => {
  const { turns, alone } = takeTurns(new SASolverScheduler({ ...latents, predictorOrder: 3, correctorOrder: 3 }), 6, 4)
  expect(turns).toEqual(alone)
})

test('asks for noise at every step, and refuses a tau that is not a number', () => {
  const scheduler = new SASolverScheduler({ ...latents, tauFunc: () => Number.NaN })
  scheduler.setTimesteps(4)
  const sample = tf.ones([1, 2, 2, 1])
  expect(() => scheduler.step(sample, 999, sample)).toThrow(MissingGeneratorError)
  expect(() => scheduler.step(sample, 999, sample, { varianceNoise: sample })).toThrow(
    'tauFunc must give numbers from 0 on, but gives NaN for timestep 999',
  )
  sample.dispose()
})

test.each([
  [{ tau_func: 'lambda t: 1' }, /tau_func: must be a function from timestep to number/],
  [{ predictor_order: 5 }, /predictor_order: /],
  [
    { algorithm_type: 'noise_prediction', prediction_type: 'flow_prediction' },
    /"flow_prediction" is not possible with algorithm_type "noise_prediction"/,
  ],
])('refuses %j', (config, message) => {
  expect(() => SASolverScheduler.fromConfig(config)).toThrow(message)
})
