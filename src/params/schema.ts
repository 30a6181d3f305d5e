/** What a zod schema says about a parameter: its type's name, default, description, whether it may be absent, tensor dimensions. */
import { z } from 'zod'
import { printableName } from '../errors/printable'

/** Facts read off a schema once, when a parameter is declared. */
export interface SchemaFacts {
  /** The type in words: `string`, `number`, `Tensor[batch, 8, 8, 4]`, `"image" | "latent"`. */
  typeName: string
  default: unknown
  description: string
  /** Whether absence is fine: the schema is optional, nullable or has a default. */
  optional: boolean
  /** Whether the schema turns a value into another one, beside checking it. */
  converts: boolean
}

/** Key under which a schema's metadata holds tensor dimensions: names and fixed sizes. */
export const SHAPE_KEY = 'tesserae:shape'
/** Key under which a schema's metadata holds the type's name, for custom schemas. */
export const TYPE_KEY = 'tesserae:type'

/** Whether a decorator's argument is a schema. */
export function isSchema(value: unknown): value is z.ZodType {
  return value instanceof z.ZodType
}

function meta(schema: z.ZodType, key: string): unknown {
  return (schema.meta() as Record<string, unknown> | undefined)?.[key]
}

/** The schema inside wrappers such as `.optional()`, `.nullable()` and `.default()`. */
function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNonOptional ||
    inner instanceof z.ZodCatch ||
    inner instanceof z.ZodReadonly
  ) {
    inner = inner.unwrap() as z.ZodType
  }
  return inner
}

/** Declared tensor dimensions: names and fixed sizes. */
export type ShapePattern = readonly (string | number)[]

// Asked for at every call of a block.
const shapes = new WeakMap<z.ZodType, { pattern: ShapePattern | undefined }>()

/** The dimensions that a tensor schema declares, or `undefined` for other schemas. */
export function shapeOf(schema: z.ZodType): ShapePattern | undefined {
  let entry = shapes.get(schema)
  if (entry === undefined) {
    entry = { pattern: meta(unwrap(schema), SHAPE_KEY) as ShapePattern | undefined }
    shapes.set(schema, entry)
  }
  return entry.pattern
}

/** The type of a schema in words. */
export function typeNameOf(schema: z.ZodType): string {
  const inner = unwrap(schema)
  const stated = meta(inner, TYPE_KEY)
  if (typeof stated === 'string') return stated
  if (inner instanceof z.ZodArray) {
    const element = typeNameOf(inner.element as z.ZodType)
    return element.includes(' | ') ? `(${element})[]` : `${element}[]`
  }
  if (inner instanceof z.ZodUnion) return inner.options.map(option => typeNameOf(option as z.ZodType)).join(' | ')
  if (inner instanceof z.ZodEnum) return inner.options.map(option => JSON.stringify(option)).join(' | ')
  if (inner instanceof z.ZodLiteral) return [...inner.values].map(value => JSON.stringify(value)).join(' | ')
  if (inner instanceof z.ZodPipe) return typeNameOf(inner.out as z.ZodType)
  return inner.type === 'custom' ? 'unknown' : inner.type
}

/** Whether a schema is one of whole numbers or of any; `undefined` for one that is not of numbers. */
export function numberKind(schema: z.ZodType): 'int' | 'float' | undefined {
  const inner = unwrap(schema)
  if (!(inner instanceof z.ZodNumber)) return undefined
  return inner.isInt ? 'int' : 'float'
}

/** Whether a value means "absent": `undefined` and `null` are the same here, as both are Python's None. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** Reads what a schema says. */
export function readSchema(schema: z.ZodType): SchemaFacts {
  const absent = schema.safeParse(undefined)
  return {
    typeName: typeNameOf(schema),
    default: absent.success ? absent.data : undefined,
    description: schema.description ?? unwrap(schema).description ?? '',
    optional: absent.success || schema.safeParse(null).success,
    converts: converts(unwrap(schema)),
  }
}

function converts(schema: z.ZodType): boolean {
  return (
    schema instanceof z.ZodPipe ||
    schema instanceof z.ZodTransform ||
    (schema.def as { coerce?: boolean }).coerce === true
  )
}

/** Mismatches that a message names, and characters that each of them has. */
const MOST_MISMATCHES = 5
const LONGEST_MISMATCH = 1000

/** One line on why a value does not fit: `expected string, received number` with the place inside the value. */
export function explainMismatch(error: z.ZodError): string {
  const { issues } = error
  const named = issues.slice(0, MOST_MISMATCHES).map(({ message, path }) => {
    const text = printableName(message, LONGEST_MISMATCH)
    return path.length > 0 ? `${text} at ${printableName(path.join('.'))}` : text
  })
  const others = issues.length - named.length
  return [...named, ...(others > 0 ? [`and ${others} more`] : [])].join('; ')
}
