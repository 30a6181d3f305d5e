/** What a block gives. Counterpart: diffusers modular_pipelines/modular_pipeline_utils.py. */
import type { z } from 'zod'
import type { Complete, OutputParamOptions } from './param-options'
import { outputTemplate } from './templates'

/** One output of a block. */
export class OutputParam implements Complete<OutputParamOptions> {
  readonly name: string
  readonly typeHint: string | undefined
  /** What the output means. */
  readonly description: string
  readonly kwargsType: string | undefined
  readonly metadata: Readonly<Record<string, unknown>> | undefined
  readonly schema: z.ZodType | undefined

  constructor(options: OutputParamOptions) {
    this.name = options.name
    this.typeHint = options.typeHint
    this.description = options.description ?? ''
    this.kwargsType = options.kwargsType
    this.metadata = options.metadata
    this.schema = options.schema
  }

  /** An output of the field's standard ones, e.g. `OutputParam.template('images')`.
   * @throws DeclarationError for a key that is not a template. */
  static template(key: string, options: Partial<OutputParamOptions> & { note?: string } = {}): OutputParam {
    return new OutputParam(outputTemplate(key, options))
  }

  toString(): string {
    return `<${this.name}: ${this.typeHint ?? 'any'}>`
  }
}
