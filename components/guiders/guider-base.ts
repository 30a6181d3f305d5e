/** What all guiders share. Counterpart: guiders/guider_utils.py (BaseGuidance) */

import { join } from 'node:path'
import type { z } from 'zod'
import type { RunScope, RunScoped } from '../../src/container/run-scoped'
import { NotResumableError } from '../../src/errors/not-resumable-error'
import { nameList } from '../../src/errors/text'
import { pathOf } from '../../src/files/path-of'
import { classNameOf } from '../../src/format/class-name'
import { setOwn } from '../../src/format/own-property'
import { toCamelCase } from '../../src/format/wire-names'
import type { JsonSchema } from '../../src/json-schema/json-schema'
import type { FromPretrainedOptions, SavableComponent, SavePretrainedOptions } from '../../src/params/component-class'
import type { Seed } from '../../src/params/seed'
import { type BaseOrConfigClass, type ConfigClass, ConfigClasses } from '../configs/config-classes'
import { parseConfig, type RawConfig } from '../configs/parse-config'
import { settingsSchema } from '../configs/settings-schema'
import { saveConfig } from '../configs/write-config'
import type { ConditionName } from '../models/conditions'
import type { ModuleHook } from '../models/hooks/module-hook'
import type { Module } from '../nn/module'
import { Generator } from '../random/generator'
import type * as tf from '../tensors/tf'
import type { GuidanceConfig } from './guidance-settings'
import { isInWindow, spanOf } from './guidance-window'
import { GuiderArgumentError } from './guider-argument-error'
import { type GuiderBatch, type GuiderInputs, type GuiderPass, type PredictionName, prepareBatch } from './guider-batch'
import { UnknownGuiderError } from './unknown-guider-error'

/** Where a guider is in its run. */
export interface GuiderState {
  /** Index of the step, from 0; `undefined` before the first. */
  readonly step: number | undefined
  /** Number of steps of the run. */
  readonly numInferenceSteps: number | undefined
  /** Timestep of the step. */
  readonly timestep: number | undefined
  /** How many passes of this step have begun. */
  readonly countPrepared: number
  /** Whether the guider takes part. */
  readonly enabled: boolean
  /** Number of passes of a step. */
  readonly numConditions: number
}

/** What a guider makes of the predictions. `pred` is a new tensor; the others are the caller's. */
export interface GuiderOutput {
  /** The combined prediction. */
  readonly pred: tf.Tensor
  /** Prediction for the prompt. */
  readonly predCond: tf.Tensor
  /** Prediction for the negative prompt, if there is one. */
  readonly predUncond?: tf.Tensor | undefined
}

/** The predictions of a step by name. */
export type Predictions = Readonly<Partial<Record<PredictionName, tf.Tensor>>>

/** A class of guiders. */
export type GuiderClass<T extends BaseGuidance = BaseGuidance> = ConfigClass<T>

/** Fields that say where a guider is in its run. */
const PLACE = ['step', 'numInferenceSteps', 'timestep', 'countPrepared', 'atOnce', 'isEnabled', 'seed']

/** What {@link BaseGuidance.saveRun} gives. */
interface SavedGuider {
  readonly className: string
  readonly config: RawConfig
  /** Fields of the guider. */
  readonly place: object
  readonly drawing: Uint8Array | undefined
}

/** The file that a guider's settings are in. */
const GUIDER_CONFIG_NAME = 'guider_config.json'

/** Whether the reference's settings of that name are floats: all numbers are, but those of layers. It tells `0.0` from `0`. */
const isFloat = (key: string) => !key.endsWith('layers') && key !== 'indices'

/** The class if the config names none. */
const DEFAULT_GUIDER = 'ClassifierFreeGuidance'

/** The classes that the base class chooses from. */
const guiders = new ConfigClasses<BaseGuidance>({
  base: () => BaseGuidance,
  fileName: GUIDER_CONFIG_NAME,
  defaultName: DEFAULT_GUIDER,
  unknown: (name = DEFAULT_GUIDER, known, source) => new UnknownGuiderError(name, known, source),
})

/**
 * Decides which predictions a step needs, and combines them to one. For each step: {@link setState}, {@link prepareInputs}, for each
 * batch {@link prepareModels}, the model with the hooks that this gives, `batch.noisePred = …` and {@link cleanupModels}; then {@link call}.
 * What it remembers belongs to a run, so work on a copy made by {@link forRun}, and {@link dispose} of that at its end.
 */
export abstract class BaseGuidance<Config extends GuidanceConfig = GuidanceConfig>
  implements RunScoped, SavableComponent
{
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'BaseGuidance'

  /** All settings, with defaults. */
  readonly config: Readonly<Config>
  /** Whether the guider takes part; see `enable()` and `disable()`. */
  protected isEnabled: boolean
  /** Index of the step, from 0; `undefined` before the first. */
  protected step: number | undefined
  /** Number of steps of the run. */
  protected numInferenceSteps: number | undefined
  private timestep: number | undefined
  private countPrepared = 0
  /** Whether so many passes go through the model at once, as it was decided in this run. */
  private atOnce: Readonly<Record<number, boolean>> = {}
  private drawing: Generator | undefined
  private seed: Seed | undefined

  /** @throws ConfigError */
  constructor(
    private readonly schema: z.ZodType<Config>,
    config: RawConfig = {},
    file?: string,
  ) {
    this.config = parseConfig(schema, config, { component: classNameOf(new.target), file })
    this.isEnabled = this.config.enabled
  }

  /** Makes classes known to {@link fromConfig} and {@link fromPretrained} of the base class. */
  static register(...classes: readonly GuiderClass[]): void {
    guiders.register(classes)
  }

  /**
   * A guider from settings, in camelCase or snake_case. Called on the base class, it makes one of the class that `_class_name` names; of
   * ClassifierFreeGuidance if none is named.
   *
   * @throws ConfigError, UnknownGuiderError
   */
  static fromConfig<T extends BaseGuidance>(this: BaseOrConfigClass<T>, config: RawConfig, file?: string): T {
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is made.
    return new (guiders.choose(this, config, file))(config, file)
  }

  /**
   * A guider from the `guider_config.json` of a folder.
   *
   * @throws MissingFileError, InvalidConfigError, ConfigError, UnknownGuiderError
   * @throws ComponentClassError if the model's index names another class than the one that this is called on
   */
  static async fromPretrained<T extends BaseGuidance>(
    this: BaseOrConfigClass<T>,
    path: string | URL,
    options: FromPretrainedOptions = {},
  ): Promise<T> {
    // biome-ignore lint/complexity/noThisInStatic: the class that this is called on is the one that is made.
    const { chosen, config, file } = await guiders.load(this, path, options)
    return new chosen(config, file)
  }

  /** The settings as a JSON Schema, e.g. for a form: names in camelCase with types, ranges, choices and the defaults of the class. */
  get settingsSchema(): JsonSchema {
    return settingsSchema(this.schema)
  }

  /** Whether the pass that was prepared last is one with the prompt. */
  get isConditional(): boolean {
    return this.preparedPass !== undefined && this.preparedPass !== 'predUncond'
  }

  /** Whether the pass that was prepared last is one without the prompt. */
  get isUnconditional(): boolean {
    return !this.isConditional
  }

  /** How many passes the step needs; before the first step, how many a step can need. */
  get numConditions(): number {
    return this.passes.length
  }

  /** The condition that each pass of the step is for. */
  get conditions(): readonly ConditionName[] {
    return this.passes.map(([, condition]) => condition)
  }

  /** Lets the guider take part. */
  enable(): void {
    this.isEnabled = true
  }

  /** Keeps the guider from taking part: the prediction with the prompt is used as it is. */
  disable(): void {
    this.isEnabled = false
  }

  /** A step of the run begins. */
  setState(step: number, numInferenceSteps: number, timestep: number): void {
    this.step = step
    this.numInferenceSteps = numInferenceSteps
    this.timestep = timestep
    this.countPrepared = 0
  }

  /** Where the guider is in its run. */
  getState(): GuiderState {
    return {
      step: this.step,
      numInferenceSteps: this.numInferenceSteps,
      timestep: this.timestep,
      countPrepared: this.countPrepared,
      enabled: this.isEnabled,
      numConditions: this.numConditions,
    }
  }

  /**
   * The passes of the step.
   *
   * @throws GuiderArgumentError if an input has a value with the prompt, and none without it where that is needed
   */
  prepareInputs<const D extends GuiderInputs>(data: D): GuiderBatch<D>[] {
    return this.passes.map(pass =>
      prepareBatch(data, pass, input => {
        const step = this.step === undefined ? '' : ` at step ${this.step}`
        return this.refuse(`the input "${input}"`, `has no value for the prediction "${pass[0]}"${step}`)
      }),
    )
  }

  /**
   * A pass begins. Where it needs a changed model, the changes come as hooks, to be given to the model's call. The model itself stays as it
   * is, for other runs may be using it.
   *
   * @throws ModelHookError if the model has no part that a hook is for
   */
  prepareModels(denoiser: Module): readonly ModuleHook[] {
    this.countPrepared++
    const pass = this.preparedPass
    return pass === undefined ? [] : this.hooksFor(pass, denoiser)
  }

  /** A pass has ended. */
  cleanupModels(_denoiser: Module): void {}

  /**
   * Combines the predictions of the step.
   *
   * @param batches those of {@link prepareInputs}, with `noisePred`
   * @throws GuiderArgumentError
   */
  call(batches: readonly GuiderBatch[]): GuiderOutput {
    if (batches.length !== this.numConditions) {
      throw this.refuse('batches', `must be ${this.numConditions}, those of prepareInputs(), but are ${batches.length}`)
    }
    const predictions: Partial<Record<PredictionName, tf.Tensor>> = {}
    for (const { prediction, noisePred } of batches) {
      if (noisePred === undefined) throw this.refuse(`the batch of "${prediction}"`, 'has no noisePred')
      predictions[prediction] = noisePred
    }
    return this.forward(predictions)
  }

  /**
   * Whether so many passes go through the model at once. What is decided the first time holds for the whole run: memory that comes and goes must not
   * change how steps are computed, and with it their last bits.
   */
  goAtOnce(count: number, decide: () => boolean): boolean {
    const decided = this.atOnce[count] ?? decide()
    this.atOnce = { ...this.atOnce, [count]: decided }
    return decided
  }

  /** So many passes did not fit into memory: from now on they go one by one. */
  splitPasses(count: number): void {
    this.atOnce = { ...this.atOnce, [count]: false }
  }

  /** A guider of the same class and settings, with changes.
   *
   * @throws GuiderArgumentError for a setting that there is not
   * @throws ConfigError for a wrong value
   */
  new(overrides: RawConfig = {}): this {
    const unknown = Object.keys(overrides).find(key => !(toCamelCase(key) in this.config))
    if (unknown !== undefined)
      throw this.refuse(`"${unknown}"`, `is not a setting; there are ${nameList(Object.keys(this.config))}`)
    const changes = Object.fromEntries(Object.entries(overrides).map(([key, value]) => [toCamelCase(key), value]))
    const ownClass = this.constructor as GuiderClass // Every concrete class takes a config.
    return new ownClass({ ...this.config, ...changes }) as this // Of this very class.
  }

  /** Writes the settings to the `guider_config.json` of a folder. @throws UnwritableFileError */
  savePretrained(folder: string | URL, { signal }: SavePretrainedOptions = {}): Promise<void> {
    return saveConfig(join(pathOf(folder, 'folder'), GUIDER_CONFIG_NAME), this, { signal, isFloat })
  }

  /** A copy with the same settings, enabled or disabled as this one, that has seen no step. */
  forRun({ seed }: RunScope = {}): this {
    const copy = Object.create(Object.getPrototypeOf(this), Object.getOwnPropertyDescriptors(this)) as this // Of this very class.
    copy.drawing = undefined
    copy.seed = seed
    copy.step = undefined
    copy.numInferenceSteps = undefined
    copy.timestep = undefined
    copy.countPrepared = 0
    copy.atOnce = {}
    return copy
  }

  /** The settings, which a run may have changed, and where the guider is in its run. */
  saveRun(): Readonly<Record<string, unknown>> {
    const { step, numInferenceSteps, timestep, countPrepared, atOnce, isEnabled, seed } = this
    const place = { step, numInferenceSteps, timestep, countPrepared, atOnce, isEnabled, seed }
    return { className: classNameOf(this), config: { ...this.config }, place, drawing: this.drawing?.getState() }
  }

  /** A guider of the settings that were saved, at the place that it had reached. @throws NotResumableError for a guider of another class */
  restoreRun(saved: Readonly<Record<string, unknown>>): this {
    const { className, config, place, drawing } = saved as unknown as SavedGuider // What saveRun() has made.
    if (className !== classNameOf(this)) {
      throw new NotResumableError(`its guider was a ${className}; this one is a ${classNameOf(this)}.`)
    }
    const restored = this.new(config)
    // The state may come from anywhere: it sets these fields alone.
    for (const [name, value] of Object.entries(place)) if (PLACE.includes(name)) setOwn(restored, name, value)
    if (drawing !== undefined) restored.drawing = new Generator(0).setState(drawing)
    return restored
  }

  /** Disposes what the run has left on the device. The guider can be used again, from step 0 on. */
  dispose(): void {}

  /** Draws what is random in this run, from the run's seed. */
  protected get generator(): Generator {
    this.drawing ??= new Generator(this.seed)
    return this.drawing
  }

  /** What changes the model for a pass. By default nothing does. */
  protected hooksFor(_pass: PredictionName, _denoiser: Module): readonly ModuleHook[] {
    return []
  }

  /** The pass that was prepared last. */
  private get preparedPass(): PredictionName | undefined {
    return this.passes[this.countPrepared - 1]?.[0]
  }

  /** The passes that the step needs, in their order. */
  protected abstract get passes(): readonly GuiderPass[]

  /** Combines the predictions of {@link passes}, which are all there. */
  protected abstract forward(predictions: Predictions): GuiderOutput

  /** Whether the guider is enabled and the step is in its window. */
  protected get takesPart(): boolean {
    return this.isEnabled && isInWindow(spanOf(this.config), this.step, this.numInferenceSteps)
  }

  /** An error about an argument. */
  protected refuse(argument: string, problem: string): GuiderArgumentError {
    return new GuiderArgumentError(classNameOf(this), argument, problem)
  }
}
