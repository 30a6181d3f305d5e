/** `@Config`: a setting of the pipeline that a block reads. */
import type { z } from 'zod'
import { ConfigSpec } from '../params/config-spec'
import { isSchema, readSchema } from '../params/schema'
import { declare } from './declarations'
import type { ExampleField, ReadField } from './field-decorator'

/** Options of `@Config` beside a schema. */
export interface ConfigOptions<T = unknown> {
  /** The setting where the pipeline does not state it. */
  default?: T
  /** What the setting does. */
  description?: string
}

/** Declares a setting of the pipeline, by a schema or by plain options: `@Config({ default: true }) forceZeros!: boolean`. */
export function Config<S extends z.ZodType>(schema: S): ReadField<z.output<S>>
export function Config<T>(options?: ConfigOptions<T>): ExampleField<T>
export function Config(argument: z.ZodType | ConfigOptions = {}): (target: object, field: string) => void {
  return (target, field) => {
    const spec = isSchema(argument)
      ? new ConfigSpec({ name: field, ...readSchema(argument), schema: argument })
      : new ConfigSpec({ name: field, ...argument })
    declare(target, 'configs', field, spec)
  }
}
