/** How much each of some predictions counts for a step that follows the polynomial through them. */

/**
 * `∫ exp(rate · v) · L(v) dv` from 0 to `end`, for each of the polynomials L that are 1 at one of the nodes and 0 at the others.
 *
 * @param rate 0 for the plain integral
 * @param nodes all different, at most 4 for the precision's sake
 */
export function lagrangeIntegrals(rate: number, end: number, nodes: readonly number[]): number[] {
  const moments = exponentialMoments(rate, end, nodes.length)
  return nodes.map((node, i) => {
    const others = nodes.filter((_, j) => j !== i)
    const scale = others.reduce((product, other) => product * (node - other), 1)
    const coefficients = others.reduce(timesRoot, [1])
    return coefficients.reduce((sum, coefficient, power) => sum + coefficient * (moments[power] as number), 0) / scale
  })
}

/** `∫ exp(rate · v) · vᵏ dv` from 0 to `end`, for k from 0 on: by parts. */
function exponentialMoments(rate: number, end: number, count: number): number[] {
  if (rate === 0) return Array.from({ length: count }, (_, k) => end ** (k + 1) / (k + 1))
  const moments = [Math.expm1(rate * end) / rate]
  for (let k = 1; k < count; k++) {
    moments.push((end ** k * Math.exp(rate * end) - k * (moments[k - 1] as number)) / rate)
  }
  return moments
}

/** A polynomial times `(v − root)`; coefficients are in rising powers. */
function timesRoot(coefficients: readonly number[], root: number): number[] {
  return [0, ...coefficients].map((shifted, power) => shifted - root * (coefficients[power] ?? 0))
}
