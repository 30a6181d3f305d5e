/** The training timestep of a noise level. Counterpart: _sigma_to_t of schedulers/scheduling_euler_discrete.py */

/**
 * The timestep, a fraction, at which the training schedule has this sigma: interpolated in the logarithm, and held at the ends.
 *
 * @param logSigmas logarithms of the training sigmas
 */
export function sigmaToTimestep(sigma: number, logSigmas: Float32Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10))
  // From the top: a schedule that ends in pure noise, but for a trace of signal, may not rise to its end.
  let below = logSigmas.length - 2
  if (logSigma < (logSigmas[below + 1] as number)) while (below > 0 && (logSigmas[below] as number) > logSigma) below--
  const above = below + 1
  const low = logSigmas[below] as number
  const high = logSigmas[above] as number
  const weight = Math.min(Math.max((low - logSigma) / Math.fround(low - high), 0), 1)
  return (1 - weight) * below + weight * above
}
