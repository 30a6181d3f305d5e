import { InputParam, type InputParamOptions } from '../../../src'
import { combineInputs } from '../../../src/wiring/combine'

const x = (options: Partial<InputParamOptions> = {}) => [new InputParam({ name: 'x', ...options })]

/** What differs from an input that says nothing but its name. */
function combined(...branches: readonly (readonly [string, readonly InputParam[]])[]) {
  return combineInputs(branches).map(input => ({
    default: input.default,
    defaultsByBlock: input.defaultsByBlock,
    description: input.description,
  }))
}

describe('combineInputs()', () => {
  test('leaves defaults that agree, and keeps the first declaration', () => {
    expect(
      combined(['a', x({ default: 5, description: 'from a' })], ['b', x({ default: 5, description: 'from b' })]),
    ).toEqual([{ default: 5, defaultsByBlock: undefined, description: 'from a' }])
  })

  test('takes no default for another default', () => {
    expect(combined(['a', x()], ['b', x({ default: 5 })])).toEqual([
      { default: undefined, defaultsByBlock: { a: undefined, b: 5 }, description: '' },
    ])
  })

  test('records the default of every branch where two differ', () => {
    const branches = [1, 2, 1].map((value, i) => ['abc'[i] as string, x({ default: value })] as const)
    expect(combined(...branches)[0]).toMatchObject({ default: undefined, defaultsByBlock: { a: 1, b: 2, c: 1 } })
  })

  test('puts the name of a choice before the branches inside it', () => {
    const nested = combineInputs([
      ['one', x({ default: 1 })],
      ['two', x({ default: 2 })],
    ])
    expect(combined(['a', x({ default: 3 })], ['b', nested])[0]?.defaultsByBlock).toEqual({
      a: 3,
      'b.one': 1,
      'b.two': 2,
    })
  })

  test('changes none of the declarations', () => {
    const [first] = x({ default: 1 }) as [InputParam]
    combineInputs([
      ['a', [first]],
      ['b', x({ default: 2 })],
    ])
    expect(first.default).toBe(1)
    expect(first.defaultsByBlock).toBeUndefined()
  })
})
