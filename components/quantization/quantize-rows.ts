/** Rounds a weight to 8 bits: each row, which makes one output channel, to multiples of a scale of its own. */
import { inPieces } from '../../src/runtime/time-slice'

/** A weight in 8 bits. Row `i` stands for `scales[i] · values`. */
export interface QuantizedRows {
  /** In the order of the weight, from -127 to 127. */
  readonly values: Int8Array
  /** One for each row. */
  readonly scales: Float32Array
}

/** The largest number of 8 bits that is used. -128 is not, so that a scale serves both signs. */
const LARGEST = 127

/** Numbers between two looks at the clock. */
const PIECE = 2 ** 16

/**
 * Quantizes a weight, in pieces.
 *
 * @param values in row-major order
 * @param rows how many there are: the first dimension of the weight
 * @returns `undefined` if a number is not finite
 */
export function* quantizeRowsLoop(
  values: Float32Array,
  rows: number,
): Generator<void, QuantizedRows | undefined, void> {
  const width = values.length / rows
  const rounded = new Int8Array(values.length)
  const scales = new Float32Array(rows)
  let areFinite = true
  const roundRows = (begin: number, end: number) => {
    for (let row = begin; row < end && areFinite; row++) {
      const [first, last] = [row * width, (row + 1) * width]
      const largest = largestOf(values, first, last)
      areFinite = Number.isFinite(largest)
      // A row of zeros needs no scale.
      const scale = Math.fround(largest / LARGEST) || 1
      scales[row] = scale
      roundRow(values, rounded, first, last, scale)
    }
  }
  yield* inPieces(rows, roundRows, Math.max(1, Math.floor(PIECE / width)))
  return areFinite ? { values: rounded, scales } : undefined
}

/** The largest magnitude of a stretch; NaN if a number is not finite. */
function largestOf(values: Float32Array, begin: number, end: number): number {
  let largest = 0
  // Stays zero while all numbers are finite.
  let rest = 0
  for (let i = begin; i < end; i++) {
    const value = values[i] as number
    const magnitude = value < 0 ? -value : value
    if (magnitude > largest) largest = magnitude
    rest += value * 0
  }
  return largest + rest
}

function roundRow(values: Float32Array, rounded: Int8Array, begin: number, end: number, scale: number): void {
  const inverse = 1 / scale
  // Truncation rounds positive numbers alone to the nearest.
  for (let i = begin; i < end; i++) rounded[i] = (((values[i] as number) * inverse + 128.5) | 0) - 128
}
