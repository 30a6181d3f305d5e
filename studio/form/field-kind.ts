/** Which control an input gets. */
import { DEFAULTS_BY_BLOCK_KEY, LIVE_TYPE_KEY } from '../../src/json-schema/json-schema'
import type { JsonSchema } from '../server/types'

/** What an input is filled in with. */
export type FieldKind =
  | { readonly kind: 'picture' | 'text' | 'boolean' | 'json' }
  | { readonly kind: 'number'; readonly schema: JsonSchema }
  | { readonly kind: 'choice'; readonly values: readonly unknown[] }

/** The control for a schema: of several forms of a value, the simplest. */
export function fieldKind(schema: JsonSchema): FieldKind {
  const forms = schema.anyOf ?? schema.oneOf ?? [schema]
  if (forms.some(each => each[LIVE_TYPE_KEY] === 'Image')) return { kind: 'picture' }
  const choice = forms.find(each => each.enum)
  if (choice?.enum) return { kind: 'choice', values: choice.enum }
  const number = forms.find(({ type }) => type === 'integer' || type === 'number')
  if (number) return { kind: 'number', schema: number }
  if (forms.some(({ type }) => type === 'string')) return { kind: 'text' }
  if (forms.some(({ type }) => type === 'boolean')) return { kind: 'boolean' }
  return { kind: 'json' }
}

/** The default of an input as a placeholder; that of each branch where they differ. */
export function defaultText(schema: JsonSchema): string {
  const { default: value, [DEFAULTS_BY_BLOCK_KEY]: byBlock } = schema
  if (value !== undefined && value !== null) return typeof value === 'string' ? value : JSON.stringify(value)
  return byBlock ? [...new Set(Object.values(byBlock))].map(each => JSON.stringify(each)).join(' or ') : ''
}
