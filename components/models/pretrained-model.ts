/** What the models that the container supplies have in common. Counterpart: models/modeling_utils.py (ModelMixin). */
import { eagerExecutor } from '../executors/eager-executor'
import type { Executor, ModelRunOptions } from '../executors/executor'
import { Module } from '../nn/module'

/** A model that is called through an executor. What it computes is the same whichever that is. */
export abstract class PretrainedModel extends Module {
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
  protected execute<I, O>(method: string, forward: (inputs: I) => O, inputs: I, options?: ModelRunOptions): Promise<O> {
    return this.runsOn.run({ model: this, method, forward, inputs }, options)
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
