/** Checks the shapes of a model's inputs before anything is computed. */
import { ShapeBinding } from '../../src/runtime/shape-binding'

/** The inputs of one call of a model: a named dimension stands for one size in all of them. Inputs that are not given pass. */
export class InputShapes extends ShapeBinding {
  constructor(model: string) {
    super(() => ({ owner: model }))
  }
}
