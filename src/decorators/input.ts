/** `@Input`: a field that a block takes from the state. */

import type { z } from 'zod'
import { DeclarationError } from '../errors/declaration-error'
import { classNameOf } from '../format/class-name'
import { InputParam } from '../params/input-param'
import type { InputParamOptions } from '../params/param-options'
import { explainMismatch, isSchema, readSchema } from '../params/schema'
import { declare, declaringClass } from './declarations'
import type { ExampleField, OptionalField, ReadField } from './field-decorator'

/** Options of `@Input` beside a schema. */
export interface InputOptions<T = unknown> extends Omit<Partial<InputParamOptions>, 'name' | 'default' | 'schema'> {
  /** Value if none is passed. An input with a default is not required. */
  default?: T
  /** `null`: the field holds the map of all values tagged with `kwargsType` (by default the field's own name). */
  name?: null
  /** Validates the value, and gives its type and default. */
  schema?: z.ZodType<T>
}

/** What a schema accepts; of one whose type does not say, what it gives. */
type Accepted<S extends z.ZodType> = unknown extends z.input<S> ? z.output<S> : z.input<S>

/**
 * Declares an input. Without an argument, and with a schema that does not allow absence, a value is required.
 *
 * ```ts
 * class Prepare extends ModularPipelineBlocks {
 *   @Input() x!: In<number>
 *   @Input({ default: 7.5, description: 'Strength of the guidance.' }) guidanceScale!: In<number>
 *   @Input(z.int().min(1).default(50)) numInferenceSteps!: In<number>
 * }
 * ```
 * @throws DeclarationError when the class is defined: a reserved name, a default that its own schema refuses, a schema that converts values.
 */
export function Input(): ExampleField<unknown>
export function Input<S extends z.ZodType>(
  schema: S,
): undefined extends Accepted<S> ? OptionalField<z.output<S>> : ReadField<z.output<S>>
export function Input<T>(options: InputOptions<T>): ExampleField<T>
export function Input(argument: z.ZodType | InputOptions = {}): (target: object, field: string) => void {
  return (target, field) =>
    declare(target, 'inputs', field, makeInput(classNameOf(declaringClass(target)), field, argument))
}

function makeInput(className: string, field: string, argument: z.ZodType | InputOptions): InputParam {
  const options: InputOptions = isSchema(argument) ? { schema: argument } : argument
  const facts = options.schema && readSchema(options.schema)
  if (facts?.converts) {
    throw new DeclarationError(
      className,
      field,
      'a schema checks values and cannot convert them; convert in the block.',
    )
  }
  const isGroup = options.name === null
  const value = options.default ?? facts?.default
  if (options.schema && options.default !== undefined) {
    const parsed = options.schema.safeParse(options.default)
    if (!parsed.success) {
      throw new DeclarationError(className, field, `the default is refused: ${explainMismatch(parsed.error)}.`)
    }
  }
  return new InputParam({
    ...options,
    name: isGroup ? null : field,
    kwargsType: options.kwargsType ?? (isGroup ? field : undefined),
    default: value,
    required: options.required ?? !(isGroup || value !== undefined || facts?.optional === true),
    description: options.description ?? facts?.description ?? '',
    typeHint: options.typeHint ?? facts?.typeName,
  })
}
