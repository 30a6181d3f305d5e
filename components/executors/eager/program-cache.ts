/** The recorded calls of models. */
import { RecordedValueError, UnsupportedKernelError } from '../../backends/recorder/recording-errors'
import { flattenTree } from '../../backends/recorder/tensor-tree'
import type { Module } from '../../nn/module'
import { isWrapped } from '../../nn/wrap-forwards'
import * as tf from '../../tensors/tf'
import type { ModelCall } from '../model-call'
import { KernelProgram } from './kernel-program'

/** How many forms of calls are kept for each model. */
const MOST_FORMS = 16

/** A call of fewer weights and numbers is over sooner than it is recorded. */
const WORTH_RECORDING = 2 ** 16

/** Backends that only queue kernels: their calls return before anything is computed. */
const ASYNCHRONOUS_BACKENDS = ['webgpu', 'webgl']

/** A call, and the program that computes it. */
export interface PreparedCall {
  readonly program: KernelProgram
  readonly tensors: readonly tf.Tensor[]
}

/** Programs by model and form; `undefined` for calls that cannot be recorded. */
export class ProgramCache {
  private readonly programs = new WeakMap<Module, Map<string, KernelProgram | undefined>>()

  /** The program of a call; `undefined` for a call that is best computed at once. */
  prepare(call: ModelCall<never, unknown>): PreparedCall | undefined {
    if (ASYNCHRONOUS_BACKENDS.includes(tf.getBackend()) || isWrapped(call.model)) return undefined
    const { leaves, signature } = flattenTree(call.inputs)
    const tensors = leaves.map(({ tensor }) => tensor as tf.Tensor) // Calls have no placeholders.
    if (tensors.some(({ isDisposed }) => isDisposed) || sizeOf(call.model, tensors) < WORTH_RECORDING) return undefined
    const program = this.programFor(call, `${call.method} ${signature}`)
    return program && { program, tensors }
  }

  /** Forgets the programs of a model. */
  release(model: Module): void {
    this.programs.delete(model)
  }

  private programFor(call: ModelCall<never, unknown>, form: string): KernelProgram | undefined {
    const programs = this.programs.get(call.model) ?? new Map<string, KernelProgram | undefined>()
    this.programs.set(call.model, programs)
    const isKnown = programs.has(form)
    let program = programs.get(form)
    if (!isKnown || program?.isCurrent === false) {
      try {
        program = KernelProgram.record(call)
      } catch (error) {
        program = undefined
        // The call itself reports any other fault.
        if (!(error instanceof UnsupportedKernelError || error instanceof RecordedValueError)) return undefined
      }
    }
    // Those used last are at the end.
    programs.delete(form)
    programs.set(form, program)
    const [oldest] = programs.keys()
    if (programs.size > MOST_FORMS && oldest !== undefined) programs.delete(oldest)
    return program
  }
}

function sizeOf(model: Module, tensors: readonly tf.Tensor[]): number {
  const weights = model.parameters().reduce((sum, { size }) => sum + size, 0)
  return tensors.reduce((sum, { size }) => sum + size, weights)
}
