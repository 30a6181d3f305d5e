import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { ConfigError } from '../../../../components/configs/config-error'
import { Generator } from '../../../../components/random/generator'
import { DPMSolverMultistepScheduler } from '../../../../components/schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' } as const
const spacings = ['useKarrasSigmas', 'useExponentialSigmas', 'useBetaSigmas', 'useLuLambdas', 'useFlowSigmas'] as const

function stepThrough(scheduler: DPMSolverMultistepScheduler, steps: number): tf.Tensor {
  let sample: tf.Tensor = tf.ones([1, 2, 2, 1])
  for (const t of scheduler.timesteps.slice(0, steps)) {
    const next = tf.tidy(() => scheduler.step(sample.mul(0.3), t, sample).prevSample)
    sample.dispose()
    sample = next
  }
  return sample
}

test.each(spacings)('with %s sigmas fall to zero, and timesteps do not rise', spacing => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), steps => {
      const scheduler = new DPMSolverMultistepScheduler({ ...latents, [spacing]: true })
      scheduler.setTimesteps(steps)
      const { sigmas = [], timesteps } = scheduler
      expect([timesteps.length, sigmas.length, sigmas.at(-1)]).toEqual([steps, steps + 1, 0])
      expect(sigmas.every((sigma, i) => Number.isFinite(sigma) && sigma < (sigmas[i - 1] ?? Infinity))).toBe(true)
      expect(
        timesteps.every((timestep, i) => Number.isInteger(timestep) && timestep <= (timesteps[i - 1] ?? 999)),
      ).toBe(true)
    }),
    { numRuns: 20 },
  )
})

test('where two sigmas end up on one timestep, a run goes through all of them', () => {
  const scheduler = new DPMSolverMultistepScheduler({ ...latents, useExponentialSigmas: true })
  scheduler.setTimesteps(100)
  expect(new Set(scheduler.timesteps).size).toBeLessThan(100)
  const sample = stepThrough(scheduler, 100)
  expect(scheduler.stepIndex).toBe(100)
  scheduler.dispose()
  sample.dispose()
})

test('remembers one prediction less than its order, and gives it back', () => {
  for (const solverOrder of [1, 2, 3] as const) {
    const scheduler = new DPMSolverMultistepScheduler({ ...latents, solverOrder })
    scheduler.setTimesteps(10)
    const before = tf.memory().numTensors
    const sample = stepThrough(scheduler, 6)
    expect(tf.memory().numTensors - before - 1).toBe(solverOrder - 1)
    scheduler.dispose()
    scheduler.dispose()
    expect(tf.memory().numTensors).toBe(before + 1)
    sample.dispose()
  }
})

test('a new schedule forgets the predictions of the old one', () => {
  const scheduler = new DPMSolverMultistepScheduler(latents)
  scheduler.setTimesteps(10)
  stepThrough(scheduler, 6).dispose()
  scheduler.setTimesteps(10)
  const again = stepThrough(scheduler, 2)
  const fresh = new DPMSolverMultistepScheduler(latents)
  fresh.setTimesteps(10)
  const expected = stepThrough(fresh, 2)
  expect(again.dataSync()).toEqual(expected.dataSync())
  tf.dispose([again, expected])
  scheduler.dispose()
  fresh.dispose()
})

test('its memory survives that the caller disposes the output', () => {
  const scheduler = new DPMSolverMultistepScheduler({ ...latents, predictionType: 'sample' })
  scheduler.setTimesteps(10)
  const sample = stepThrough(scheduler, 5)
  expect(sample.dataSync().every(Number.isFinite)).toBe(true)
  scheduler.dispose()
  sample.dispose()
})

test('a step that fails leaves the run where it was', () => {
  const scheduler = new DPMSolverMultistepScheduler({ ...latents, algorithmType: 'sde-dpmsolver++' })
  scheduler.setTimesteps(5)
  const x = tf.ones([1, 2, 2, 1])
  const before = tf.memory().numTensors
  expect(() => scheduler.step(x, 999, x)).toThrow(MissingGeneratorError)
  expect(tf.memory().numTensors).toBe(before)
  const { prevSample } = scheduler.step(x, 999, x, { generator: new Generator(1) })
  expect(scheduler.stepIndex).toBe(1)
  tf.dispose([x, prevSample])
  scheduler.dispose()
})

test('a schedule that repeats its last sigma ends in finite numbers', () => {
  const scheduler = new DPMSolverMultistepScheduler({
    ...latents,
    algorithmType: 'dpmsolver',
    solverType: 'heun',
    useKarrasSigmas: true,
    finalSigmasType: 'sigma_min',
  })
  scheduler.setTimesteps(20)
  expect(scheduler.sigmas?.[19]).toBeCloseTo(scheduler.sigmas?.[20] as number, 6)
  const sample = stepThrough(scheduler, 20)
  expect(sample.dataSync().every(Number.isFinite)).toBe(true)
  scheduler.dispose()
  sample.dispose()
})

test('learned variances behind the first three channels are left out', () => {
  const plain = new DPMSolverMultistepScheduler(latents)
  const learned = new DPMSolverMultistepScheduler({ ...latents, varianceType: 'learned_range' })
  plain.setTimesteps(5)
  learned.setTimesteps(5)
  const [x, variance] = [tf.ones([1, 2, 2, 3]), tf.fill([1, 2, 2, 3], 100)]
  const output = tf.concat([x, variance], -1)
  const results = [plain.step(x, 999, x).prevSample, learned.step(output, 999, x).prevSample] as const
  expect(results[1].dataSync()).toEqual(results[0].dataSync())
  tf.dispose([x, variance, output, ...results])
  plain.dispose()
  learned.dispose()
})

test('mu shifts the schedule of a flow', () => {
  const config = { useFlowSigmas: true, predictionType: 'flow_prediction', useDynamicShifting: true } as const
  const dynamic = new DPMSolverMultistepScheduler(config)
  const fixed = new DPMSolverMultistepScheduler({ ...config, flowShift: Math.exp(0.7) })
  dynamic.setTimesteps(8, { mu: 0.7 })
  fixed.setTimesteps(8)
  expect(dynamic.sigmas).toEqual(fixed.sigmas)
  expect(() => new DPMSolverMultistepScheduler(latents).setTimesteps(8, { mu: 0.7 })).toThrow(
    'mu can be given only if useDynamicShifting is on',
  )
})

test('names of related schedulers stand for its own', () => {
  const { config } = DPMSolverMultistepScheduler.fromConfig({ algorithm_type: 'deis', solver_type: 'logrho' })
  expect(config).toMatchObject({ algorithmType: 'dpmsolver++', solverType: 'midpoint' })
})

test.each([
  [{ algorithm_type: 'dpmsolver' }, /"zero" is not possible with algorithm_type "dpmsolver"; use "sigma_min"/],
  [
    { algorithm_type: 'sde-dpmsolver', final_sigmas_type: 'sigma_min', solver_order: 3 },
    /solver_order: must be 1 or 2/,
  ],
  [{ solver_order: 4 }, /solver_order: /],
  [{ algorithm_type: 'euler' }, /algorithm_type: "euler" is not supported; supported: "dpmsolver"/],
  [
    { algorithm_type: 'dpmsolver', final_sigmas_type: 'sigma_min', prediction_type: 'flow_prediction' },
    /prediction_type: "flow_prediction" is not possible with algorithm_type "dpmsolver"/,
  ],
  [{ use_karras_sigmas: true, use_lu_lambdas: true }, /use_karras_sigmas: is true, but use_lu_lambdas is true as well/],
  [{ use_flow_sigmas: true, use_lu_lambdas: true }, /use_flow_sigmas: is true, but use_lu_lambdas is true as well/],
])('refuses %j', (config, message) => {
  expect(() => DPMSolverMultistepScheduler.fromConfig(config)).toThrow(ConfigError)
  expect(() => DPMSolverMultistepScheduler.fromConfig(config)).toThrow(message)
})

test('variances are not looked for behind velocities', () => {
  const config = { ...latents, varianceType: 'learned', predictionType: 'v_prediction' } as const
  const scheduler = new DPMSolverMultistepScheduler(config)
  scheduler.setTimesteps(5)
  const x = tf.ones([1, 2, 2, 4])
  const { prevSample } = scheduler.step(x, 999, x)
  expect(prevSample.shape).toEqual([1, 2, 2, 4])
  tf.dispose([x, prevSample])
  scheduler.dispose()
})

test('refuses timesteps of the caller where sigmas decide, and sigmas always', () => {
  for (const key of ['useLuLambdas', 'useFlowSigmas']) {
    const scheduler = new DPMSolverMultistepScheduler({ ...latents, [key]: true })
    expect(() => scheduler.setTimesteps(undefined, { timesteps: [900, 100] })).toThrow(
      `timesteps cannot be given if ${key} is on`,
    )
  }
  const karras = new DPMSolverMultistepScheduler({ ...latents, useKarrasSigmas: true })
  expect(() => karras.setTimesteps(undefined, { timesteps: [900, 100] })).toThrow(
    'timesteps cannot be given if useKarrasSigmas is on',
  )
  expect(() => new DPMSolverMultistepScheduler().setTimesteps(undefined, { sigmas: [1, 0] })).toThrow(
    'sigmas cannot be given to this scheduler',
  )
})
