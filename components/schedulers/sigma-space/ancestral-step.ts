/** How a step splits into a way down and fresh noise. Counterpart: sigma_up and sigma_down of the ancestral schedulers */
import { rootFloat32 } from '../noise-levels/root-float32'

/** The two parts of a step. Their squares add up to the square of the sigma that the step leads to. */
export interface AncestralStep {
  /** The sigma that the sample is taken down to. */
  readonly down: number
  /** The standard deviation of the noise that is added then. */
  readonly up: number
}

/**
 * The parts of a step between two noise levels, in float32: where a step is long, its small way down is a difference that the
 * rounding decides.
 *
 * @param from above 0
 * @param to from 0 to `from`
 */
export function ancestralStep(from: number, to: number): AncestralStep {
  const [from2, to2] = [square(from), square(to)]
  const variance = Math.fround(Math.fround(to2 * Math.fround(from2 - to2)) / from2)
  const up = rootFloat32(variance)
  const rest = Math.fround(to2 - square(up))
  // Where rounding leaves nothing or less, the value without it: the reference has no number then.
  return { down: Math.fround(rest > 0 ? Math.sqrt(rest) : to2 / from), up }
}

function square(value: number): number {
  return Math.fround(value * value)
}
