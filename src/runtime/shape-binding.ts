/** Named tensor dimensions: within one run, or one call of a model, a name stands for one size. */
import type { z } from 'zod'
import { type ShapeMismatchDetails, ShapeMismatchError } from '../errors/shape-mismatch-error'
import { type ShapePattern, shapeOf } from '../params/schema'
import type { BlockState } from '../state/block-state'

/** The sizes that the named dimensions have taken. */
export class ShapeBinding {
  /** Of each dimension the parameters whose values have it, with its size in them. */
  private readonly sizes = new Map<string, Map<string, number>>()

  /** @param where says, for the error, what asks for the shapes */
  constructor(private readonly where: () => Pick<ShapeMismatchDetails, 'path' | 'owner'>) {}

  /**
   * Checks a value against declared dimensions and records the sizes of the named ones. Values without a shape pass: whether they are
   * tensors at all is the schema's question.
   * @throws ShapeMismatchError
   */
  check(parameter: string, pattern: ShapePattern, value: unknown): void {
    const shape = (value as { shape?: readonly number[] } | undefined)?.shape
    if (!Array.isArray(shape)) return
    const fail = (reason: string): never => {
      throw new ShapeMismatchError({ ...this.where(), parameter, expected: pattern, shape, reason })
    }
    if (shape.length !== pattern.length) fail(`it has ${shape.length} dimensions instead of ${pattern.length}`)
    pattern.forEach((dimension, axis) => {
      const size = shape[axis] as number
      if (typeof dimension === 'number') {
        if (dimension !== size) fail(`dimension ${axis} is ${size} instead of ${dimension}`)
        return
      }
      const bound = this.sizes.get(dimension) ?? new Map<string, number>()
      for (const [other, taken] of bound) {
        if (taken !== size) fail(`"${dimension}" is ${size} here and ${taken} in "${other}"`)
      }
      this.sizes.set(dimension, bound.set(parameter, size))
    })
  }

  /**
   * Forgets the sizes that a value had which is replaced, so that a block may change the size of what it reads. Dimensions that the new value is
   * declared with keep their sizes: a block that declares one name for both says that it does not change it.
   */
  release(parameter: string, declared: ShapePattern = []): void {
    for (const [dimension, bound] of this.sizes) if (!declared.includes(dimension)) bound.delete(parameter)
  }
}

/** Checks the values of those parameters that declare dimensions.
 * @throws ShapeMismatchError */
export function checkShapes(
  run: { readonly shapes: ShapeBinding },
  params: readonly { readonly name: string | null; readonly schema: z.ZodType | undefined }[],
  values: BlockState,
): void {
  for (const { name, schema } of params) {
    const pattern = schema && shapeOf(schema)
    if (pattern && name !== null) run.shapes.check(name, pattern, values[name])
  }
}
