/** Checks a component's config and gives it its defaults. */
import type { z } from 'zod'
import { printableName } from '../../src/errors/printable'
import { mapKeys, toCamelCase, toSnakeCase } from '../../src/format/wire-names'
import { ConfigError, type ConfigProblem } from './config-error'
import { warnOfUnreadKeys } from './unread-keys'

/** A config as it is read from a file (snake_case) or written by hand (camelCase). */
export type RawConfig = Readonly<Record<string, unknown>>

/** Who asks, for the error. */
export interface ConfigSource {
  /** Name of the component's class. */
  component: string
  /** The file that holds the config, if there is one. */
  file?: string | undefined
  /** Keys in camelCase that the reference knows and that change nothing in what is computed. */
  withoutEffect?: ReadonlySet<string>
}

/** Keys in camelCase that other code reads: the name of the file that holds the weights, and how they are quantized. */
const READ_BY_LOADERS = new Set(['transformersWeights', 'quantizationConfig'])

/**
 * Parses a config by a schema with camelCase keys. Keys that the schema does not name are dropped, with a warning unless they begin
 * with an underscore (`_diffusers_version`), hold nothing, or are known to change nothing.
 *
 * @throws ConfigError
 */
export function parseConfig<S extends z.ZodType<object>>(
  schema: S,
  config: RawConfig,
  source: ConfigSource,
): Readonly<z.output<S>> {
  const spelling = new Map<string, string>()
  for (const key of Object.keys(config)) {
    const earlier = spelling.get(toCamelCase(key))
    spelling.set(toCamelCase(key), key)
    if (earlier === undefined) continue
    const problem = `is the same setting as "${printableName(earlier)}"; remove one of them`
    throw new ConfigError(source.component, [{ key: printableName(key), problem }], source.file)
  }
  const parsed = schema.safeParse(mapKeys(config, toCamelCase), { reportInput: true })
  if (parsed.success) {
    const unread = [...spelling].filter(([name, key]) => !isRead(schema, name, source) && isSetting(key, config[key]))
    warnOfUnreadKeys(
      unread.map(([, key]) => key),
      config,
      source,
    )
    return deepFreeze(parsed.data)
  }
  const problems = parsed.error.issues.map((issue): ConfigProblem => {
    const [first, ...rest] = issue.path.map(String)
    const key = first === undefined ? 'config' : (spelling.get(first) ?? toSnakeCase(first))
    return { key: [key, ...rest].join('.'), problem: issueText(issue) }
  })
  throw new ConfigError(source.component, problems, source.file)
}

/** Whether a key is named by the schema, or has no effect anyway. A schema that is not an object's may read any key. */
function isRead(schema: z.ZodType<object>, name: string, { withoutEffect }: ConfigSource): boolean {
  const { shape } = schema as { shape?: object }
  if (shape === undefined || Object.hasOwn(shape, name)) return true
  return READ_BY_LOADERS.has(name) || withoutEffect?.has(name) === true
}

/** Whether a key sets something: those with an underscore are notes, and null and {} stand for nothing. */
export function isSetting(key: string, value: unknown): boolean {
  if (key.startsWith('_') || value === null || value === undefined) return false
  return typeof value !== 'object' || Array.isArray(value) || Object.keys(value).length > 0
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom') return issue.message
  if (issue.input === undefined) return 'is missing'
  const input = inputText(issue.input)
  const supported = (values: readonly string[]) => `${input} is not supported; supported: ${values.join(', ')}`
  if (issue.code === 'invalid_value') return supported(issue.values.map(value => JSON.stringify(value)))
  if (issue.code === 'invalid_union') return `must be of type ${issue.errors.map(typeOf).join(' or ')}, but is ${input}`
  if (issue.code !== 'invalid_type') return `${input} is not possible: ${issue.message}`
  return issue.expected === 'null' ? supported(['null']) : `must be of type ${issue.expected}, but is ${input}`
}

/** A value as a file holds it: numbers that JSON does not have as well. */
function inputText(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

/** The type that one member of a union asks for. */
function typeOf([issue]: readonly z.core.$ZodIssue[]): string {
  return issue?.code === 'invalid_type' ? issue.expected : (issue?.message ?? 'another')
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
