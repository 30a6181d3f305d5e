/** Writes JSON without blocking the event loop: `JSON.stringify()` takes a tenth of a second for a million values. */

/** Members that are written between two yields at most. */
const PIECE = 2048

/**
 * The loop of `JSON.stringify()`, in pieces.
 *
 * @param value - of what JSON has: null, booleans, finite numbers, texts, lists, and objects without `toJSON()`
 */
export function* jsonTextLoop(value: unknown): Generator<void, string, void> {
  const parts: string[] = []
  yield* writeValue(value, parts)
  return parts.join('')
}

function* writeValue(value: unknown, parts: string[]): Generator<void, void, void> {
  if (isLeaf(value)) {
    parts.push(JSON.stringify(value))
    return
  }
  const names = Array.isArray(value) ? undefined : Object.keys(value as object) // No leaf.
  const count = names?.length ?? (value as unknown[]).length
  parts.push(names ? '{' : '[')
  for (let i = 0; i < count; i++) {
    if (i > 0) parts.push(',')
    if (i % PIECE === PIECE - 1) yield
    const name = names?.[i]
    if (name !== undefined) parts.push(`${JSON.stringify(name)}:`)
    const member: unknown = (value as Record<string | number, unknown>)[name ?? i]
    if (isLeaf(member)) parts.push(JSON.stringify(member))
    else yield* writeValue(member, parts)
  }
  parts.push(names ? '}' : ']')
  yield
}

function isLeaf(value: unknown): value is null | boolean | number | string {
  return typeof value !== 'object' || value === null
}
