import * as tf from '@tensorflow/tfjs'
import { ConfigError } from '../../../../components/configs/config-error'
import { DPMSolverMultistepScheduler } from '../../../../components/schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
import { DPMSolverSinglestepScheduler } from '../../../../components/schedulers/exponential-solvers/dpm-solver-singlestep-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeTurns, walkRun } from '../walk-run'

useBackend('cpu')

test('with order 1 takes the steps of the multistep form', () => {
  const config = { solverOrder: 1, betaSchedule: 'scaled_linear' } as const
  const [single, multi] = [new DPMSolverSinglestepScheduler(config), new DPMSolverMultistepScheduler(config)]
  for (const scheduler of [single, multi]) scheduler.setTimesteps(7)
  expect([...walkRun(single)]).toEqual([...walkRun(multi)])
})

test('remembers the predictions and the first sample of a round, and gives them back', () => {
  const scheduler = new DPMSolverSinglestepScheduler({ solverOrder: 3 })
  scheduler.setTimesteps(9)
  const before = tf.memory().numTensors
  const walk = walkRun(scheduler)
  for (let step = 0; step < 5; step++) walk.next()
  // Two predictions, the round's sample, and the sample of the loop.
  expect(tf.memory().numTensors - before).toBe(4)
  for (const _ of walk);
  expect(tf.memory().numTensors).toBe(before)
})

test('a run that begins inside of a round begins a round of its own', () => {
  const scheduler = new DPMSolverSinglestepScheduler({ solverOrder: 3 })
  scheduler.setTimesteps(9)
  scheduler.setBeginIndex(2)
  const sample = tf.ones([1, 2, 2, 1])
  const { prevSample } = scheduler.step(sample, scheduler.timesteps[2] as number, sample)
  const euler = new DPMSolverSinglestepScheduler({ solverOrder: 1 })
  euler.setTimesteps(9)
  euler.setBeginIndex(2)
  const { prevSample: expected } = euler.step(sample, euler.timesteps[2] as number, sample)
  expect(prevSample.dataSync()).toEqual(expected.dataSync())
  tf.dispose([sample, prevSample, expected])
  scheduler.dispose()
  euler.dispose()
})

test('serves runs that take turns as if each were alone', () => {
  const { turns, alone } = takeTurns(new DPMSolverSinglestepScheduler({ solverOrder: 3 }), 8, 5)
  expect(turns).toEqual(alone)
})

test.each([
  [{ algorithm_type: 'sde-dpmsolver' }, /algorithm_type: "sde-dpmsolver" is not supported; supported: "dpmsolver"/],
  [{ algorithm_type: 'dpmsolver' }, /"zero" is not possible with algorithm_type "dpmsolver"; use "sigma_min"/],
  [
    { algorithm_type: 'dpmsolver', final_sigmas_type: 'sigma_min', prediction_type: 'flow_prediction' },
    /prediction_type: "flow_prediction" is not possible with algorithm_type "dpmsolver"/,
  ],
  [{ use_karras_sigmas: true, use_flow_sigmas: true }, /use_flow_sigmas: is true, but use_karras_sigmas is true/],
  [{ beta_schedule: 'sigmoid' }, /beta_schedule: "sigmoid" is not supported/],
])('refuses %j', (config, message) => {
  expect(() => DPMSolverSinglestepScheduler.fromConfig(config)).toThrow(ConfigError)
  expect(() => DPMSolverSinglestepScheduler.fromConfig(config)).toThrow(message)
})
