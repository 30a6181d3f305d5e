import { Generator } from '../../../../components/random/generator'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { KDPM2AncestralDiscreteScheduler } from '../../../../components/schedulers/sigma-space/kdpm2-ancestral-discrete-scheduler'
import { useBackend } from '../../models/use-backend'
import { takeStep, takeSteps, valuesOf } from '../take-steps'
import '../../../../testing/jest'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const

function started(config: object = latents, steps = 4): KDPM2AncestralDiscreteScheduler {
  const scheduler = new KDPM2AncestralDiscreteScheduler(config)
  scheduler.setTimesteps(steps)
  return scheduler
}

test('only the second call of a step draws noise, and can be taken again where that failed', () => {
  const scheduler = started()
  const sample = takeSteps(scheduler, 1)
  const timestep = scheduler.timesteps[1] as number
  expect(() => scheduler.step(sample, timestep, sample)).toThrow(MissingGeneratorError)
  const next = takeStep(scheduler, timestep, sample, { generator: new Generator(1) })
  const expected = takeSteps(started(), 2, { generator: new Generator(1) })
  expect(valuesOf(next)).toEqual(valuesOf(expected))
})

test('a whole run leaves no tensor', () => {
  expect(() => takeSteps(started(), undefined, { generator: new Generator(1) }).dispose()).toLeakNoTensors()
})

test('a step so long that rounding leaves no way down ends in finite numbers', () => {
  const scheduler = started({ betaStart: 0.0001, betaEnd: 0.02 }, 2)
  expect(valuesOf(takeSteps(scheduler, undefined, { generator: new Generator(1) })).every(Number.isFinite)).toBe(true)
})
