import * as tf from '@tensorflow/tfjs'
import { DPMSolverMultistepInverseScheduler } from '../../../../components/schedulers/exponential-solvers/dpm-solver-multistep-inverse-scheduler'
import { DPMSolverMultistepScheduler } from '../../../../components/schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeTurns } from '../walk-run'

useBackend('cpu')

test('goes from the clean sample towards the noise, by the timesteps of the way back', () => {
  const back = new DPMSolverMultistepScheduler({ timestepSpacing: 'trailing' })
  const inverse = new DPMSolverMultistepInverseScheduler({ timestepSpacing: 'trailing' })
  for (const scheduler of [back, inverse]) scheduler.setTimesteps(10)
  expect(inverse.timesteps).toEqual(back.timesteps.toReversed())
  expect(inverse.sigmas?.slice(0, -1)).toEqual(back.sigmas?.slice(0, -1).reverse())
})

test('a step adds the noise that the network sees', () => {
  const scheduler = new DPMSolverMultistepInverseScheduler()
  scheduler.setTimesteps(10)
  const [clean, noise] = [tf.tensor4d([0.5, -1], [1, 1, 2, 1]), tf.tensor4d([1, 2], [1, 1, 2, 1])]
  const [from, to] = scheduler.timesteps as [number, number]
  const sample = scheduler.addNoise(clean, noise, from)
  const expected = scheduler.addNoise(clean, noise, to)
  const { prevSample } = scheduler.step(noise, from, sample)
  expect(Array.from(prevSample.dataSync())).toEqual(Array.from(expected.dataSync(), value => expect.closeTo(value, 4)))
  tf.dispose([clean, noise, sample, expected, prevSample])
  scheduler.dispose()
})

test('takes steps on one training timestep for one', () => {
  const scheduler = new DPMSolverMultistepInverseScheduler({ useKarrasSigmas: true })
  scheduler.setTimesteps(200)
  expect(scheduler.timesteps).toEqual([...new Set(scheduler.timesteps)])
  expect(scheduler.numInferenceSteps).toBeLessThan(200)
  expect(scheduler.sigmas).toHaveLength(201)
})

test('serves runs that take turns as if each were alone', () => {
  const { turns, alone } = takeTurns(new DPMSolverMultistepInverseScheduler({ solverOrder: 3 }), 6, 4)
  expect(turns).toEqual(alone)
})

test('refuses to add fresh noise', () => {
  const attempt = () => new DPMSolverMultistepInverseScheduler({ algorithmType: 'sde-dpmsolver++' })
  expect(attempt).toThrow(/algorithmType: "sde-dpmsolver\+\+" is not possible: .* use "dpmsolver\+\+"/)
})
