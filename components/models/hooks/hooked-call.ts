/** Puts hooks into a call of a model. */
import { nearestName } from '../../../src/errors/nearest-name'
import { classNameOf } from '../../../src/format/class-name'
import type { GraphDType } from '../../backends/recorder/graph'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { ModelCall } from '../../executors/model-call'
import type { Module } from '../../nn/module'
import { type Forward, wrapForward } from '../../nn/wrap-forwards'
import * as tf from '../../tensors/tf'
import { BatchRows } from './batch-rows'
import { ModelHookError } from './model-hook-error'
import type { BatchHook, HookedForward } from './module-hook'

/** What a hooked call is called with: what hooks change from call to call is beside the model's own inputs. */
export interface HookedInputs<I> {
  readonly inputs: I
  readonly hooks: {
    /** The numbers of all hooks: as a tensor, for a number would be part of the graph, and each value another one. */
    readonly numbers: tf.Tensor1D | TensorPlaceholder | undefined
    /** Each tensor once, however many hooks use it. */
    readonly tensors: readonly (tf.Tensor | TensorPlaceholder)[]
  }
}

/** A call with hooks in place. Dispose it once it is computed. */
export interface HookedCall<I, O> extends ModelCall<HookedInputs<I>, O> {
  /** Disposes what the call has beside the tensors of its callers. */
  dispose(): void
}

/** Returns a call that computes the same with hooks in place. */
export function hookedCall<I, O>(call: ModelCall<I, O>, hooks: readonly BatchHook[]): HookedCall<I, O> {
  const numbers = hooks.flatMap(hook => hook.numbers ?? [])
  const packed = numbers.length === 0 ? undefined : tf.tensor1d(numbers)
  return {
    ...putHooks(call, hooks, packed, tensorsOf(hooks)),
    dispose: () => void packed?.dispose(),
  }
}

/** Returns the same call for preparing an executor: placeholders stand for what hooks are given. */
export function hookedForm<I, O>(call: ModelCall<I, O>, hooks: readonly BatchHook[]): ModelCall<HookedInputs<I>, O> {
  const count = hooks.flatMap(hook => hook.numbers ?? []).length
  const tensors = tensorsOf(hooks).map(({ shape, dtype }) => new TensorPlaceholder(shape, dtype as GraphDType))
  return putHooks(call, hooks, count === 0 ? undefined : new TensorPlaceholder([count]), tensors)
}

function putHooks<I, O>(
  { model, method, forward, inputs, hookWeights = [], quantization }: ModelCall<I, O>,
  hooks: readonly BatchHook[],
  numbers: HookedInputs<I>['hooks']['numbers'],
  tensors: HookedInputs<I>['hooks']['tensors'],
): ModelCall<HookedInputs<I>, O> {
  const places = tensorsOf(hooks)
  return {
    model,
    method: method + hooksKey(hooks),
    hookWeights: [...hookWeights, ...weightsOf(hooks)],
    quantization,
    inputs: { inputs, hooks: { numbers, tensors } },
    forward: given => {
      // A call that is computed has tensors, or symbols of them.
      const numbers = given.hooks.numbers as tf.Tensor1D | undefined
      const tensors = given.hooks.tensors as readonly tf.Tensor[]
      const all = numbers === undefined ? [] : Array.from({ length: numbers.size }, (_, i) => numbers.slice(i, 1))
      const rest = [...all]
      const materials = hooks.map(hook => ({
        numbers: rest.splice(0, hook.numbers?.length ?? 0),
        tensors: Object.fromEntries(
          Object.entries(hook.tensors ?? {}).map(([name, own]) => [name, tensors[places.indexOf(own)] as tf.Tensor]),
        ),
      }))
      try {
        return withHooks(model, hooks, materials, () => forward(given.inputs))
      } finally {
        tf.dispose(all)
      }
    },
  }
}

/** The tensors of all hooks, each once. */
function tensorsOf(hooks: readonly BatchHook[]): (tf.Tensor | TensorPlaceholder)[] {
  return [...new Set(hooks.flatMap(({ tensors = {} }) => Object.values(tensors)))]
}

/** The layers of all hooks, each once. */
function weightsOf(hooks: readonly BatchHook[]): Module[] {
  return [...new Set(hooks.flatMap(({ weights }) => weights ?? []))]
}

/** Tells weights of hooks apart. */
const weightNumbers = new WeakMap<Module, number>()
let countOfWeights = 0

/** Returns a number that no other weights of the process have. */
export function hookWeightsNumber(weights: Module): number {
  const number = weightNumbers.get(weights) ?? countOfWeights++
  weightNumbers.set(weights, number)
  return number
}

/** What tells the graph of a call with these hooks from others: empty without hooks. */
export function hooksKey(hooks: readonly BatchHook[]): string {
  const places = tensorsOf(hooks)
  return hooks
    .map(({ name, module, share, numbers = [], tensors = {}, weights }) => {
      const given = [
        ...(numbers.length > 0 ? [`numbers:${numbers.length}`] : []),
        ...Object.entries(tensors).map(([key, tensor]) => `${key}:${places.indexOf(tensor)}`),
        ...(weights ? [`weights:${hookWeightsNumber(weights)}`] : []),
      ]
      return ` ${name}@${module}${share ? `[${share.index}/${share.count}]` : ''}${given.length > 0 ? `(${given})` : ''}`
    })
    .join('')
}

/** What one hook is given in a call. */
type Materials = Pick<HookedForward, 'numbers' | 'tensors'>

/**
 * Does some work of a model, which must not wait for anything, with hooks in place.
 *
 * @param materials what each hook is given
 * @throws ModelHookError for a part that the model does not have
 */
function withHooks<T>(model: Module, hooks: readonly BatchHook[], materials: readonly Materials[], work: () => T): T {
  const modules = new Map(model.namedModules())
  const rows = new BatchRows(classNameOf(model))
  const ends: (() => void)[] = []
  try {
    for (const [i, hook] of hooks.entries()) {
      const module = modules.get(hook.module)
      if (module === undefined) throw noSuchModule(model, hook.module, [...modules.keys()])
      const { numbers, tensors } = materials[i] as Materials // One for each hook.
      const { share } = hook
      const replace = (run: Forward, args: readonly unknown[]) => {
        const own = Object.entries(tensors).map(([name, tensor]) => [name, rows.rowsOf(tensor, share)])
        const result = hook.forward({ module, args, run, numbers, tensors: Object.fromEntries(own) })
        if (result !== undefined) return result
        throw new ModelHookError(classNameOf(model), hook.module, `gets nothing from the hook "${hook.name}"`)
      }
      ends.push(
        wrapForward(module, (run, args) =>
          share === undefined ? replace(run, args) : rows.onShare({ module: hook.module, share }, replace, run, args),
        ),
      )
    }
    return work()
  } finally {
    for (const end of ends.reverse()) end()
  }
}

function noSuchModule(model: Module, name: string, names: readonly string[]): ModelHookError {
  const nearest = nearestName(name, names)
  const hint = nearest === undefined ? '' : `; there is ${nearest}`
  return new ModelHookError(classNameOf(model), name, `is not a part of the model${hint}`)
}
