/** What all schedulers share: settings, schedule, the place in it, loading. Counterpart: schedulers/scheduling_utils.py */

import { join } from 'node:path'
import type { z } from 'zod'
import type { RunScope, RunScoped } from '../../src/container/run-scoped'
import { pathOf } from '../../src/files/path-of'
import { classNameOf } from '../../src/format/class-name'
import type { JsonSchema } from '../../src/json-schema/json-schema'
import type {
  FromPretrainedOptions,
  FromSingleFileOptions,
  SavableComponent,
  SavePretrainedOptions,
} from '../../src/params/component-class'
import { type BaseOrConfigClass, type ConfigClass, ConfigClasses } from '../configs/config-classes'
import type { RawConfig } from '../configs/parse-config'
import { settingsSchema } from '../configs/settings-schema'
import { warnOfUnreadKeys } from '../configs/unread-keys'
import { saveConfig } from '../configs/write-config'
import { singleFileScheduler } from '../single-file/component-config'
import * as tf from '../tensors/tf'
import { requireFiniteSchedule } from './require-finite-schedule'
import { requireTensors } from './require-tensors'
import { restoreFields, saveFields } from './run-memory'
import { RunProgress, type Schedule } from './run-progress'
import { type RunSettings, requireSameScheduler, type SavedScheduler, saveSettings } from './saved-scheduler'
import { SchedulerArgumentError } from './scheduler-argument-error'
import { parseSchedulerConfig, type SchedulerConfig } from './scheduler-config'
import type { StepOptions, StepResult } from './step-options'
import { mixPerSample, velocityMix } from './steps/mix-per-sample'
import { applyMix, cleanMixOfAnyVariance, type NoiseLevel, type PredictionType } from './steps/prediction-type'
import { prefetchNoise } from './steps/prefetch-noise'
import { TimestepsNotSetError } from './timesteps-not-set-error'
import {
  checkTimestepsRequest,
  type SetTimestepsOption,
  type SetTimestepsOptions,
  type TimestepsLimits,
  type TimestepsRequest,
} from './timesteps-request'
import { UnknownSchedulerError } from './unknown-scheduler-error'
import { warnOfIgnoredSettings } from './warn-of-ignored-settings'

/** The file that a scheduler's settings are in. */
export const SCHEDULER_CONFIG_NAME = 'scheduler_config.json'

/** A class of schedulers. */
export interface SchedulerClass<T extends SchedulerMixin = SchedulerMixin> extends ConfigClass<T> {
  new (config?: RawConfig, file?: string): T
}

/** The classes that the base class chooses from. */
const schedulers = new ConfigClasses<SchedulerMixin>({
  base: () => SchedulerMixin,
  fileName: SCHEDULER_CONFIG_NAME,
  unknown: (name, known, source) => new UnknownSchedulerError(name, known, source),
})

/**
 * Decides which noise levels a run visits, and takes it from each to the next. Tables belong to the scheduler; the schedule, the place
 * in it and what a solver remembers belong to a run, so work on a copy made by {@link forRun}.
 */
export abstract class SchedulerMixin<Config extends SchedulerConfig = SchedulerConfig>
  implements RunScoped, SavableComponent
{
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'SchedulerMixin'

  /** All settings, with defaults. Made into another scheduler, it brings along what was given to this one, but no defaults. */
  readonly config: Readonly<Config>
  /** Keys of the given config that this scheduler does not have, e.g. those of another scheduler. */
  readonly ignoredKeys: readonly string[]
  /** Whether it was made from the config of another scheduler. */
  private readonly isConverted: boolean
  /** How many calls of {@link step} make one step of the run. */
  readonly order: number = 1
  /** Whether {@link step} uses `eta`; others ignore it. */
  readonly takesEta: boolean = false
  /** The options of {@link setTimesteps} that this scheduler takes. */
  protected readonly setTimestepsOptions: readonly SetTimestepsOption[] = []
  /** What the schedule is before {@link setTimesteps}: every timestep of the training. */
  protected abstract readonly trainingSchedule: Schedule
  private run: RunProgress | undefined
  /** Of a run's copy: the settings of the scheduler that it is a copy of. */
  private settingsBefore: Readonly<Config> | undefined

  /** @throws ConfigError */
  constructor(
    private readonly schema: z.ZodObject & z.ZodType<Config>,
    config: RawConfig,
    file: string | undefined,
  ) {
    const source = { component: classNameOf(new.target), file }
    const parsed = parseSchedulerConfig(schema, config, source)
    this.config = parsed.config
    this.ignoredKeys = parsed.ignoredKeys
    // Of another scheduler's settings, some may go: who converts on purpose is not told.
    if (!parsed.isOfAnother) warnOfUnreadKeys(parsed.ignoredKeys, config, source)
    this.isConverted = parsed.isOfAnother
  }

  /** Makes classes known to {@link fromConfig} and {@link fromPretrained} of the base class. */
  static register(...classes: readonly SchedulerClass[]): void {
    schedulers.register(classes)
  }

  /**
   * A scheduler from settings, in camelCase or snake_case, or from the config of another scheduler; a warning of the process tells which of them it does
   * not have and ignores. Called on the base class, it makes one of the class that `_class_name` names.
   *
   * @throws ConfigError for a setting that is wrong
   * @throws UnknownSchedulerError for a class that is not known
   */
  static fromConfig<T extends SchedulerMixin>(this: BaseOrConfigClass<T>, config: RawConfig, file?: string): T {
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is made.
    const scheduler = new (schedulers.choose(this, config, file))(config, file)
    if (scheduler.isConverted) warnOfIgnoredSettings(classNameOf(scheduler), scheduler.ignoredKeys, config, file)
    return scheduler
  }

  /**
   * A scheduler from the `scheduler_config.json` of a folder. A scheduler of another class can be made from it, as in
   * the reference. Called on the base class, it makes one of the class that the model's index names, otherwise the
   * file.
   *
   * @throws MissingFileError, InvalidConfigError, ConfigError, UnknownSchedulerError
   * @throws ComponentClassError if the model's index names another class than the one that this is called on
   */
  static async fromPretrained<T extends SchedulerMixin>(
    this: BaseOrConfigClass<T>,
    path: string | URL,
    options: FromPretrainedOptions = {},
  ): Promise<T> {
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is made.
    const { chosen, config, file } = await schedulers.load(this, path, options)
    const scheduler = new chosen(config, file)
    if (scheduler.isConverted) warnOfIgnoredSettings(classNameOf(chosen), scheduler.ignoredKeys, config, file)
    return scheduler
  }

  /**
   * A scheduler for a model that comes in one file, which holds none: that of the published model of its family. Called on the base class, it makes one of that
   * class.
   *
   * @throws SingleFileError for a file of another kind; what {@link fromPretrained} throws
   */
  static async fromSingleFile<T extends SchedulerMixin>(
    this: BaseOrConfigClass<T>,
    path: string | URL,
    options: FromSingleFileOptions = {},
  ): Promise<T> {
    const { config, file } = await singleFileScheduler(path, options)
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is made.
    return new (schedulers.choose(this, config, file))(config, file)
  }

  /** The settings as a JSON Schema, e.g. for a form: names in camelCase with types, ranges, choices and the defaults of the class. */
  get settingsSchema(): JsonSchema {
    return settingsSchema(this.schema)
  }

  /** The timesteps that the run visits, falling; before {@link setTimesteps} all of the training. */
  get timesteps(): readonly number[] {
    return this.progress.schedule.timesteps
  }

  /** The noise level at each timestep, and the one where the run ends; `undefined` for schedulers that know none. */
  get sigmas(): readonly number[] | undefined {
    return this.progress.schedule.sigmas
  }

  /** The number of steps of the run; `undefined` before {@link setTimesteps}. */
  get numInferenceSteps(): number | undefined {
    return this.progress.numInferenceSteps
  }

  /** The place of the next step in {@link timesteps}; `undefined` before the first step. */
  get stepIndex(): number | undefined {
    return this.progress.stepIndex
  }

  /** The place of the first step in {@link timesteps}, if it was set. */
  get beginIndex(): number | undefined {
    return this.progress.beginIndex
  }

  /** The standard deviation of the noise that a run begins with. */
  get initNoiseSigma(): number {
    return 1
  }

  /**
   * Makes the schedule of a run, and forgets the run before.
   *
   * @param numInferenceSteps from 1 to the number of training timesteps; `undefined` where the options hold a schedule
   * @throws SchedulerArgumentError, also if the settings lead to timesteps or noise levels that are not finite numbers
   */
  setTimesteps(numInferenceSteps: number | undefined, options: SetTimestepsOptions = {}): void {
    const request = this.checkRequest(numInferenceSteps, options, {
      scheduler: classNameOf(this),
      numTrainTimesteps: this.config.numTrainTimesteps,
      options: this.setTimestepsOptions,
    })
    const schedule = this.makeSchedule(request)
    requireFiniteSchedule(classNameOf(this), schedule)
    const steps = schedule.numInferenceSteps ?? request.numInferenceSteps
    this.dispose()
    this.run = new RunProgress(classNameOf(this), schedule, steps)
  }

  /**
   * Says where in {@link timesteps} the run begins, e.g. for image to image. Without it, the first step looks up its timestep.
   *
   * @throws SchedulerArgumentError if there is no such place
   */
  setBeginIndex(beginIndex = 0): void {
    this.progress.beginIndex = beginIndex
  }

  /** The sample as the network wants to see it at a timestep. A new tensor. */
  scaleModelInput<T extends tf.Tensor>(sample: T, _timestep: number): T {
    return sample.clone()
  }

  /**
   * One step of the run.
   *
   * @param modelOutput the network's output for the scaled sample, of the sample's shape
   * @param timestep the next of {@link timesteps}
   * @throws TimestepsNotSetError, SchedulerArgumentError, MissingGeneratorError
   */
  step<T extends tf.Tensor>(
    modelOutput: tf.Tensor,
    timestep: number,
    sample: T,
    options: StepOptions = {},
  ): StepResult<T> {
    if (this.numInferenceSteps === undefined) throw new TimestepsNotSetError(classNameOf(this))
    requireTensors(classNameOf(this), { modelOutput, sample })
    const index = this.locate(timestep)
    const result = tf.tidy(() => this.update(index, modelOutput, sample, options)) as StepResult<T>
    this.progress.advance(index)
    return result
  }

  /**
   * Draws the noise that the next {@link step} may need in slices, so that a step on large samples does not block the event loop. `step` gives the same
   * result without it.
   *
   * @param timestep of the next step
   * @param sample of the next step; only its shape matters
   * @throws MissingGeneratorError, SchedulerArgumentError; the reason of `signal`
   */
  async prefetchNoise(
    _timestep: number,
    sample: tf.Tensor,
    { generator }: StepOptions = {},
    signal?: AbortSignal,
  ): Promise<void> {
    await prefetchNoise(sample.shape, generator, signal)
  }

  /**
   * Predicts the clean sample from a network's output, and takes no step: for previews. Clipping and thresholding are left out.
   *
   * @param sample - before the step, as {@link step} takes it
   */
  predictOriginal<T extends tf.Tensor>(modelOutput: tf.Tensor, timestep: number, sample: T): T {
    // Schedulers of flows have no such setting.
    const { predictionType = 'flow_prediction' } = this.config as { predictionType?: PredictionType }
    return applyMix(cleanMixOfAnyVariance(predictionType, this.sampleLevel(timestep)), sample, modelOutput)
  }

  /**
   * Clean samples with as much noise as they have at a timestep.
   *
   * @param timesteps one for all samples of the batch, or a list with one for each
   * @throws SchedulerArgumentError
   */
  addNoise<T extends tf.Tensor>(originalSamples: T, noise: tf.Tensor, timesteps: number | readonly number[]): T {
    const levels = [timesteps].flat().map(timestep => this.noiseLevel(timestep))
    return mixPerSample(classNameOf(this), originalSamples, noise, levels)
  }

  /**
   * The velocity, which v-prediction models are trained to predict: `alpha · noise − sigma · sample`.
   *
   * @param timesteps one for all samples of the batch, or a list with one for each
   * @throws SchedulerArgumentError
   */
  getVelocity<T extends tf.Tensor>(sample: T, noise: tf.Tensor, timesteps: number | readonly number[]): T {
    const levels = [timesteps].flat().map(timestep => this.velocityLevel(timestep))
    return mixPerSample(classNameOf(this), sample, noise, levels.map(velocityMix))
  }

  /**
   * Changes settings that no table depends on, from the next run on. Those that this scheduler does not have stay away.
   *
   * @throws ConfigError
   */
  registerToConfig(changes: RunSettings): void {
    const { config } = parseSchedulerConfig(
      this.schema,
      { ...this.config, ...changes },
      { component: classNameOf(this) },
    )
    ;(this as { -readonly [K in 'config']: Readonly<Config> }).config = config
  }

  /** Writes the settings to the `scheduler_config.json` of a folder. @throws UnwritableFileError */
  savePretrained(folder: string | URL, { signal }: SavePretrainedOptions = {}): Promise<void> {
    return saveConfig(join(pathOf(folder, 'folder'), SCHEDULER_CONFIG_NAME), this, { signal })
  }

  /** A copy with the same settings and tables, and no schedule. */
  forRun(_scope: RunScope = {}): this {
    const copy = Object.create(Object.getPrototypeOf(this), Object.getOwnPropertyDescriptors(this)) as this // Of this very class.
    copy.run = undefined
    copy.settingsBefore = this.config
    return copy
  }

  /** The settings, also those that the run has changed, the schedule, the place in it, and what a solver remembers. */
  saveRun(): Readonly<Record<string, unknown>> {
    const { config, settingsBefore = config } = this
    const progress = this.run?.save()
    const memory = this.saveMemory()
    return { className: classNameOf(this), ...saveSettings(config, settingsBefore), progress, memory }
  }

  /** @throws NotResumableError for a scheduler of another class or with other settings; ConfigError for changes that no run makes */
  restoreRun(saved: Readonly<Record<string, unknown>>): this {
    const scheduler = saved as unknown as SavedScheduler // What saveRun() has made.
    const { changes = {}, progress, memory } = scheduler
    const name = classNameOf(this)
    requireSameScheduler(scheduler, name, this.config)
    if (Object.keys(changes).length > 0) this.registerToConfig(changes)
    this.run = progress && RunProgress.restore(name, progress)
    this.restoreMemory(memory)
    return this
  }

  /** Disposes what the run has left on the device. The scheduler can be used again. */
  dispose(): void {}

  /** What a solver remembers. By default the fields in which it differs from a copy that has seen no step. */
  protected saveMemory(): Record<string, unknown> {
    const fresh = this.forRun()
    return saveFields({ ...this, run: undefined, settingsBefore: fresh.settingsBefore }, fresh)
  }

  /** Remembers what {@link saveMemory} gave. */
  protected restoreMemory(memory: Readonly<Record<string, unknown>>): void {
    restoreFields(this, memory)
  }

  /** Checks the arguments of {@link setTimesteps}. @throws SchedulerArgumentError */
  protected checkRequest(
    numInferenceSteps: number | undefined,
    options: SetTimestepsOptions,
    limits: TimestepsLimits,
  ): TimestepsRequest {
    return checkTimestepsRequest(numInferenceSteps, options, limits)
  }

  /** The schedule for a request that has been checked as far as all schedulers agree. */
  protected abstract makeSchedule(request: TimestepsRequest): Schedule

  /** The step from a place in the schedule to the next. Runs inside of tf.tidy. */
  protected abstract update(index: number, modelOutput: tf.Tensor, sample: tf.Tensor, options: StepOptions): StepResult

  /** How much signal and noise a sample holds at a timestep. */
  protected abstract noiseLevel(timestep: number): NoiseLevel

  /** How much signal and noise the sample holds that the network sees at a timestep of the run. */
  protected sampleLevel(timestep: number): NoiseLevel {
    return this.noiseLevel(timestep)
  }

  /** Signal and noise that velocities are made of. */
  protected velocityLevel(timestep: number): NoiseLevel {
    return this.noiseLevel(timestep)
  }

  /** The place in the schedule of the step that is to be taken. */
  protected locate(timestep: number): number {
    return this.progress.locate(timestep)
  }

  /** An error about an argument. */
  protected refuse(argument: string, problem: string): SchedulerArgumentError {
    return new SchedulerArgumentError(classNameOf(this), argument, problem)
  }

  /** The schedule and the place in it; before {@link setTimesteps} that of the training. */
  protected get progress(): RunProgress {
    this.run ??= new RunProgress(classNameOf(this), this.trainingSchedule, undefined)
    return this.run
  }
}
