/** Checks the inputs of a model before anything is computed. */
import { kindOf } from '../../src/errors/text'
import type { ShapePattern } from '../../src/params/schema'
import { ShapeBinding } from '../../src/runtime/shape-binding'
import * as tf from '../tensors/tf'
import { ModelInputError } from './model-input-error'

/** The inputs of one call of a model: a named dimension stands for one size in all of them. */
export class InputShapes extends ShapeBinding {
  constructor(private readonly model: string) {
    super(() => ({ owner: model }))
  }

  /**
   * Checks an input that may be left out.
   *
   * @throws ModelInputError for what is not a tensor; ShapeMismatchError
   */
  override check(parameter: string, pattern: ShapePattern, value: unknown): void {
    if (value !== undefined && !(value instanceof tf.Tensor)) {
      throw new ModelInputError(this.model, parameter, `must be a tensor, but is ${kindOf(value)}`)
    }
    super.check(parameter, pattern, value)
  }

  /**
   * Checks an input that every call needs.
   *
   * @throws ModelInputError for one that is missing, or no tensor; ShapeMismatchError
   */
  checkGiven(parameter: string, pattern: ShapePattern, value: unknown): void {
    if (value === undefined) throw new ModelInputError(this.model, parameter, 'is missing: every call needs it')
    this.check(parameter, pattern, value)
  }
}
