/** How strong each map of a ControlNet is. Counterpart: models/controlnets/controlnet.py ("6. scaling"). */

/**
 * Returns the factors of the maps, that of the middle at the end: all the same, or from 0.1 to 1 in guess mode.
 *
 * @param count - number of maps
 */
export function residualScales(count: number, scale: number, guessMode: boolean): number[] {
  return Array.from({ length: count }, (_, i) =>
    // The reference computes the powers as float32.
    guessMode ? Math.fround(10 ** (-1 + i / Math.max(count - 1, 1))) * scale : scale,
  )
}
