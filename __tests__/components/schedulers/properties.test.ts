/** What holds for every scheduler that there is, whatever its config: found by the registry, so that a new one needs no entry here. */
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { ConfigError } from '../../../components/configs/config-error'
import { Generator } from '../../../components/random/generator'
import { SchedulerArgumentError } from '../../../components/schedulers/scheduler-argument-error'
import { type SchedulerClass, SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import { schedulerNames } from '../../../components/schedulers/scheduler-names'
import { UnknownSchedulerError } from '../../../components/schedulers/unknown-scheduler-error'
import { toSnakeCase } from '../../../src'
import { useBackend } from '../models/use-backend'

useBackend('cpu')

type Settings = Readonly<Record<string, unknown>>
type Values = readonly number[]

/** Goes from the clean sample to noise. */
const rising = new Set(['DDIMInverseScheduler', 'DPMSolverMultistepInverseScheduler'])

/** Its last timestep is where the run ends, and no step. */
const endsAtTimestep = new Set(['SCMScheduler'])

/** What the network's output means, where the config does not say it. */
const outputs: Readonly<Record<string, string>> = { IPNDMScheduler: 'v_prediction' }

/** Classes that do not find the clean sample in one step, with the reason. */
const approximate: Readonly<Record<string, string>> = {
  LCMScheduler: 'mixes the sample in, as its network was trained for',
  TCDScheduler: 'predicts the sample of an earlier timestep, which still has noise',
  SASolverScheduler: 'ends in fresh noise',
  PNDMScheduler: 'ends in the noise of the first training timestep where the spacing leads there',
  DDIMInverseScheduler: 'is given, with a timestep, the sample of the one before',
  DPMSolverMultistepInverseScheduler: 'ends in noise, and gives no prediction of the clean sample',
}

/** Settings with which the last step ends in the clean sample, where there is a choice. */
const endsClean: Settings = { finalSigmasType: 'zero', setAlphaToOne: true, skipPrkSteps: true }

/** The settings that are tried where a scheduler has them, with the values of which it takes some. */
const choices: Readonly<Record<string, readonly unknown[]>> = {
  numTrainTimesteps: [1000, 200],
  betaStart: [0.0001, 0.00085],
  betaEnd: [0.012, 0.02],
  betaSchedule: ['linear', 'scaled_linear', 'squaredcos_cap_v2'],
  predictionType: ['epsilon', 'v_prediction', 'sample'],
  timestepSpacing: ['leading', 'trailing', 'linspace'],
  stepsOffset: [0, 1],
  setAlphaToOne: [true, false],
  skipPrkSteps: [true, false],
  solverOrder: [1, 2, 3],
  predictorOrder: [1, 2, 3],
  correctorOrder: [1, 2, 3],
  solverType: ['midpoint', 'heun', 'bh1', 'bh2', 'logrho'],
  predictX0: [true, false],
  algorithmType: ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++', 'data_prediction', 'noise_prediction'],
  lowerOrderFinal: [true, false],
  eulerAtFinal: [true, false],
  finalSigmasType: ['zero', 'sigma_min'],
  sigmaSchedule: ['karras', 'exponential'],
  shift: [1, 3],
  // What is cut off cannot be found again.
  clipSample: [false],
}

const spacings = ['useKarrasSigmas', 'useExponentialSigmas', 'useBetaSigmas', 'useLuLambdas']

const classes = [...new Set(Object.values(schedulerNames).map(({ schedulerClass }) => schedulerClass))]

function isAccepted(schedulerClass: SchedulerClass, settings: Settings): boolean {
  try {
    new schedulerClass(settings)
    return true
  } catch (error) {
    if (error instanceof ConfigError) return false
    throw error
  }
}

/** Settings that a scheduler accepts together. */
function settingsOf(schedulerClass: SchedulerClass): fc.Arbitrary<Settings> {
  const { config } = new schedulerClass()
  const taken = Object.entries(choices)
    .filter(([key]) => key in config)
    .map(([key, values]) => {
      const accepted = values.filter(value => isAccepted(schedulerClass, { [key]: value }))
      return [
        key,
        fc.constantFrom(...(accepted.length === 0 ? [config[key as keyof typeof config]] : accepted)),
      ] as const
    })
  const spacing = fc.constantFrom({}, ...spacings.filter(key => key in config).map(key => ({ [key]: true })))
  return fc
    .tuple(fc.record(Object.fromEntries(taken)), spacing)
    .map(([settings, spacing]) => ({ ...settings, ...spacing }))
    .filter(settings => isAccepted(schedulerClass, settings))
}

const table = classes.map(schedulerClass => [schedulerClass.name, schedulerClass] as const)

test('every class that a file can name has its name among the short names too', () => {
  const find = () => SchedulerMixin.fromConfig({ _class_name: '' })
  expect(find).toThrow(UnknownSchedulerError)
  try {
    find()
  } catch (error) {
    expect(Object.keys(schedulerNames)).toEqual(expect.arrayContaining([...(error as UnknownSchedulerError).known]))
  }
})

describe.each(table)('%s', (name, schedulerClass) => {
  const { config } = new schedulerClass()
  const steps = fc.integer({ min: 1, max: 40 })
  const settings = settingsOf(schedulerClass)
  const start = (given: Settings, count: number): SchedulerMixin => {
    const scheduler = new schedulerClass(given)
    leaveOutRefused(() => scheduler.setTimesteps(count))
    return scheduler
  }

  test('visits its timesteps and sigmas in one direction', () => {
    const sign = rising.has(name) ? -1 : 1
    fc.assert(
      fc.property(settings, steps, (given, count) => {
        const { timesteps, sigmas = [], order } = start(given, count)
        // Between the whole steps of a sampler of order 2 lie places of its own.
        for (const values of [timesteps.filter((_, i) => i % order === 0), sigmas]) {
          expect(values.filter(value => !Number.isFinite(value))).toEqual([])
          // The last two may be the same but for rounding.
          const turns = (value: number, i: number) =>
            i > 0 && sign * ((values[i - 1] as number) - value) < -1e-6 * value
          expect(values.filter(turns)).toEqual([])
        }
      }),
      { numRuns: 25 },
    )
  })

  if (!(name in approximate)) {
    test('a step with the true noise finds the clean sample, at any timestep or at the last', () => {
      const values = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 })
      const known = Object.fromEntries(Object.entries(endsClean).filter(([key]) => key in config))
      const clean = settings.map(given => ({ ...given, ...known })).filter(given => isAccepted(schedulerClass, given))
      fc.assert(
        fc.property(clean, steps, fc.nat(), values, values, (given, count, place, clean, noise) => {
          const places = Math.ceil(stepsOf(start(given, count)).length / start(given, count).order)
          const anywhere = stepAt(start(given, count), place % places, clean, noise)
          const { found, expected, tolerance } =
            anywhere ?? (stepAt(start(given, count), places - 1, clean, noise, true) as Found)
          expect(found.filter((value, i) => !(Math.abs(value - (expected[i] as number)) <= tolerance))).toEqual([])
        }),
        { numRuns: 25 },
      )
    })
  }

  test('serves runs that take turns as if each were alone, and leaves no tensor', () => {
    fc.assert(
      fc.property(settings, steps, steps, (given, count, otherCount) => {
        const shared = new schedulerClass(given)
        const [alone, otherAlone] = leaveOutRefused(() => [
          [...walk(shared, count, 1)],
          [...walk(shared, otherCount, 2)],
        ])
        const [first, second] = [walk(shared, count, 1), walk(shared, otherCount, 2)]
        const turns: [unknown[], unknown[]] = [[], []]
        for (let i = 0; i < Math.max(alone.length, otherAlone.length) + 1; i++) {
          const [a, b] = [first.next(), second.next()]
          if (!a.done) turns[0].push(a.value)
          if (!b.done) turns[1].push(b.value)
        }
        expect(turns).toEqual([alone, otherAlone])
      }),
      { numRuns: 4 },
    )
  })

  test.each([0, -1, 1.5, Number.NaN, 1001])('refuses a run of %d steps', count => {
    const scheduler = new schedulerClass('numTrainTimesteps' in config ? { numTrainTimesteps: 1000 } : {})
    expect(() => scheduler.setTimesteps(count)).toThrow(SchedulerArgumentError)
    expect(() => scheduler.setTimesteps(count)).toThrow(/numInferenceSteps/)
  })

  test.each([
    ['rising timesteps', { timesteps: [1, 2] }, /timesteps/],
    ['rising sigmas', { sigmas: [0.1, 0.2] }, /sigmas/],
    // Flows take both, if there are as many of them.
    ['timesteps together with other sigmas', { timesteps: [3, 2, 1], sigmas: [0.2, 0.1] }, /timesteps|sigmas/],
  ])('refuses %s', (_case, options, message) => {
    const scheduler = new schedulerClass()
    expect(() => scheduler.setTimesteps(undefined, options)).toThrow(SchedulerArgumentError)
    expect(() => scheduler.setTimesteps(undefined, options)).toThrow(message)
  })

  if ('betaSchedule' in config) {
    test('refuses a beta schedule that it does not know', () => {
      expect(() => new schedulerClass({ betaSchedule: 'cubic' })).toThrow(ConfigError)
      expect(() => new schedulerClass({ betaSchedule: 'cubic' })).toThrow(/betaSchedule/)
    })
  }

  const exclusive = spacings.filter(key => key in config)
  if (exclusive.length > 1) {
    test('refuses two ways to space its sigmas', () => {
      const two = fc.subarray(exclusive, { minLength: 2, maxLength: 2 })
      fc.assert(
        fc.property(two, keys => {
          const make = () => new schedulerClass(Object.fromEntries(keys.map(key => [key, true])))
          expect(make).toThrow(ConfigError)
          for (const key of keys) expect(make).toThrow(new RegExp(`${key}|${toSnakeCase(key)}`))
        }),
        { numRuns: 10 },
      )
    })
  }
})

function stepsOf(run: SchedulerMixin): Values {
  return endsAtTimestep.has(run.constructor.name) ? run.timesteps.slice(0, -1) : run.timesteps
}

/** Runs what a scheduler may refuse for settings that do not go with the run; then the case is left out. */
function leaveOutRefused<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof SchedulerArgumentError) fc.pre(false)
    throw error
  }
}

interface Found {
  readonly found: Values
  readonly expected: Values
  readonly tolerance: number
}

/** One step of a run from a place, with the true noise: what it takes for the clean sample; at the end of the run, what it arrives at. */
function stepAt(run: SchedulerMixin, place: number, clean: Values, noise: Values, isLast = false): Found | undefined {
  const at = place * run.order
  const timestep = run.timesteps[at] as number
  const tensor = (values: Values) => tf.tensor4d([...values], [1, 2, 2, 1])
  // Tells apart places of the same timestep, too.
  run.setBeginIndex(at)
  return tf.tidy(() => {
    const added = (signal: number, fresh: number) =>
      run.addNoise(tensor([signal, 0, 0, 0]), tensor([fresh, 0, 0, 0]), timestep).dataSync()[0] as number
    const level = { alpha: added(1, 0), sigma: added(0, 1) }
    const output = clean.map((value, i) => outputFor(run, level, value, noise[i] as number))
    const sample = run.addNoise(tensor(clean), tensor(noise), timestep)
    const generator = new Generator(0)
    const { prevSample, predOriginalSample } = run.step(tensor(output), timestep, sample, { generator })
    run.dispose()
    const found = predOriginalSample ?? (isLast ? prevSample : undefined)
    // Some end in a trace of noise, in a sample that keeps its variance.
    const left = predOriginalSample === undefined ? (run.sigmas?.at(-1) ?? 0) : 0
    const expected = clean.map((value, i) => (value + left * (noise[i] as number)) / Math.hypot(1, left))
    // The less signal a sample holds, the more of its rounding comes out.
    const tolerance = 2e-5 * (1 + Math.abs(level.sigma / level.alpha))
    return found && { found: Array.from(found.dataSync()), expected, tolerance }
  })
}

/** What a perfect network answers. */
function outputFor(
  run: SchedulerMixin,
  { alpha, sigma }: { alpha: number; sigma: number },
  clean: number,
  noise: number,
) {
  const { predictionType, sigmaData } = run.config as { predictionType?: string; sigmaData?: number }
  const type = predictionType ?? outputs[run.constructor.name] ?? 'flow_prediction'
  if (type !== 'trigflow' && sigmaData !== undefined) {
    // Source: https://arxiv.org/abs/2206.00364, table 1.
    const total = Math.hypot(sigma, sigmaData)
    const output = (clean - (sigmaData / total) ** 2 * (clean + sigma * noise)) / ((sigma * sigmaData) / total)
    return type === 'epsilon' ? output : -output
  }
  switch (type) {
    case 'epsilon':
      return noise
    case 'sample':
      return clean
    case 'flow_prediction':
      return noise - clean
    case 'trigflow':
      // Noise has the scale of the data here.
      return alpha * noise * (sigmaData ?? 1) - (sigma / (sigmaData ?? 1)) * clean
    default:
      // Velocities are those of a sample that keeps its variance.
      return (alpha * noise - sigma * clean) / Math.hypot(alpha, sigma)
  }
}

/** A run with a stand-in for the network; yields the sample after each step. */
function* walk(shared: SchedulerMixin, count: number, seed: number): globalThis.Generator<Values, void> {
  const run = shared.forRun()
  run.setTimesteps(count)
  const generator = new Generator(seed)
  let sample = tf.tidy(() => tf.tensor4d([1, -0.5, 0.25, seed], [1, 2, 2, 1]).mul(run.initNoiseSigma))
  try {
    for (const timestep of stepsOf(run)) {
      const next = tf.tidy(() => {
        const output = run
          .scaleModelInput(sample, timestep)
          .mul(0.3)
          .add(0.1 * Math.sin(timestep))
        return run.step(output, timestep, sample, { generator }).prevSample
      })
      sample.dispose()
      sample = next
      yield Array.from(sample.dataSync())
    }
  } finally {
    sample.dispose()
    run.dispose()
  }
}
