/** Settings of a component as a JSON Schema. */
import { z } from 'zod'
import type { JsonSchema } from '../../src/json-schema/json-schema'

/** The JSON Schema of settings, with their types, ranges, choices and defaults. Settings that are functions are missing. */
export function settingsSchema(schema: z.ZodType): JsonSchema {
  const { shape = {} } = schema as { shape?: Readonly<Record<string, z.ZodType>> }
  const shown = Object.fromEntries(Object.entries(shape).filter(([, setting]) => !isFunction(setting)))
  return z.toJSONSchema(z.object(shown), { io: 'input', unrepresentable: 'any' }) as JsonSchema
}

function isFunction(setting: z.ZodType): boolean {
  return setting instanceof z.ZodDefault && typeof setting.def.defaultValue === 'function'
}
