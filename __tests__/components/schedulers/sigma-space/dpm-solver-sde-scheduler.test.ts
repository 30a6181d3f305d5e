import * as tf from '@tensorflow/tfjs'
import { Generator } from '../../../../components/random/generator'
import { InvalidDrawError } from '../../../../components/random/invalid-draw-error'
import { MissingGeneratorError } from '../../../../components/schedulers/missing-generator-error'
import { DPMSolverSDEScheduler } from '../../../../components/schedulers/sigma-space/dpm-solver-sde-scheduler'
import type { StepOptions } from '../../../../components/schedulers/step-options'
import { useBackend } from '../../models/use-backend'

useBackend('cpu')

type Config = ConstructorParameters<typeof DPMSolverSDEScheduler>[0]

const SHAPE = [2, 3, 4, 2]

function scheduler(config: Config = {}, steps = 3): DPMSolverSDEScheduler {
  const sde = new DPMSolverSDEScheduler({ betaSchedule: 'scaled_linear', ...config })
  sde.setTimesteps(steps)
  return sde
}

/** One call of step, with a stand-in for the network. */
function call(run: DPMSolverSDEScheduler, timestep: number, sample: tf.Tensor, options?: StepOptions): tf.Tensor {
  return tf.tidy(() => {
    const output = run.scaleModelInput(sample, timestep).mul(0.3)
    return run.step(output, timestep, sample, options).prevSample
  })
}

/** The numbers at the end of a run that starts from ones. */
function result(run: DPMSolverSDEScheduler, options?: StepOptions): number[] {
  const values = tf.tidy(() => [
    ...run.timesteps.reduce((sample, t) => call(run, t, sample, options), tf.ones(SHAPE)).dataSync(),
  ])
  run.dispose()
  return values
}

test('a network that knows the clean sample leads to it, whatever the noise', () => {
  const run = scheduler({ noiseSamplerSeed: 1 }, 6)
  const clean = 0.7
  tf.tidy(() => {
    let sample: tf.Tensor = tf.fill(SHAPE, 20)
    for (const [i, t] of run.timesteps.entries()) {
      // Of the sigma that the network is asked at, every second one is in the middle of a step.
      const ends = [2 * Math.floor(i / 2), 2 * Math.ceil(i / 2)].map(place => run.sigmas?.[place] as number)
      const sigma = Math.sqrt((ends[0] as number) * (ends[1] as number))
      sample = run.step(sample.sub(clean).div(sigma), t, sample).prevSample
    }
    expect([...sample.dataSync()]).toEqual(new Array(48).fill(expect.closeTo(clean, 4)))
  })
})

describe('the noise', () => {
  test('is that of the seed in the config, whatever the generator', () => {
    const generator = new Generator(4)
    const seeded = result(scheduler({ noiseSamplerSeed: 7 }), { generator })
    expect(result(scheduler({ noiseSamplerSeed: 7 }))).toEqual(seeded)
    expect(result(scheduler({ noiseSamplerSeed: 8 }))).not.toEqual(seeded)
    expect(generator.randn([4])).toEqual(new Generator(4).randn([4]))
  })

  test('is of one seed for each sample where the config has a list', () => {
    const both = result(scheduler({ noiseSamplerSeed: [7, 7] }))
    expect(both.slice(24)).toEqual(both.slice(0, 24))
    expect(() => result(scheduler({ noiseSamplerSeed: [1, 2, 3] }))).toThrow(InvalidDrawError)
  })

  test('is of seeds that the generators draw, once for each run', () => {
    const generator = new Generator(4)
    const first = result(scheduler(), { generator })
    expect(result(scheduler(), { generator })).not.toEqual(first)
    expect(result(scheduler(), { generator: new Generator(4) })).toEqual(first)
    const list = result(scheduler(), { generator: [new Generator(4), new Generator(4)] })
    expect(list.slice(24)).toEqual(list.slice(0, 24))
  })

  test('is scaled by sNoise, and may be the caller’s own', () => {
    const seed = { noiseSamplerSeed: 7 }
    const silent = result(scheduler(seed), { sNoise: 0 })
    expect(result(scheduler({ noiseSamplerSeed: 8 }), { sNoise: 0 })).toEqual(silent)
    expect(result(scheduler(seed))).not.toEqual(silent)
    const varianceNoise = tf.zeros(SHAPE)
    expect(result(scheduler(), { varianceNoise })).toEqual(silent)
    expect(() => result(scheduler(), { varianceNoise, generator: new Generator(1) })).toThrow(
      'varianceNoise cannot be given together with a generator',
    )
    varianceNoise.dispose()
  })

  test('needs a source, but not in a run of one step', () => {
    expect(() => result(scheduler())).toThrow(MissingGeneratorError)
    expect(result(scheduler({}, 1)).every(Number.isFinite)).toBe(true)
  })
})

test('runs that take turns go as each would alone', () => {
  const sde = scheduler({ useKarrasSigmas: true })
  const options = [new Generator(1), new Generator(2)].map(generator => ({ generator }))
  const alone = [1, 2].map(seed => {
    const run = sde.forRun()
    run.setTimesteps(4)
    return result(run, { generator: new Generator(seed) })
  })
  const runs = options.map(() => sde.forRun())
  for (const run of runs) run.setTimesteps(4)
  tf.tidy(() => {
    let samples: tf.Tensor[] = runs.map(() => tf.ones(SHAPE))
    for (const t of runs[0]?.timesteps ?? []) {
      samples = runs.map((run, i) => call(run, t, samples[i] as tf.Tensor, options[i]))
    }
    expect(samples.map(sample => [...sample.dataSync()])).toEqual(alone)
  })
})

test('a run that is given up halfway leaves nothing, and the next one begins again', () => {
  const run = scheduler({ noiseSamplerSeed: 3 })
  const whole = result(scheduler({ noiseSamplerSeed: 3 }))
  const sample = tf.ones(SHAPE)
  call(run, run.timesteps[0] as number, sample).dispose()
  sample.dispose()
  run.setTimesteps(3)
  expect(result(run)).toEqual(whole)
})

test('a run cannot begin in the middle of a step', () => {
  const run = scheduler({ noiseSamplerSeed: 3 })
  run.setBeginIndex(1)
  const sample = tf.ones(SHAPE)
  expect(() => call(run, run.timesteps[1] as number, sample)).toThrow('beginIndex must be even')
  sample.dispose()
})

test.each([
  [{ useKarrasSigmas: true, useBetaSigmas: true }, 'useBetaSigmas: is true, but use_karras_sigmas is true as well'],
  [{ predictionType: 'sample' }, 'predictionType: "sample" is not supported'],
  [{ noiseSamplerSeed: -1 }, 'noiseSamplerSeed'],
  [{ noiseSamplerSeed: [] }, 'noiseSamplerSeed'],
])('refuses the settings %j', (config, key) => {
  expect(() => new DPMSolverSDEScheduler(config as Config)).toThrow(key)
})

test('refuses settings that leave no signal, at which the noise is infinite', () => {
  expect(() => scheduler({ betaSchedule: 'linear', betaEnd: 1, noiseSamplerSeed: 3 })).toThrow(
    /DPMSolverSDEScheduler: sigmas must be finite numbers, but number 0 is Infinity\. Check the settings of the betas/,
  )
})

test('makes noise however large the first sigma is', () => {
  const trainedBetas = [0.001, 0.5, 1 - 2 ** -24, 1 - 2 ** -24]
  const settings = { trainedBetas, numTrainTimesteps: 4, noiseSamplerSeed: 3 }
  const values = result(scheduler(settings, 3))
  expect(values.every(Number.isFinite)).toBe(true)
  expect(result(scheduler(settings, 3))).toEqual(values)
})
