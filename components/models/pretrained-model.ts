/** What the models that the container supplies have in common. Counterpart: models/modeling_utils.py (ModelMixin). */
import type { ComponentDType } from '../../src/params/component-class'
import { eagerExecutor } from '../executors/eager-executor'
import type { Executor, ModelRunOptions } from '../executors/executor'
import { Module } from '../nn/module'
import * as tf from '../tensors/tf'
import { type BatchHook, hooksKey, withHooks } from './hooks/module-hook'

/** Options of one call of a model. */
export interface ModelCallOptions extends ModelRunOptions {
  /** Change what parts of the model compute in this call. */
  hooks?: readonly BatchHook[] | undefined
}

/** A model that is called through an executor. What it computes is the same whichever that is. */
export abstract class PretrainedModel extends Module {
  /** Weights stay as their files hold them, and whatever they are, models compute in these. */
  static readonly dtypes: readonly ComponentDType[] = ['float32']

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

  override dispose(): void {
    this.runsOn.release(this)
    super.dispose()
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
