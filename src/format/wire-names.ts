/** The one place where names change between TypeScript (camelCase) and files, goldens and indexes (snake_case). */

/** Names of inputs and settings that are asked for at every call. Files hold any number of others, so the cache is bounded. */
const cache = new Map<string, string>()
const MOST_CACHED = 2000
const LONGEST_CACHED = 100

/** Turns `num_inference_steps` into `numInferenceSteps`. Leading underscores stay: `_class_name` → `_className`. */
export function toCamelCase(name: string): string {
  const known = cache.get(name)
  if (known !== undefined) return known
  const camel = name.replace(/(?<=[^_])_+([a-z0-9])/gi, (_, next: string) => next.toUpperCase())
  if (name.length <= LONGEST_CACHED) {
    if (cache.size >= MOST_CACHED) cache.clear()
    cache.set(name, camel)
  }
  return camel
}

/**
 * Turns `numInferenceSteps` into `num_inference_steps`; a digit after a word is its own part: `textEncoder2` → `text_encoder_2`, but not after a single letter:
 * `t5Tokenizer` → `t5_tokenizer`.
 */
export function toSnakeCase(name: string): string {
  return name
    .replace(/(?<=[A-Za-z0-9])(?=[A-Z])/g, '_')
    .replace(/(?<=[A-Za-z][a-z])(?=\d)/g, '_')
    .toLowerCase()
}

/** Renames the keys of a map; values stay as they are. */
export function mapKeys<V>(map: Readonly<Record<string, V>>, rename: (key: string) => string): Record<string, V> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [rename(key), value]))
}
