/** JSON Schemas of what pipelines take and give: dialect 2020-12, which OpenAPI 3.1 uses as well. */

/** The dialect of all schemas made here. */
export const JSON_SCHEMA_DIALECT = 'https://json-schema.org/draft/2020-12/schema'

/** Key of a schema whose values stand for live ones: the class of these, e.g. `Image`. */
export const LIVE_TYPE_KEY = 'x-tesserae-type'

/** Key of an object's schema: names that were left out because no JSON stands for their values, each with its type in words. */
export const UNSENDABLE_KEY = 'x-tesserae-unsendable'

/** Key of an input whose default depends on the branch that runs: the default of each block, by its name. */
export const DEFAULTS_BY_BLOCK_KEY = 'x-tesserae-defaults-by-block'

/** A JSON Schema, as far as one is made here. It may have other keywords too: bounds of texts and lists, and the metadata of a block's own schemas. */
export interface JsonSchema {
  $schema?: string
  $defs?: Record<string, JsonSchema>
  $ref?: string
  title?: string
  description?: string
  type?: string
  format?: string
  contentMediaType?: string
  contentEncoding?: string
  default?: unknown
  const?: unknown
  enum?: readonly unknown[]
  minimum?: number
  maximum?: number
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  items?: boolean | JsonSchema
  prefixItems?: JsonSchema[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  [LIVE_TYPE_KEY]?: string
  [UNSENDABLE_KEY]?: Record<string, string>
  [DEFAULTS_BY_BLOCK_KEY]?: Record<string, unknown>
}
