import fc from 'fast-check'
import { InsertableDict } from '../../../src'

const letters = () => new InsertableDict([...'abc'].map(name => [name, name.toUpperCase()]))

describe('InsertableDict', () => {
  test.each([
    [0, 'xabc'],
    [1, 'axbc'],
    [3, 'abcx'],
    [99, 'abcx'],
    [-1, 'abxc'],
    [-99, 'xabc'],
  ])('inserts at %i', (index, order) => {
    expect([...letters().insert('x', 'X', index).keys()].join('')).toBe(order)
  })

  test('moves an entry that exists, counting the index without it', () => {
    const dict = letters().insert('a', 'A2', 1)
    expect([...dict]).toEqual([
      ['b', 'B'],
      ['a', 'A2'],
      ['c', 'C'],
    ])
  })

  test('replaces a value in its place, and takes entries out', () => {
    const dict = letters().set('b', 'B2')
    expect([...dict.values()]).toEqual(['A', 'B2', 'C'])
    expect(dict.pop('a')).toBe('A')
    expect(dict.pop('a')).toBeUndefined()
    expect([...dict.keys()]).toEqual(['b', 'c'])
  })

  test('prints numbered entries', () => {
    class Thing {}
    const dict = new InsertableDict<unknown>([
      ['one', new Thing()],
      ['two', Thing],
    ])
    expect(String(dict)).toBe("InsertableDict([\n  0: ('one', <Thing>),\n  1: ('two', <class Thing>)\n])")
  })

  test('does what a list would do', () => {
    const edit = fc.tuple(fc.constantFrom(...'abcdef'), fc.integer({ min: -8, max: 8 }))
    fc.assert(
      fc.property(fc.array(edit), edits => {
        const dict = new InsertableDict<number>()
        let list: string[] = []
        edits.forEach(([name, index], value) => {
          dict.insert(name, value, index)
          list = list.filter(other => other !== name)
          list.splice(index, 0, name)
        })
        expect([...dict.keys()]).toEqual(list)
        for (const name of list) expect(edits[dict.get(name) as number]?.[0]).toBe(name)
      }),
    )
  })
})
