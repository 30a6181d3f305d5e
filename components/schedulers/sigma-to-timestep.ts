/** The training timestep of a noise level. Counterpart: _sigma_to_t of schedulers/scheduling_euler_discrete.py */

/**
 * The timestep, a fraction, at which the training schedule has this sigma: interpolated in the logarithm, and held at the ends.
 *
 * @param logSigmas logarithms of the training sigmas, rising
 */
export function sigmaToTimestep(sigma: number, logSigmas: Float32Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10))
  let above = 1
  while (above < logSigmas.length - 1 && (logSigmas[above] as number) <= logSigma) above++
  const low = logSigmas[above - 1] as number
  const high = logSigmas[above] as number
  const weight = Math.min(Math.max((low - logSigma) / Math.fround(low - high), 0), 1)
  return (1 - weight) * (above - 1) + weight * above
}
