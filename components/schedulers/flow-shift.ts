/** Shifts of the noise levels of a flow, which lie between 0 and 1. Source: https://arxiv.org/abs/2403.03206, section 5.3.2 */

/** The ways that `mu` of setTimesteps can shift, by their names in configs: `exponential` takes it for the logarithm of the shift. */
export const timeShiftTypes = ['exponential', 'linear'] as const

/** A sigma, shifted towards the noise for a `shift` above 1. */
export function shiftSigma(shift: number, sigma: number): number {
  return (shift * sigma) / (1 + (shift - 1) * sigma)
}

/** The same for the shift of a run. */
export function shiftSigmaBy(mu: number, type: (typeof timeShiftTypes)[number], sigma: number): number {
  const shift = type === 'exponential' ? Math.exp(mu) : mu
  return shift / (shift + (1 / sigma - 1))
}

/** Sigmas stretched so that the last one is `terminal`. */
export function stretchToTerminal(sigmas: readonly number[], terminal: number): number[] {
  const scale = (1 - (sigmas.at(-1) as number)) / (1 - terminal)
  return sigmas.map(sigma => 1 - (1 - sigma) / scale)
}
