import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { ComponentClassError } from '../../../components/configs/component-class-error'
import { ConfigError } from '../../../components/configs/config-error'
import { InvalidConfigError } from '../../../components/configs/invalid-config-error'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { DPMSolverMultistepScheduler } from '../../../components/schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
import { timestepSpacings } from '../../../components/schedulers/noise-levels/timestep-spacing'
import { SchedulerArgumentError } from '../../../components/schedulers/scheduler-argument-error'
import { type SchedulerClass, SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import { EulerDiscreteScheduler } from '../../../components/schedulers/sigma-space/euler-discrete-scheduler'
import { TimestepsNotSetError } from '../../../components/schedulers/timesteps-not-set-error'
import { UnknownSchedulerError } from '../../../components/schedulers/unknown-scheduler-error'
import { DDIMScheduler } from '../../../components/schedulers/variance-preserving/ddim-scheduler'
import { isRunScoped } from '../../../src/container/run-scoped'
import type { ComponentClass } from '../../../src/params/component-class'
import { expectWarnings } from '../../expected-warnings'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { useBackend } from '../models/use-backend'

useBackend('cpu')

const GOLDENS = join(__dirname, '..', '..', 'goldens', 'schedulers')
const classes: readonly SchedulerClass[] = [DDIMScheduler, EulerDiscreteScheduler, DPMSolverMultistepScheduler]
const latents = { betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear', clipSample: false }

/** What a denoising loop with a stand-in for the network ends with. */
function run(scheduler: SchedulerMixin, steps = 5, sample: tf.Tensor = tf.ones([1, 2, 2, 1])): number[] {
  scheduler.setTimesteps(steps)
  for (const t of scheduler.timesteps) sample = takeStep(scheduler, t, sample)
  const values = Array.from(sample.dataSync())
  sample.dispose()
  return values
}

/** One step; the sample is disposed. */
function takeStep(scheduler: SchedulerMixin, timestep: number, sample: tf.Tensor): tf.Tensor {
  const next = tf.tidy(
    () => scheduler.step(scheduler.scaleModelInput(sample, timestep).mul(0.3), timestep, sample).prevSample,
  )
  sample.dispose()
  return next
}

describe('fromConfig', () => {
  test('takes keys in snake_case and in camelCase', () => {
    const fromFile = DDIMScheduler.fromConfig({ beta_start: 0.00085, set_alpha_to_one: false })
    const fromCode = DDIMScheduler.fromConfig({ betaStart: 0.00085, setAlphaToOne: false })
    expect(fromFile.config).toEqual(fromCode.config)
    expect(fromFile.config).toMatchObject({ betaStart: 0.00085, setAlphaToOne: false, stepsOffset: 0 })
  })

  test('gives a frozen config', () => {
    expect(Object.isFrozen(new EulerDiscreteScheduler().config)).toBe(true)
  })

  test('on the base class makes a scheduler of the class that is named', () => {
    for (const schedulerClass of classes) {
      expect(SchedulerMixin.fromConfig({ _class_name: schedulerClass.name })).toBeInstanceOf(schedulerClass)
    }
  })

  test('names the known classes where the class is unknown or missing', () => {
    expect(() => SchedulerMixin.fromConfig({ _class_name: 'EulerDiscrete' })).toThrow(
      /There is no scheduler "EulerDiscrete"\. Did you mean "EulerDiscreteScheduler"\? Known: "DDIMScheduler"/,
    )
    expect(() => SchedulerMixin.fromConfig({})).toThrow(UnknownSchedulerError)
  })

  test('lists the keys of other schedulers that it ignores', () => {
    const warnings = catchWarnings()
    const { ignoredKeys } = DDIMScheduler.fromConfig({
      _class_name: 'PNDMScheduler',
      skip_prk_steps: true,
      stepsOffset: 1,
    })
    expect(ignoredKeys).toEqual(['skip_prk_steps'])
    expect(warnings()).toEqual([expect.stringMatching(/^IGNORED_SETTINGS: DDIMScheduler .*"skip_prk_steps"/)])
  })

  test('warns of them through the process, once', () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    const pndm = SchedulerMixin.fromConfig({
      _class_name: 'PNDMScheduler',
      skip_prk_steps: true,
      set_alpha_to_one: false,
    })
    expect(emitWarning).not.toHaveBeenCalled()
    for (let i = 0; i < 2; i++) EulerDiscreteScheduler.fromConfig(pndm.config)
    expect(emitWarning.mock.calls).toEqual([
      [
        'EulerDiscreteScheduler ignores the settings "skipPrkSteps" (true), "setAlphaToOne" (false), which do not apply to it.',
        { type: 'TesseraeWarning', code: 'IGNORED_SETTINGS' },
      ],
    ])
    emitWarning.mockRestore()
  })

  test('takes over what was given to another scheduler, and not its defaults', () => {
    const warnings = catchWarnings()
    const ddim = DDIMScheduler.fromConfig({ beta_start: 0.00085, clip_sample: false })
    expect(ddim.config.timestepSpacing).toBe('leading')
    const euler = EulerDiscreteScheduler.fromConfig(ddim.config)
    expect(euler.config).toMatchObject({ betaStart: 0.00085, timestepSpacing: 'linspace' })
    expect(euler.ignoredKeys).toEqual(['clipSample'])
    const spaced = EulerDiscreteScheduler.fromConfig({ ...ddim.config, timestepSpacing: 'trailing' })
    expect(spaced.config).toMatchObject({ betaStart: 0.00085, timestepSpacing: 'trailing' })
    expect(warnings()).toEqual([expect.stringMatching(/^IGNORED_SETTINGS: EulerDiscreteScheduler .*"clipSample"/)])
  })

  test('takes null for the default', () => {
    expect(EulerDiscreteScheduler.fromConfig({ use_karras_sigmas: null }).config.useKarrasSigmas).toBe(false)
  })

  test.each([
    [{ beta_schedule: 'cubic' }, /beta_schedule: "cubic" is not supported; supported: "linear", "scaled_linear"/],
    [{ prediction_type: 'noise' }, /prediction_type: "noise" is not supported; supported: "epsilon"/],
    [{ timestep_spacing: 'even' }, /timestep_spacing: "even" is not supported; supported: "linspace"/],
    [{ num_train_timesteps: 0 }, /num_train_timesteps/],
    // Some numbers are kept for each of them: so many would fill the memory.
    [{ num_train_timesteps: 1e9 }, /num_train_timesteps/],
    [{ num_train_timesteps: Number.MAX_SAFE_INTEGER }, /num_train_timesteps/],
    [{ beta_start: 'small' }, /beta_start: must be of type number, but is "small"/],
    [{ trained_betas: [0.1, 0.2] }, /trained_betas: has 2 elements, but num_train_timesteps is 1000/],
  ])('refuses %j and says what is allowed', (config, message) => {
    for (const schedulerClass of classes) {
      expect(() => new schedulerClass(config)).toThrow(ConfigError)
      expect(() => new schedulerClass(config)).toThrow(message)
    }
  })

  test.each<SchedulerClass>([EulerDiscreteScheduler, DPMSolverMultistepScheduler])(
    '%p refuses two ways to space sigmas',
    schedulerClass => {
      const attempt = () => new schedulerClass({ use_karras_sigmas: true, use_beta_sigmas: true })
      expect(attempt).toThrow(/use_beta_sigmas: is true, but use_karras_sigmas is true as well/)
    },
  )
})

describe('fromPretrained', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scheduler-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  test('reads a file with the infinity that Python writes', async () => {
    const scheduler = await SchedulerMixin.fromPretrained(GOLDENS, { subfolder: 'dpm_multi_karras' })
    expect(scheduler).toBeInstanceOf(DPMSolverMultistepScheduler)
    expect(scheduler.config).toMatchObject({ lambdaMinClipped: -Infinity, useKarrasSigmas: true })
    expect(scheduler.ignoredKeys).toEqual([])
  })

  test('prefers the class of the index to that of the file', async () => {
    const warnings = catchWarnings()
    const options = { subfolder: 'ddim_leading', className: 'EulerDiscreteScheduler' }
    const scheduler = await SchedulerMixin.fromPretrained(GOLDENS, options)
    expect(scheduler).toBeInstanceOf(EulerDiscreteScheduler)
    expect(scheduler.config).toMatchObject({ stepsOffset: 1 })
    expect(warnings()).toEqual([expect.stringMatching(/^IGNORED_SETTINGS: .*"clip_sample"/)])
  })

  test('makes the class that it is called on from the file of another', async () => {
    const scheduler: EulerDiscreteScheduler = await EulerDiscreteScheduler.fromPretrained(join(GOLDENS, 'ddim_leading'))
    expect(scheduler.config.stepsOffset).toBe(1)
  })

  test('refuses a component that the index says is of another class', async () => {
    const loading = DDIMScheduler.fromPretrained(join(GOLDENS, 'ddim_leading'), { className: 'PNDMScheduler' })
    await expect(loading).rejects.toThrow(ComponentClassError)
  })

  test('names the file in errors', async () => {
    await expect(SchedulerMixin.fromPretrained(folder)).rejects.toThrow(MissingFileError)
    const file = join(folder, 'scheduler_config.json')
    writeFileSync(file, '{"_class_name": "PNDMSchedulr"}')
    await expect(SchedulerMixin.fromPretrained(folder)).rejects.toThrow(`${file}: There is no scheduler "PNDMSchedulr"`)
    writeFileSync(file, '{"beta_schedule": "cubic"}')
    await expect(DDIMScheduler.fromPretrained(folder)).rejects.toThrow(ConfigError)
    await expect(DDIMScheduler.fromPretrained(folder)).rejects.toThrow(file)
    writeFileSync(file, '{"lambda_min_clipped": -Infinity, }')
    await expect(DDIMScheduler.fromPretrained(folder)).rejects.toThrow(InvalidConfigError)
  })

  test('stops when it is cancelled', async () => {
    const loading = SchedulerMixin.fromPretrained(join(GOLDENS, 'ddim_leading'), { signal: AbortSignal.abort() })
    await expect(loading).rejects.toThrow(/abort/)
  })
})

test('scheduler classes can stand behind components', () => {
  const own: ComponentClass<DDIMScheduler> = DDIMScheduler
  const base: ComponentClass<SchedulerMixin> = SchedulerMixin
  expect([own.name, base.name]).toEqual(['DDIMScheduler', 'SchedulerMixin'])
})

// One configuration is for schedulers of all kinds.
expectWarnings('UNREAD_CONFIG_KEYS')

describe.each(classes)('%p', schedulerClass => {
  const make = () => new schedulerClass({ ...latents })

  test.each([
    [0, 'numInferenceSteps must be a whole number from 1 to 1000, the timesteps of the training, but is 0'],
    [-3, 'but is -3'],
    [2.5, 'but is 2.5'],
    [Number.NaN, 'but is NaN'],
    [1001, 'but is 1001'],
    [undefined, 'numInferenceSteps is missing'],
  ])('refuses %p steps', (steps, message) => {
    expect(() => make().setTimesteps(steps)).toThrow(SchedulerArgumentError)
    expect(() => make().setTimesteps(steps)).toThrow(message)
  })

  test('refuses a step before the timesteps are set', () => {
    const sample = tf.ones([1, 2, 2, 1])
    expect(() => make().step(sample, 999, sample)).toThrow(TimestepsNotSetError)
    sample.dispose()
  })

  test('refuses a timestep that is not in the schedule, and says what is', () => {
    const scheduler = make()
    scheduler.setTimesteps(5)
    const sample = tf.ones([1, 2, 2, 1])
    expect(() => scheduler.step(sample, 998, sample)).toThrow(
      `${schedulerClass.name}: timestep 998 is not in the schedule, which is ${scheduler.timesteps.join(', ')}.`,
    )
    sample.dispose()
  })

  test('refuses an output of another shape than the sample, and leaves no tensor', () => {
    const scheduler = make()
    scheduler.setTimesteps(5)
    const [sample, output] = [tf.ones([1, 2, 2, 1]), tf.ones([1, 2, 2, 2])]
    expect(() => scheduler.step(output, scheduler.timesteps[0] as number, sample)).toThrow(
      "modelOutput must have the sample's shape [1,2,2,1], but has [1,2,2,2]",
    )
    tf.dispose([sample, output])
  })

  test('refuses a place to begin that there is not', () => {
    const scheduler = make()
    scheduler.setTimesteps(5)
    expect(() => scheduler.setBeginIndex(5)).toThrow('beginIndex must be a whole number from 0 to 4, but is 5')
    expect(() => scheduler.setBeginIndex(1.5)).toThrow(SchedulerArgumentError)
  })

  test('gives the same result run by run, and leaves no tensor', () => {
    const scheduler = make().forRun()
    const first = run(scheduler)
    expect(run(scheduler)).toEqual(first)
    scheduler.dispose()
  })

  test('copies for runs share their tables and nothing else', () => {
    const scheduler = make()
    expect(isRunScoped(scheduler)).toBe(true)
    const [first, a, b] = [scheduler.forRun(), scheduler.forRun(), scheduler.forRun({ seed: 1 })]
    const alone = run(first)
    expect(a).toBeInstanceOf(schedulerClass)
    a.setTimesteps(5)
    let [x, y]: tf.Tensor[] = [tf.ones([1, 2, 2, 1]), tf.ones([1, 2, 2, 1])] as const
    b.setTimesteps(5)
    // Out of step with each other.
    x = takeStep(a, a.timesteps[0] as number, x as tf.Tensor)
    for (let i = 1; i < 5; i++) {
      x = takeStep(a, a.timesteps[i] as number, x)
      y = takeStep(b, b.timesteps[i - 1] as number, y as tf.Tensor)
    }
    y = takeStep(b, b.timesteps[4] as number, y as tf.Tensor)
    expect(Array.from(x.dataSync())).toEqual(alone)
    expect(Array.from(y.dataSync())).toEqual(alone)
    expect(scheduler.numInferenceSteps).toBeUndefined()
    for (const resource of [x, y, first, a, b]) resource.dispose()
  })

  test('a copy made in the middle of a run has no schedule', () => {
    const scheduler = make()
    scheduler.setTimesteps(3)
    takeStep(scheduler, scheduler.timesteps[0] as number, tf.ones([1, 2, 2, 1])).dispose()
    const copy = scheduler.forRun()
    expect([copy.numInferenceSteps, copy.stepIndex, copy.timesteps.length]).toEqual([undefined, undefined, 1000])
    copy.dispose()
    // The original continues.
    takeStep(scheduler, scheduler.timesteps[1] as number, tf.ones([1, 2, 2, 1])).dispose()
    scheduler.dispose()
  })

  test('timesteps fall strictly, and sigmas with them', () => {
    const steps = fc.integer({ min: 1, max: 400 })
    fc.assert(
      fc.property(fc.constantFrom(...timestepSpacings), steps, (timestepSpacing, count) => {
        const scheduler = new schedulerClass({ ...latents, timestepSpacing })
        scheduler.setTimesteps(count)
        expect(scheduler.timesteps).toHaveLength(count)
        expectFalling(scheduler.timesteps)
        if (scheduler.sigmas === undefined) return
        expect(scheduler.sigmas).toHaveLength(count + 1)
        expect(scheduler.sigmas.at(-1)).toBe(0)
        expectFalling(scheduler.sigmas)
      }),
      { numRuns: 25 },
    )
  })

  test('adds to each sample of a batch the noise of its own timestep', () => {
    const scheduler = make()
    scheduler.setTimesteps(5)
    const [original, noise] = [tf.ones([2, 1, 1, 1]), tf.fill([2, 1, 1, 1], 3)]
    const [late, early] = [scheduler.timesteps[4] as number, scheduler.timesteps[0] as number]
    const both = scheduler.addNoise(original, noise, [late, early])
    const each = [late, early].map(timestep => scheduler.addNoise(original, noise, timestep))
    const values = each.map(tensor => tensor.dataSync()[0] as number)
    expect(Array.from(both.dataSync())).toEqual(values.map(value => expect.closeTo(value, 5)))
    expect(() => scheduler.addNoise(original, noise, [late, early, early])).toThrow(
      'timesteps must be one for all, or one for each of the 2 samples, but are 3',
    )
    tf.dispose([original, noise, both, ...each])
  })

  test('an oracle that knows the noise is led to the clean sample', () => {
    const scheduler = make().forRun()
    const [clean, noise] = [
      tf.tensor4d([0.5, -1, 0.25, 1], [1, 2, 2, 1]),
      tf.tensor4d([1, 0.5, -0.5, -1.5], [1, 2, 2, 1]),
    ]
    scheduler.setTimesteps(10)
    let sample = scheduler.addNoise(clean, noise, scheduler.timesteps[0] as number)
    for (const t of scheduler.timesteps) {
      const { prevSample, predOriginalSample } = scheduler.step(noise, t, sample)
      tf.dispose([sample, predOriginalSample ?? []])
      sample = prevSample
    }
    expect(Array.from(sample.dataSync())).toEqual(Array.from(clean.dataSync(), value => expect.closeTo(value, 3)))
    tf.dispose([clean, noise, sample])
    scheduler.dispose()
  })
})

function expectFalling(values: readonly number[]): void {
  const wrong = values.findIndex((value, i) => !Number.isFinite(value) || value >= (values[i - 1] ?? Infinity))
  expect(wrong).toBe(-1)
}

test('what is not a tensor is refused by name', () => {
  const euler = new EulerDiscreteScheduler()
  euler.setTimesteps(2)
  const [timestep = 0] = euler.timesteps
  tf.tidy(() => {
    const none = undefined as unknown as tf.Tensor
    expect(() => euler.step(none, timestep, tf.ones([1]))).toThrow(
      'EulerDiscreteScheduler: modelOutput must be a tensor, but is nothing',
    )
    expect(() => euler.step(tf.ones([1]), timestep, [1] as unknown as tf.Tensor)).toThrow(SchedulerArgumentError)
  })
})
