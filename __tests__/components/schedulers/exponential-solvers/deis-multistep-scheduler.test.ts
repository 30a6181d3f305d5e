import * as tf from '@tensorflow/tfjs'
import { DEISMultistepScheduler } from '../../../../components/schedulers/exponential-solvers/deis-multistep-scheduler'
import { DPMSolverMultistepScheduler } from '../../../../components/schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeTurns, walkRun } from '../walk-run'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

test('with order 1 takes the steps of DPM-Solver', () => {
  const deis = new DEISMultistepScheduler({ ...latents, solverOrder: 1 })
  const dpm = new DPMSolverMultistepScheduler({
    ...latents,
    solverOrder: 1,
    algorithmType: 'dpmsolver',
    finalSigmasType: 'sigma_min',
  })
  for (const scheduler of [deis, dpm]) scheduler.setTimesteps(6)
  const expected = [...walkRun(dpm)].map(values => values.map(value => expect.closeTo(value, 4)))
  expect([...walkRun(deis)]).toEqual(expected)
})

test('where all predictions agree, the order makes no difference', () => {
  const runs = [1, 2, 3].map(solverOrder => {
    const scheduler = new DEISMultistepScheduler({ ...latents, solverOrder })
    scheduler.setTimesteps(20)
    return [...walkRun(scheduler, sample => tf.fill(sample.shape, 0.7))].at(-1) as number[]
  })
  for (const run of runs.slice(1)) expect(run).toEqual(runs[0]?.map(value => expect.closeTo(value, 3)))
})

test('spaced sigmas end where they end, others at the smallest of the training', () => {
  const [even, karras] = [
    new DEISMultistepScheduler(latents),
    new DEISMultistepScheduler({ ...latents, useKarrasSigmas: true }),
  ]
  for (const scheduler of [even, karras]) scheduler.setTimesteps(10)
  expect(even.sigmas?.[10]).toBeLessThan(even.sigmas?.[9] as number)
  expect(karras.sigmas?.[10]).toBe(karras.sigmas?.[9])
  expect([...walkRun(karras)].flat().every(Number.isFinite)).toBe(true)
})

test('serves runs that take turns as if each were alone', () => {
  const { turns, alone } = takeTurns(new DEISMultistepScheduler({ ...latents, solverOrder: 3 }), 6, 4)
  expect(turns).toEqual(alone)
})

test('names of related solvers stand for its own', () => {
  const { config } = DEISMultistepScheduler.fromConfig({ algorithm_type: 'dpmsolver++', solver_type: 'midpoint' })
  expect(config).toMatchObject({ algorithmType: 'deis', solverType: 'logrho' })
  expect(() => DEISMultistepScheduler.fromConfig({ algorithm_type: 'sde-dpmsolver++' })).toThrow(
    /algorithm_type: "sde-dpmsolver\+\+" is not supported/,
  )
})
