import { SeedSequence } from '../../../components/random/seed-sequence'

// numpy.random.SeedSequence(entropy, spawn_key=..., pool_size=...).generate_state(n)
test.each([
  [0, [], 24, [4025752534, 2687548107, 2326983537]],
  [7, [], 24, [1376543887, 623213690, 436845524]],
  [7, [0, 0], 24, [261727054, 4049524988, 713223535, 2355642301]],
  [12345678901234, [5, 3], 24, [1934182032, 3514538631, 2989841709, 3108050942]],
  [2n ** 63n - 2n, [1000003, 20], 24, [981252324, 1034896719, 1542695773, 640178276]],
  [2n ** 130n + 17n, [1], 4, [2299800360, 3409767839, 1900750751, 793468805, 3985590339, 881314692]],
  [1, [2 ** 40 + 3], 8, [331470290, 1225948299, 1505750667, 2745814331]],
])('makes of seed %p and key %p the words that numpy makes', (entropy, spawnKey, poolSize, expected) => {
  const words = new SeedSequence(entropy, { spawnKey, poolSize }).generateState(expected.length)
  expect([...words]).toEqual(expected)
})

test('remembers four words by default, and none of a key', () => {
  expect([...new SeedSequence(3).generateState(4)]).toEqual([1576890651, 2902887791, 607385081, 2997055210])
})
