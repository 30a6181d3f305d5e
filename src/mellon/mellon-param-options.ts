/** What a field or socket of a node in Mellon is made of. */

/** The fields of a `MellonParam`. Names are those of files, in snake_case. */
export interface MellonParamOptions {
  name: string
  label: string
  /** Decides which sockets connect: `image`, `latents`, `string`, `float`, `int`, `boolean`, … */
  type: string
  /** `input` and `output` are sockets; `textarea`, `slider`, `random` and others are fields. */
  display?: string
  default?: unknown
  min?: number
  max?: number
  step?: number
  options?: unknown
  value?: unknown
  fieldOptions?: Readonly<Record<string, unknown>>
  onChange?: unknown
  onSignal?: unknown
  /** Names that a block must have for the parameter to be shown; for templates. */
  requiredBlockParams?: readonly string[]
}
