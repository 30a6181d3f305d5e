/** Stands in for what a part of a model computes, for one call. Counterpart: hooks/hooks.py (ModelHook) */

import { nearestName } from '../../../src/errors/nearest-name'
import { classNameOf } from '../../../src/format/class-name'
import { mapTree } from '../../backends/recorder/tensor-tree'
import type { Module } from '../../nn/module'
import { type Forward, wrapForward } from '../../nn/wrap-forwards'
import * as tf from '../../tensors/tf'
import { ModelHookError } from './model-hook-error'

/** What a hook has to work with. */
export interface HookedForward {
  /** The part itself. */
  readonly module: Module
  /** What its forward was called with. */
  readonly args: readonly unknown[]
  /** Computes what the part computes without the hook. */
  readonly run: Forward
  /** The hook's {@link ModuleHook.numbers}, each `[1]`. */
  readonly numbers: readonly tf.Tensor1D[]
}

/**
 * Changes what one part of a model computes. It is given to a call of the model and ends with it, so calls that other runs make of the same
 * model at the same time never see it. It works in operations of TensorFlow.js alone, for it may be recorded as a part of a graph.
 */
export interface ModuleHook {
  /** What it does, with every setting: hooks of equal names are taken to compute the same, and share a graph. */
  readonly name: string
  /** State-dict name of the part: `mid_block.attentions.0.transformer_blocks.0`. */
  readonly module: string
  /** Numbers that may differ from call to call. */
  readonly numbers?: readonly number[]
  /** Computes in place of the part's forward. */
  forward(hooked: HookedForward): unknown
}

/** A hook, and the share of the batch that it is for: part `index` of `count` equal ones. All of it where there is no share. */
export type BatchHook = ModuleHook & { readonly share?: { readonly index: number; readonly count: number } }

/** What tells the graph of a call with these hooks from others: empty without hooks. */
export function hooksKey(hooks: readonly BatchHook[]): string {
  return hooks
    .map(({ name, module, share }) => ` ${name}@${module}${share ? `[${share.index}/${share.count}]` : ''}`)
    .join('')
}

/**
 * Does some work of a model, which must not wait for anything, with hooks in place.
 *
 * @param numbers those of each hook
 * @throws ModelHookError for a part that the model does not have
 */
export function withHooks<T>(
  model: Module,
  hooks: readonly BatchHook[],
  numbers: readonly (readonly tf.Tensor1D[])[],
  work: () => T,
): T {
  const modules = new Map(model.namedModules())
  const rows = new BatchRows(classNameOf(model))
  const ends: (() => void)[] = []
  try {
    for (const [i, hook] of hooks.entries()) {
      const module = modules.get(hook.module)
      if (module === undefined) throw noSuchModule(model, hook.module, [...modules.keys()])
      const replace = (run: Forward, args: readonly unknown[]) => {
        const result = hook.forward({ module, args, run, numbers: numbers[i] ?? [] })
        if (result !== undefined) return result
        throw new ModelHookError(classNameOf(model), hook.module, `gets nothing from the hook "${hook.name}"`)
      }
      ends.push(
        wrapForward(module, (run, args) =>
          hook.share === undefined ? replace(run, args) : rows.onShare(hook as Required<BatchHook>, replace, run, args),
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
  return new ModelHookError(classNameOf(model), name, `is no part of the model${hint}`)
}

/** Rows of a batch, from one to before another. */
interface RowRange {
  readonly begin: number
  readonly end: number
}

/** Takes batches apart, and knows which rows of the whole batch are being computed: hooked parts may lie inside of others. */
class BatchRows {
  private total = 0
  private current: RowRange | undefined

  constructor(private readonly model: string) {}

  /** Computes one share of the batch with the hook, and the other rows as they were. */
  onShare(
    { module, share: { index, count } }: Required<BatchHook>,
    replace: (run: Forward, args: readonly unknown[]) => unknown,
    run: Forward,
    args: readonly unknown[],
  ): tf.Tensor {
    const refuse = (problem: string) => new ModelHookError(this.model, module, problem)
    const batch = args.find(arg => arg instanceof tf.Tensor)?.shape[0] ?? 0
    if (this.current === undefined) this.total = batch
    const { begin, end } = this.current ?? { begin: 0, end: batch }
    if (end - begin !== batch || this.total % count !== 0) {
      throw refuse(`cannot be hooked for one of ${count} parts of a batch of ${batch}`)
    }
    const within = (row: number) => Math.min(Math.max(row, begin), end)
    const from = within((index * this.total) / count)
    const to = within(((index + 1) * this.total) / count)
    const compute = (part: RowRange, forward: (args: readonly unknown[]) => unknown): tf.Tensor[] => {
      if (part.begin === part.end) return []
      const take = ({ tensor }: { tensor: unknown }) => {
        const whole = tensor as tf.Tensor // The model is called with tensors.
        return whole.shape[0] === batch ? whole.slice([part.begin - begin], [part.end - part.begin]) : whole
      }
      const result = this.during(part, () => forward(mapTree(args, take) as readonly unknown[]))
      if (result instanceof tf.Tensor) return [result]
      throw refuse('cannot be hooked for a part of a batch, as it returns more than one tensor')
    }
    return tf.tidy(() =>
      tf.concat([
        ...compute({ begin, end: from }, given => run(...given)),
        ...compute({ begin: from, end: to }, given => replace(run, given)),
        ...compute({ begin: to, end }, given => run(...given)),
      ]),
    )
  }

  private during<T>(rows: RowRange, work: () => T): T {
    const { current } = this
    this.current = rows
    try {
      return work()
    } finally {
      this.current = current
    }
  }
}
