/** From what was sent to the inputs of a call. */
import { kindOf } from '../errors/text'
import { type JsonSchema, LIVE_TYPE_KEY } from '../json-schema/json-schema'
import { type WireLimits, wireTypeNamed } from '../json-schema/wire-types'
import { InvalidWireValueError } from './invalid-wire-value-error'

/** Texts that stand for values of a class become these, e.g. pictures; everything else stays as it is. */
interface Reading {
  readonly limits: WireLimits
  readonly path: readonly (string | number)[]
  /** Values of classes that were read so far. */
  readonly count: { values: number }
}

const MOST_VALUES = 100

/**
 * Makes the inputs of a call of what was sent: texts that stand for pictures become pictures. What was sent must fit the schema.
 *
 * @param schema of the inputs, from `blocks.jsonSchema()`
 * @param sent the object that was sent
 * @throws InvalidWireValueError for a value that cannot be read, with its place
 */
export async function inputsFromWire(
  schema: JsonSchema,
  sent: Readonly<Record<string, unknown>>,
  limits: WireLimits = {},
): Promise<Record<string, unknown>> {
  return (await readValue(schema, sent, { limits, path: [], count: { values: 0 } })) as Record<string, unknown>
}

async function readValue(schema: JsonSchema, sent: unknown, reading: Reading): Promise<unknown> {
  const live = schema[LIVE_TYPE_KEY]
  if (live !== undefined) return readLive(live, sent, reading)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) {
    const choice = choices.find(each => isOfType(each, sent))
    if (choice === undefined)
      throw new InvalidWireValueError(reading.path, `${kindOf(sent)} matches none of the types that the schema allows.`)
    return readValue(choice, sent, reading)
  }
  const inside = (key: string | number) => ({ ...reading, path: [...reading.path, key] })
  if (Array.isArray(sent)) {
    const members: unknown[] = []
    for (const [i, member] of sent.entries()) {
      const inner = schema.prefixItems?.[i] ?? schema.items
      members.push(typeof inner === 'object' ? await readValue(inner, member, inside(i)) : member)
    }
    return members
  }
  if (typeof sent !== 'object' || sent === null) return sent
  const entries: [string, unknown][] = []
  for (const [key, member] of Object.entries(sent)) {
    const { properties = {}, additionalProperties } = schema
    const inner = Object.hasOwn(properties, key) ? properties[key] : additionalProperties
    entries.push([key, typeof inner === 'object' ? await readValue(inner, member, inside(key)) : member])
  }
  return Object.fromEntries(entries)
}

async function readLive(name: string, sent: unknown, { limits, path, count }: Reading): Promise<unknown> {
  const type = wireTypeNamed(name)
  if (type === undefined) throw new InvalidWireValueError(path, `values of the type ${name} cannot be read here.`)
  const { maxValues = MOST_VALUES } = limits
  if (++count.values > maxValues)
    throw new InvalidWireValueError(path, `at most ${maxValues} images and other typed values may be sent.`)
  try {
    return await type.read(sent, limits)
  } catch (cause) {
    throw new InvalidWireValueError(path, (cause as Error).message, cause)
  }
}

/** Whether a value is of the kind that a choice is for. Bounds do not matter: what was sent fits one of them. */
function isOfType({ type, items, const: only, enum: values }: JsonSchema, sent: unknown): boolean {
  if (only !== undefined) return sent === only
  if (values) return values.includes(sent)
  if (type === 'array') {
    return Array.isArray(sent) && (typeof items !== 'object' || sent.every(member => fitsItem(items, member)))
  }
  if (type === 'integer' || type === 'number') return typeof sent === 'number'
  if (type === 'object') return typeof sent === 'object' && sent !== null && !Array.isArray(sent)
  if (type === 'null') return sent === null
  return type === undefined || typeof sent === type
}

function fitsItem(items: JsonSchema, member: unknown): boolean {
  const choices = items.anyOf ?? items.oneOf ?? [items]
  return choices.some(choice => isOfType(choice, member))
}
