/** Finds names as people write them. */

/** The one of the names that is meant: capitals do not count, and a space or hyphen stands for an underscore. */
export function findName(names: readonly string[], asked: string): string | undefined {
  // Without types, anything may be asked for.
  return names.find(name => spelling(name) === spelling(String(asked)))
}

function spelling(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
}
