/** What a block takes. Counterpart: diffusers modular_pipelines/modular_pipeline_utils.py. */
import type { z } from 'zod'
import { formatValue } from '../state/format-value'
import type { Complete, InputParamOptions } from './param-options'
import { inputTemplate } from './templates'

/** One input of a block. Never changed after it is made: aggregation makes copies with {@link with}. */
export class InputParam implements Complete<InputParamOptions> {
  readonly name: string | null
  readonly typeHint: string | undefined
  readonly default: unknown
  readonly required: boolean
  /** What the input means. */
  readonly description: string
  readonly kwargsType: string | undefined
  readonly metadata: Readonly<Record<string, unknown>> | undefined
  readonly defaultsByBlock: Readonly<Record<string, unknown>> | undefined
  readonly schema: z.ZodType | undefined

  constructor(options: InputParamOptions) {
    this.name = options.name
    this.typeHint = options.typeHint
    this.default = options.default ?? undefined
    this.required = options.required ?? false
    this.description = options.description ?? ''
    this.kwargsType = options.kwargsType
    this.metadata = options.metadata
    this.defaultsByBlock = options.defaultsByBlock
    this.schema = options.schema
  }

  /** An input of the field's standard ones, e.g. `InputParam.template('prompt')`. Overrides win over the template.
   * @throws DeclarationError for a key that is not a template. */
  static template(key: string, options: Partial<InputParamOptions> & { note?: string } = {}): InputParam {
    return new InputParam(inputTemplate(key, options))
  }

  /** A copy with some fields changed. */
  with(changes: Partial<InputParamOptions>): InputParam {
    return new InputParam({ ...this, ...changes })
  }

  /** Whether two declarations say the same to a run: types and descriptions are for readers, and the wiring checks them apart. */
  equals(other: InputParam): boolean {
    return (
      this.name === other.name &&
      Object.is(this.default, other.default) &&
      this.required === other.required &&
      this.kwargsType === other.kwargsType &&
      this.defaultsByBlock === other.defaultsByBlock
    )
  }

  toString(): string {
    const name = this.name ?? `**${this.kwargsType}`
    const tail = this.default === undefined ? '' : `, default=${formatValue(this.default)}`
    return `<${name}: ${this.required ? 'required' : 'optional'}${tail}>`
  }
}
