/**
 * The matrices of Winograd's F(4×4, 3×3). Tiles of 6×6 inputs and kernels are transformed to 36 points each, and multiplied there. Another transform
 * makes 4×4 results of the 36 products.
 */

/** Results along one side of a tile. */
export const TILE = 4

/** Inputs along one side of a tile, and points along one side. */
export const POINTS = 6

/** Weights along one side of a kernel. */
const TAPS = 3

/** The points of evaluation, with infinity behind them. Of simple fractions, these lose the fewest digits: half as many as 0, ±1 and ±2. */
const AT = [0, 0.75, -0.75, 1.5, -1.5]

/** Coefficients of the product of `(x - root)`, from the lowest on. */
function polynomial(roots: readonly number[]): number[] {
  let factors = [1]
  for (const root of roots) {
    const lower = factors
    factors = [0, ...lower].map((value, i) => value - root * (lower[i] ?? 0))
  }
  return factors
}

const others = (i: number) => AT.filter((_, k) => k !== i)

/** Transforms 6 inputs to 6 points: `[point][input]`. */
const fromInputs: readonly (readonly number[])[] = [...AT.map((_, i) => [...polynomial(others(i)), 0]), polynomial(AT)]

/** Transforms 3 weights to 6 points: `[point][weight]`. */
const fromKernel: readonly (readonly number[])[] = [
  ...AT.map((at, i) => {
    const scale = others(i).reduce((product, other) => product * (at - other), 1)
    return Array.from({ length: TAPS }, (_, tap) => at ** tap / scale)
  }),
  [0, 0, 1],
]

/** Transforms products at 6 points to 4 results: `[result][point]`. */
const toResults: readonly (readonly number[])[] = Array.from({ length: TILE }, (_, result) => [
  ...AT.map(at => at ** result),
  result === TILE - 1 ? 1 : 0,
])

/** Returns the transform of products along one side to results: `[4, 6]`. */
export function resultRows(): Float32Array {
  return Float32Array.from(toResults.flat())
}

/** Returns the transform of a 3×3 kernel to its 6×6 points: `[36, 9]`. */
export function kernelPoints(): Float32Array {
  return Float32Array.from(
    fromKernel.flatMap(row => fromKernel.flatMap(column => row.flatMap(a => column.map(b => a * b)))),
  )
}

/** Rows of a map: `length` of them, of which `before` lie above those of the first tile. */
export interface Rows {
  readonly tiles: number
  readonly length: number
  /** 1 if the first row lies above the first tile, 0 if there are zeros instead. */
  readonly before: number
}

/** Returns the transform of rows of a map to the points of their tiles, with zeros outside of the map: `[points · tiles, rows]`. */
export function rowPoints({ tiles, length, before }: Rows): Float32Array {
  const matrix = new Float32Array(POINTS * tiles * length)
  for (const [point, factors] of fromInputs.entries())
    for (let tile = 0; tile < tiles; tile++)
      for (const [input, factor] of factors.entries()) {
        const row = TILE * tile + input - 1 + before
        if (row >= 0 && row < length) matrix[(point * tiles + tile) * length + row] = factor
      }
  return matrix
}

/** Returns the transform of columns of a map to the points of their tiles: `[points, columns, tiles]`. */
export function columnPoints(columns: number, tiles: number): Float32Array {
  const matrix = new Float32Array(POINTS * columns * tiles)
  const rows = rowPoints({ tiles, length: columns, before: 0 })
  for (let point = 0; point < POINTS; point++)
    for (let tile = 0; tile < tiles; tile++)
      for (let column = 0; column < columns; column++)
        matrix[(point * columns + column) * tiles + tile] = rows[(point * tiles + tile) * columns + column] as number
  return matrix
}

/** Returns the transform of products to columns, without results behind the last column: `[points · tiles, columns]`. */
export function resultColumns(columns: number, tiles: number): Float32Array {
  const matrix = new Float32Array(POINTS * tiles * columns)
  for (let point = 0; point < POINTS; point++)
    for (let column = 0; column < columns; column++) {
      const [tile, result] = [Math.floor(column / TILE), column % TILE]
      matrix[(point * tiles + tile) * columns + column] = toResults[result]?.[point] as number
    }
  return matrix
}
