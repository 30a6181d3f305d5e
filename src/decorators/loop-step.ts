/** `@LoopStep`: on a field, a block of a loop; on a method, what each iteration calls. */

import type { BlockSource } from '../composition/block-source'
import { DeclarationError } from '../errors/declaration-error'
import { classNameOf } from '../format/class-name'
import { declare, declareLoopStep } from './declarations'

/** Options of `@LoopStep` on a method. */
export interface LoopStepOptions {
  /** Iteration variables that the method needs; if the loop omits one, the error names it. */
  variables?: readonly string[]
}

/** A decorator for public fields that hold a block, and for methods that take the iteration variables. */
export interface LoopStepDecorator {
  <K extends string, C extends Partial<Record<K, BlockSource>>>(target: C, field: K): void
  <M extends (variables: never) => unknown>(
    target: object,
    method: string,
    descriptor: TypedPropertyDescriptor<M>,
  ): void
}

/**
 * Declares a part of a loop. On a field of a LoopSequentialPipelineBlocks, it is a block that each iteration runs, in the order of declaration. On a method
 * of a leaf block, it is the body that a loop runs; it receives the iteration variables as one object.
 *
 * ```ts
 * class Add extends ModularPipelineBlocks {
 *   @Input() @Output() x!: InOut<number>
 *
 *   @LoopStep()
 *   step({ i }: { i: number }) {
 *     this.x += i
 *   }
 * }
 *
 * class Repeat extends LoopSequentialPipelineBlocks {
 *   @LoopStep() add = slot(Add)
 * }
 * ```
 * @throws DeclarationError when the class is defined: a second loop step, a reserved name, a getter.
 */
export function LoopStep(options: LoopStepOptions = {}): LoopStepDecorator {
  return (target: object, key: string, descriptor?: PropertyDescriptor): void => {
    if (descriptor === undefined) {
      declare(target, 'steps', key, {})
    } else if (typeof descriptor.value === 'function') {
      declareLoopStep(target, { method: key, variables: options.variables ?? [] })
    } else {
      throw new DeclarationError(
        classNameOf(target),
        key,
        '@LoopStep() belongs on a field that holds a block, or on a method.',
      )
    }
  }
}
