/** Shifts of the noise levels of a flow, which lie between 0 and 1. Source: https://arxiv.org/abs/2403.03206, section 5.3.2 */

/** The ways that `mu` of setTimesteps can shift, by their names in configs: `exponential` takes it for the logarithm of the shift. */
export const timeShiftTypes = ['exponential', 'linear'] as const

/** What each result of the arithmetic is rounded with: `Math.fround` where the reference computes in float32. */
export type Rounding = (value: number) => number

/** No rounding. */
export const exact: Rounding = value => value

/** A sigma, shifted towards the noise for a `shift` above 1. */
export function shiftSigma(shift: number, sigma: number, round = exact): number {
  return round(round(round(shift) * sigma) / round(1 + round(round(shift - 1) * sigma)))
}

/** The same for the shift of a run. */
export function shiftSigmaBy(
  mu: number,
  type: (typeof timeShiftTypes)[number],
  sigma: number,
  round: Rounding = exact,
): number {
  const shift = round(type === 'exponential' ? Math.exp(mu) : mu)
  return round(shift / round(shift + round(round(1 / sigma) - 1)))
}

/** Sigmas stretched so that the last one is `terminal`. */
export function stretchToTerminal(sigmas: readonly number[], terminal: number, round = exact): number[] {
  const scale = round(round(1 - (sigmas.at(-1) as number)) / round(1 - terminal))
  return sigmas.map(sigma => round(1 - round(round(1 - sigma) / scale)))
}
