import {
  addressOf,
  assembledVectors,
  scriptedVectors,
  type Vectors,
} from '../../../../components/backends/kernels/vectors'

/** What a block holds after each operation on two others, with numbers that do not round alike in float32 and float64. */
function results(vectors: Vectors): Float32Array[] {
  const [out, x, y] = vectors.blocks as [Float32Array, Float32Array, Float32Array]
  const special = [Number.NaN, Infinity, -Infinity, -0, 0, 1e-45, 3e38]
  x.set(Array.from({ length: 32 }, (_, i) => special[i] ?? Math.sin(i)))
  y.set(Array.from({ length: 32 }, (_, i) => Math.cos(3 * i) * 10 ** (i % 7)))
  const [a, b] = [addressOf(1), addressOf(2)]
  const operations = [
    () => vectors.addTwo(0, 0.1, a, 1 / 3, b, 32),
    () => vectors.scale(0, 1 / 3, a, 32),
    () => vectors.clip(0, -0.3, 0.7, a, 32),
    // In place, and no further than asked.
    () => vectors.addTwo(0, 1, 0, 0.7, a, 16),
  ]
  return operations.map(operation => {
    operation()
    return out.slice(0, 48)
  })
}

test('assembled or scripted, operations round alike', () => {
  const assembled = results(assembledVectors(3) as Vectors)
  expect(assembled).toEqual(results(scriptedVectors(3)))
  expect(assembled[0]?.[20]).toBe(
    Math.fround(
      Math.fround(Math.fround(0.1) * Math.fround(Math.sin(20))) +
        Math.fround(Math.fround(1 / 3) * Math.fround(Math.cos(60) * 10 ** 6)),
    ),
  )
})
