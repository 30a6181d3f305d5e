/** Looks at what the parts of a model compute while it runs. */
import * as tf from '../tensors/tf'
import type { Module } from './module'
import { wrapForwards } from './wrap-forwards'

/**
 * Calls `tap` with the output of every submodule of a model each time it has run, in the order of execution. Names are those of
 * the state dict (`down_blocks.0.resnets.0`); the elements of a module that returns several tensors are `name.0`, `name.1.0`, ….
 * The tensors are disposed as the model continues: read them at once, or clone and keep them.
 *
 * @returns a function that ends it
 */
export function tapOutputs(model: Module, tap: (name: string, output: tf.Tensor) => void): () => void {
  return wrapForwards(model, (name, run) => {
    const output = run()
    for (const [path, tensor] of tensorsOf(name, output)) tap(path, tensor)
    return output
  })
}

function* tensorsOf(name: string, output: unknown): Generator<readonly [string, tf.Tensor]> {
  if (output instanceof tf.Tensor) yield [name, output]
  else if (Array.isArray(output)) for (const [i, element] of output.entries()) yield* tensorsOf(`${name}.${i}`, element)
}
