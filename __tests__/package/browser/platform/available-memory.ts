/** Browsers do not tell how much memory is free. */
export function availableMemory(): number {
  return Number.POSITIVE_INFINITY
}
