/** A setting of a pipeline that a block reads. Counterpart: diffusers modular_pipelines/modular_pipeline_utils.py. */
import type { z } from 'zod'

/** One setting: its name, what it is when nobody sets it, and what it means. */
export class ConfigSpec {
  /** Name of the setting. */
  readonly name: string
  /** Its value if nobody sets it. */
  readonly default: unknown
  /** What the setting does. */
  readonly description: string
  /** Validates the value. */
  readonly schema: z.ZodType | undefined

  constructor(options: { name: string; default?: unknown; description?: string; schema?: z.ZodType | undefined }) {
    this.name = options.name
    this.default = options.default
    this.description = options.description ?? ''
    this.schema = options.schema
  }

  /** Whether two declarations are the same. */
  equals(other: ConfigSpec): boolean {
    return this.name === other.name && Object.is(this.default, other.default) && this.description === other.description
  }
}
