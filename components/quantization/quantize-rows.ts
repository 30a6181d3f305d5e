/** Rounds a weight to 8 bits: each row, which makes one output channel, to multiples of a scale of its own. */
import { runAtOnce } from '../../src/runtime/time-slice'

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
 * Quantizes a weight.
 *
 * @param values in row-major order
 * @param rows how many there are: the first dimension of the weight
 * @returns `undefined` if a number is not finite
 */
export function quantizeRows(values: Float32Array, rows: number): QuantizedRows | undefined {
  return runAtOnce(quantizeRowsLoop(values, rows))
}

/** The loop of {@link quantizeRows}, in pieces. */
export function* quantizeRowsLoop(
  values: Float32Array,
  rows: number,
): Generator<void, QuantizedRows | undefined, void> {
  const width = values.length / rows
  const rounded = new Int8Array(values.length)
  const scales = new Float32Array(rows)
  let sinceYield = 0
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [row * width, (row + 1) * width]
    const largest = largestOf(values, begin, end)
    if (!Number.isFinite(largest)) return undefined
    // A row of zeros needs no scale.
    const scale = Math.fround(largest / LARGEST) || 1
    scales[row] = scale
    roundRow(values, rounded, begin, end, scale)
    sinceYield += width
    if (sinceYield < PIECE) continue
    sinceYield = 0
    yield
  }
  return { values: rounded, scales }
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
