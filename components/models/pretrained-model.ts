/** What the models that the container supplies have in common. Counterpart: models/modeling_utils.py (ModelMixin). */
import type { ComponentDType, SavableComponent, SavePretrainedOptions } from '../../src/params/component-class'
import { isWeightFile } from '../checkpoints/write-checkpoint'
import type { RawConfig } from '../configs/parse-config'
import { eagerExecutor } from '../executors/eager-executor'
import type { Executor, ModelRunOptions } from '../executors/executor'
import { Module } from '../nn/module'
import * as tf from '../tensors/tf'
import { type BatchHook, hooksKey, withHooks } from './hooks/module-hook'
import { type ModelLayout, relocateWeights, saveModel } from './save-pretrained'

/** Options of one call of a model. */
export interface ModelCallOptions extends ModelRunOptions {
  /** Change what parts of the model compute in this call. */
  hooks?: readonly BatchHook[] | undefined
}

/** A model that is called through an executor. What it computes is the same whichever that is. */
export abstract class PretrainedModel extends Module implements SavableComponent {
  /** Weights stay as their files hold them, and whatever they are, models compute in these. */
  static readonly dtypes: readonly ComponentDType[] = ['float32']
  /** The settings, complete and frozen; none in a model that is made without. */
  readonly config: RawConfig = {}
  private runsOn: Executor = eagerExecutor

  /** What computes the model's calls. A new model computes eagerly. */
  get executor(): Executor {
    return this.runsOn
  }

  /** Lets another executor compute the calls from now on; what the former one held for this model is given back. */
  useExecutor(executor: Executor): this {
    if (executor !== this.runsOn) this.runsOn.release(this)
    this.runsOn = executor
    return this
  }

  /**
   * Writes the model into a folder, as a whole or not at all: `config.json` and the weights, which keep the type and the bytes of the files that they
   * were loaded from. Saving over the folder that the model was loaded from is allowed; other models that leave their weights in its files must be
   * loaded again.
   *
   * @throws WeightsNotLoadedError, InvalidShardSizeError, UnsafeSerializationError, UnwritableFileError; SafetensorsError where the weights lie in a
   * file that was written to since; the reason of `options.signal`
   */
  savePretrained(folder: string, options?: SavePretrainedOptions): Promise<void> {
    return saveModel(this, this.layout, folder, options)
  }

  get savesVariants(): boolean {
    return true
  }

  replacesFile(file: string, { variant }: SavePretrainedOptions): boolean {
    return isWeightFile(file, { weightsName: this.layout.weightsName, variant })
  }

  savedTo(folder: string, options: SavePretrainedOptions): Promise<void> {
    return relocateWeights(this, this.layout, folder, options)
  }

  override dispose(): void {
    this.runsOn.release(this)
    super.dispose()
  }

  /** How the class lies on disk; by default as diffusers' models do. */
  protected get layout(): ModelLayout {
    return { weightsName: 'diffusion_pytorch_model' }
  }

  /** Computes a function of this model on the executor. */
  protected async execute<I, O>(
    method: string,
    forward: (inputs: I) => O,
    inputs: I,
    { hooks = [], ...options }: ModelCallOptions = {},
  ): Promise<O> {
    if (hooks.length === 0) return this.runsOn.run({ model: this, method, forward, inputs }, options)
    // As tensors: a number would be part of the graph, and each value another one.
    const hookNumbers = hooks.map(({ numbers = [] }) => numbers.map(number => tf.tensor1d([number])))
    const hooked = {
      model: this,
      method: method + hooksKey(hooks),
      forward: (given: { inputs: I; hookNumbers: typeof hookNumbers }) =>
        withHooks(this, hooks, given.hookNumbers, () => forward(given.inputs)),
      inputs: { inputs, hookNumbers },
    }
    try {
      return await this.runsOn.run(hooked, options)
    } finally {
      tf.dispose(hookNumbers)
    }
  }

  /** Lets the executor get ready for calls of this form, for which placeholders may stand in place of tensors. */
  protected makeReady<I>(method: string, forward: (inputs: I) => unknown, inputs: I): void {
    this.runsOn.prepare({
      model: this,
      method,
      forward: forward as (inputs: never) => unknown,
      inputs: inputs as never,
    })
  }
}
