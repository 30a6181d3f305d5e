/** Axes as settings of the reference name them. */

/**
 * Axes of a tensor with its channels second, `[batch, channels, …]`, as axes of the same tensor with its channels last, as ours are.
 * Tensors of fewer than four axes, such as `[batch, tokens, channels]`, are the same in both.
 *
 * @param axes from 0 on, or from −1 on counted from the end
 * @returns undefined if there is no such axis, or one is named twice
 */
export function channelsLastAxes(axes: readonly number[], rank: number): number[] | undefined {
  if (axes.some(axis => axis < -rank || axis >= rank)) return undefined
  const ours = axes.map(axis => {
    const fromStart = axis < 0 ? axis + rank : axis
    if (rank < 4 || fromStart === 0) return fromStart
    return fromStart === 1 ? rank - 1 : fromStart - 1
  })
  return new Set(ours).size === ours.length ? ours.sort((a, b) => a - b) : undefined
}
