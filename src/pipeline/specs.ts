/** What a pipeline needs, by its blocks and by the index of its model. */
import { ModelIndexError } from '../errors/model-index-error'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import { explainMismatch } from '../params/schema'
import type { ModelIndex } from '../storage/model-index'

/**
 * One spec for each component: the last of a name, but one that says how to make the component wins over one that does not. What one of them does after
 * loading or without files holds for all, and it is optional if one of them works without it.
 */
export function collectSpecs(declared: readonly ComponentSpec[]): Map<string, ComponentSpec> {
  const specs = new Map<string, ComponentSpec>()
  for (const spec of declared) {
    const earlier = specs.get(spec.name)
    const chosen = earlier?.config && !spec.config ? earlier : spec
    const afterLoad = spec.afterLoad ?? earlier?.afterLoad
    const optional = spec.optional || earlier?.optional === true
    const withoutFiles = spec.withoutFiles ?? earlier?.withoutFiles
    const isWhole =
      chosen.afterLoad === afterLoad && chosen.optional === optional && chosen.withoutFiles === withoutFiles
    specs.set(spec.name, isWhole ? chosen : chosen.with({ afterLoad, optional, withoutFiles }))
  }
  return specs
}

/** The settings of a pipeline: what the model's index states, otherwise the defaults of the blocks.
 * @throws ModelIndexError for one that does not fit its schema */
export function readSettings(declared: readonly ConfigSpec[], index: ModelIndex | undefined): Record<string, unknown> {
  return Object.fromEntries(declared.map(spec => [spec.name, readSetting(spec, index)]))
}

function readSetting({ name, default: fallback, schema }: ConfigSpec, index: ModelIndex | undefined): unknown {
  const stated = index?.setting(name)
  if (index === undefined || stated === undefined) return fallback
  const value = stated.value ?? undefined
  if (schema === undefined) return value
  const parsed = schema.safeParse(value)
  if (parsed.success) return value === undefined ? parsed.data : value
  if (value === undefined) return schema.safeParse(null).success ? undefined : fallback
  throw new ModelIndexError(index.file, `the setting "${name}" is invalid: ${explainMismatch(parsed.error)}.`)
}
