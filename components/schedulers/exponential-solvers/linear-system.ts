/** Small systems of linear equations. */

/**
 * The solution x of `A · x = b`, by elimination with the largest pivot of each column.
 *
 * @param matrix A, row by row, square
 * @param right b
 */
export function solveLinearSystem(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number])
  const size = rows.length
  const at = (row: number, column: number) => (rows[row] as number[])[column] as number
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let row = column + 1; row < size; row++)
      if (Math.abs(at(row, column)) > Math.abs(at(pivot, column))) pivot = row
    ;[rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]]
    const source = rows[column] as number[]
    for (let row = column + 1; row < size; row++) {
      const factor = at(row, column) / at(column, column)
      rows[row] = (rows[row] as number[]).map((value, i) => value - factor * (source[i] as number))
    }
  }
  const solution: number[] = new Array(size).fill(0)
  for (let row = size - 1; row >= 0; row--) {
    const rest = solution.reduce(
      (sum, value, column) => (column > row ? sum - at(row, column) * value : sum),
      at(row, size),
    )
    solution[row] = rest / at(row, row)
  }
  return solution
}
