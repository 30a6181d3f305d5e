/** What zod says of a type as a JSON Schema, without what no JSON can stand for. */
import { z } from 'zod'
import { SHAPE_KEY, TYPE_KEY } from '../params/schema'
import { type JsonSchema, LIVE_TYPE_KEY } from './json-schema'
import { wireTypeNamed } from './wire-types'

/** Which of its two forms of a value a schema describes. */
export type Direction = 'input' | 'output'

/** Marks a part that no JSON stands for, until it is pruned. */
const UNSENDABLE = 'x-tesserae-cannot-be-sent'

/** A schema that is not finished. */
type Draft = JsonSchema & { [UNSENDABLE]?: true; [TYPE_KEY]?: unknown; [SHAPE_KEY]?: unknown }

/** Types of zod that JSON does not have. Objects that stand for them would be taken for the values themselves. */
const LIVE_TYPES: ReadonlySet<string> = new Set([
  'custom',
  'bigint',
  'date',
  'map',
  'set',
  'file',
  'function',
  'symbol',
  'undefined',
  'void',
  'nan',
  'promise',
  'transform',
])

/** Properties that can be sent, with the definitions that they refer to. */
export interface SendableProperties {
  readonly properties: Readonly<Record<string, JsonSchema>>
  readonly definitions: Readonly<Record<string, JsonSchema>> | undefined
}

/** The JSON Schemas of named zod schemas; those that no JSON can stand for are missing. */
export function sendableProperties(
  schemas: Readonly<Record<string, z.ZodType>>,
  direction: Direction,
): SendableProperties {
  const whole = z.toJSONSchema(z.object(schemas), {
    io: direction,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => describeLive(zodSchema, jsonSchema as Draft, direction),
  }) as JsonSchema
  const definitions = whole.$defs && sendableMembers(whole.$defs)
  return { properties: sendableMembers(whole.properties ?? {}), definitions }
}

/** The JSON Schema of a type in words, e.g. `Image | Image[]`; `undefined` for one that no JSON can stand for, or that is not known. */
export function schemaOfTypeName(typeName: string, direction: Direction): JsonSchema | undefined {
  const members = typeName.split(' | ').map(name => schemaOfName(name.trim(), direction))
  return prune(members.length === 1 ? (members[0] as JsonSchema) : { anyOf: members })
}

function schemaOfName(name: string, direction: Direction): Draft {
  if (name.endsWith('[]')) return { type: 'array', items: schemaOfName(name.slice(0, -2), direction) }
  if (['string', 'number', 'boolean', 'object'].includes(name)) return { type: name }
  if (name === 'int') return { type: 'integer' }
  if (/^"[^"\\]*"$/.test(name)) return { const: JSON.parse(name) as string }
  return liveSchema(name, direction) ?? { [UNSENDABLE]: true }
}

function describeLive(schema: z.core.$ZodType, json: Draft, direction: Direction): void {
  const typeName = json[TYPE_KEY]
  delete json[TYPE_KEY]
  delete json[SHAPE_KEY]
  if (!LIVE_TYPES.has(schema._zod.def.type)) return
  const known = typeof typeName === 'string' ? liveSchema(typeName, direction) : undefined
  Object.assign(json, known ?? { [UNSENDABLE]: true })
}

function liveSchema(name: string, direction: Direction): JsonSchema | undefined {
  const type = wireTypeNamed(name)
  return type && { ...type[direction], [LIVE_TYPE_KEY]: name }
}

function sendableMembers(schemas: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(schemas).flatMap(([name, schema]) => {
      const kept = prune(schema)
      return kept === undefined ? [] : [[name, kept] as const]
    }),
  )
}

/** The schema without the choices that cannot be sent; `undefined` if nothing is left. */
function prune(schema: Draft): JsonSchema | undefined {
  if (schema[UNSENDABLE] === true) return undefined
  const kept = { ...schema }
  for (const key of ['anyOf', 'oneOf'] as const) {
    const members = schema[key]?.flatMap(member => prune(member) ?? [])
    if (members === undefined) continue
    if (members.length === 0) return undefined
    if (members.length > 1 || key === 'oneOf') kept[key] = members
    else {
      delete kept[key]
      return { ...members[0], ...kept }
    }
  }
  for (const key of ['allOf', 'prefixItems'] as const) {
    const members = schema[key]?.map(member => prune(member))
    if (members === undefined) continue
    if (members.includes(undefined)) return undefined
    kept[key] = members as JsonSchema[]
  }
  for (const key of ['items', 'additionalProperties'] as const) {
    const inner = schema[key]
    if (typeof inner !== 'object') continue
    const member = prune(inner)
    if (member === undefined) return undefined
    kept[key] = member
  }
  if (schema.properties) {
    kept.properties = sendableMembers(schema.properties)
    if (schema.required?.some(name => kept.properties?.[name] === undefined)) return undefined
  }
  return kept
}
