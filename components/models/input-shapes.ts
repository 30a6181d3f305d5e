/** Checks the shapes of a model's inputs before anything is computed. */
import type * as tf from '@tensorflow/tfjs'
import { ShapeMismatchError } from '../../src/errors/shape-mismatch-error'

/** The inputs of one call: a named dimension stands for one size in all of them. */
export class InputShapes {
  private readonly sizes = new Map<string, { size: number; parameter: string }>()

  constructor(private readonly model: string) {}

  /**
   * Checks a tensor against a pattern such as `['batch', 'token', 768]`. An input that is not given passes.
   *
   * @throws ShapeMismatchError
   */
  check(parameter: string, expected: readonly (string | number)[], tensor: tf.Tensor | undefined): void {
    if (tensor === undefined) return
    const { shape } = tensor
    const fail = (reason: string): never => {
      throw new ShapeMismatchError({ path: [this.model], parameter, expected, shape, reason })
    }
    if (shape.length !== expected.length) fail(`it has ${shape.length} dimensions in place of ${expected.length}`)
    for (const [axis, size] of shape.entries()) {
      const dimension = expected[axis] ?? ''
      const known = typeof dimension === 'number' ? undefined : this.sizes.get(dimension)
      if (typeof dimension === 'number') {
        if (dimension !== size) fail(`dimension ${axis} is ${size} in place of ${dimension}`)
      } else if (known === undefined) {
        this.sizes.set(dimension, { size, parameter })
      } else if (known.size !== size) {
        fail(`"${dimension}" is ${size} here and ${known.size} in "${known.parameter}"`)
      }
    }
  }
}
