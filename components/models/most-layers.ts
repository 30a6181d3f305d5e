/** How many layers a config may ask for: several times what the largest models have. They are made before the weights are looked at, and must not fill the memory. */
export const MOST_LAYERS = 10_000

/** The largest of the numbers of layers that a setting gives: one, or one for each level, or for each block of each. */
export function mostOf(counts: number | readonly (number | readonly number[])[] | null): number {
  return [counts ?? 1].flat(2).reduce((most, count) => Math.max(most, count), 1)
}
