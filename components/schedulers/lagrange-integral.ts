/** Integrals of the polynomials that interpolate, of which the factors of multistep methods are made. Exact up to rounding. */

/**
 * The integral of the polynomial that is 1 at one of the nodes and 0 at the others.
 *
 * @param nodes all different
 * @param own which node has the 1
 */
export function lagrangeIntegral(nodes: readonly number[], own: number, from: number, to: number): number {
  const node = nodes[own] as number
  // Coefficients by rising powers of the distance from the start: far from 0 the powers would cancel.
  let coefficients = [1]
  for (const [i, other] of nodes.entries()) {
    if (i === own) continue
    const root = other - from
    const raised = [0, ...coefficients]
    coefficients = raised.map((value, power) => (value - root * (coefficients[power] ?? 0)) / (node - other))
  }
  const length = to - from
  return coefficients.reduce((sum, value, power) => sum + (value * length ** (power + 1)) / (power + 1), 0)
}
