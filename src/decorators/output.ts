/** `@Output`: a field that a block puts into the state. */
import type { z } from 'zod'
import { OutputParam } from '../params/output-param'
import type { OutputParamOptions } from '../params/param-options'
import { isSchema, readSchema } from '../params/schema'
import { declare } from './declarations'
import type { WrittenField } from './field-decorator'

/** Options of `@Output` beside a schema. */
export interface OutputOptions<T = unknown> extends Omit<Partial<OutputParamOptions>, 'name' | 'schema'> {
  /** Gives the type of the value. */
  schema?: z.ZodType<T>
}

/**
 * Declares an output, which the block must have written when it ends. With `@Input()` on the same field, the value changes in place.
 *
 * ```ts
 * class Draw extends ModularPipelineBlocks {
 *   @Output() images!: Out<Image[]>
 *   @Input() @Output() x!: InOut<number>
 * }
 * ```
 * The field may also allow `undefined`: an input that need not be given, and that the block then fills in.
 * @throws DeclarationError for a reserved name, when the class is defined.
 */
export function Output(): WrittenField<unknown>
export function Output<S extends z.ZodType>(schema: S): WrittenField<z.output<S> | undefined>
export function Output<T>(options: OutputOptions<T>): WrittenField<T | undefined>
export function Output(argument: z.ZodType | OutputOptions = {}): WrittenField<unknown> {
  const options: OutputOptions = isSchema(argument) ? { schema: argument } : argument
  const facts = options.schema && readSchema(options.schema)
  return (target, field) => {
    const param = new OutputParam({
      ...options,
      name: field,
      description: options.description ?? facts?.description ?? '',
      typeHint: options.typeHint ?? facts?.typeName,
    })
    declare(target, 'outputs', field, param)
  }
}
