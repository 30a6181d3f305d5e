import { leastRecentlyUsed, type OffloadStrategy, smallestCombination } from '../../../../src'
import { ToyModel } from '../toy-model'

/** What a strategy lets leave of models of these sizes, the least recently used first. */
function choose(strategy: OffloadStrategy, free: number, bytes: number, sizes: Record<string, number>): string[] {
  const candidates = Object.entries(sizes).map(([id, size]) => ({ id, model: new ToyModel(size), bytes: size }))
  return [...strategy({ id: 'incoming', model: new ToyModel(bytes), bytes, free, candidates })].sort()
}

describe('smallestCombination', () => {
  // Free memory is given without the margin, which is 1 unless a test sets it.
  test.each<[string, number, number, Record<string, number>, string[]]>([
    ['nothing where there is room', 70 - 1, 4, { a: 5, b: 3 }, []],
    ['the smallest single model that suffices', 4 - 1, 6, { a: 5, b: 3, c: 2 }, ['b']],
    ['the smallest combination where no single one does', 4 - 1, 8, { a: 4, b: 4, c: 1 }, ['a', 'c']],
    ['all where that is too little', 1 - 1, 11, { a: 5, b: 3, c: 2 }, ['a', 'b', 'c']],
    ['nothing of nothing', 0 - 1, 11, {}, []],
    ['one for a model that would fit exactly', 4, 4, { a: 5, b: 3 }, ['b']],
    ['the larger models of two combinations of one size', 0, 6, { a: 3, b: 4, c: 2, d: 3 }, ['b', 'c']],
    ['fewer models where the sums are equal', 0, 4, { a: 2, b: 2, c: 4 }, ['c']],
    ['nothing with a margin of 1', 5 - 1, 3, { a: 2 }, []],
    ['one with a margin of 3', 5 - 3, 3, { a: 2 }, ['a']],
    ['nothing of several with a margin of 1', 6 - 1, 4, { a: 3, b: 2, c: 1 }, []],
    ['the smallest of several with a margin of 3', 6 - 3, 4, { a: 3, b: 2, c: 1 }, ['c']],
  ])('lets leave %s', (_, free, bytes, sizes, expected) => {
    expect(choose(smallestCombination, free, bytes, sizes)).toEqual(expected)
  })

  test('agrees with a search of all combinations', () => {
    for (let seed = 0; seed < 200; seed++) {
      const sizes = Array.from({ length: 1 + (seed % 7) }, (_, i) => 1 + ((seed * 31 + i * 17 + i * i * seed) % 23))
      const needed = 1 + ((seed * 13) % 40)
      const sums = Array.from({ length: 2 ** sizes.length }, (_, mask) =>
        sizes.reduce((sum, size, i) => sum + (mask & (1 << i) ? size : 0), 0),
      ).filter(sum => sum >= needed)
      const ids = choose(smallestCombination, 0, needed, Object.fromEntries(sizes.map((size, i) => [`m${i}`, size])))
      const freed = ids.reduce((sum, id) => sum + (sizes[Number(id.slice(1))] as number), 0)
      expect(freed).toBe(sums.length > 0 ? Math.min(...sums) : sizes.reduce((sum, size) => sum + size, 0))
    }
  })

  // All combinations of 200 models would not end.
  test('ends with many models', () => {
    const sizes = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`m${i}`, 1e9 + i * 7919]))
    expect(choose(smallestCombination, 0, 7.5e9, sizes).length).toBe(8)
  })
})

describe('leastRecentlyUsed', () => {
  test.each<[string, number, number, Record<string, number>, string[]]>([
    ['nothing where there is room', 4, 4, { a: 5, b: 3 }, []],
    ['the first that suffice', 1, 8, { a: 5, b: 3, c: 2 }, ['a', 'b']],
    ['all where that is too little', 0, 11, { a: 5, b: 3, c: 2 }, ['a', 'b', 'c']],
  ])('lets leave %s', (_, free, bytes, sizes, expected) => {
    expect(choose(leastRecentlyUsed, free, bytes, sizes)).toEqual(expected)
  })
})
