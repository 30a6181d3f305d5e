import { InputParam } from '../../../src'

describe('InputParam', () => {
  test('is optional, without type and description, unless it says otherwise', () => {
    expect(new InputParam({ name: 'x' })).toMatchObject({
      name: 'x',
      required: false,
      default: undefined,
      description: '',
      typeHint: undefined,
      kwargsType: undefined,
      metadata: undefined,
      defaultsByBlock: undefined,
    })
  })

  test('knows one kind of absence: a default of null is none', () => {
    expect(new InputParam({ name: 'x', default: null }).default).toBeUndefined()
    expect(new InputParam({ name: 'x', default: 0 }).default).toBe(0)
    expect(new InputParam({ name: 'x', default: false }).default).toBe(false)
  })

  test('makes copies with changes', () => {
    const input = new InputParam({ name: 'x', required: true, description: 'what it is' })
    const copy = input.with({ required: false })
    expect(copy).toMatchObject({ name: 'x', required: false, description: 'what it is' })
    expect(input.required).toBe(true)
  })

  test('equals what says the same to a run', () => {
    const input = new InputParam({ name: 'x', default: 1, description: 'words' })
    expect(input.equals(new InputParam({ name: 'x', default: 1, typeHint: 'number' }))).toBe(true)
    expect(input.equals(new InputParam({ name: 'x', default: 2 }))).toBe(false)
    expect(input.equals(new InputParam({ name: 'y', default: 1 }))).toBe(false)
    expect(input.equals(new InputParam({ name: 'x', default: 1, required: true }))).toBe(false)
    expect(input.equals(new InputParam({ name: 'x', default: 1, kwargsType: 'g' }))).toBe(false)
    expect(
      new InputParam({ name: 'x', default: Number.NaN }).equals(new InputParam({ name: 'x', default: Number.NaN })),
    ).toBe(true)
  })

  test.each([
    [{ name: 'x', required: true }, '<x: required>'],
    [{ name: 'x' }, '<x: optional>'],
    [{ name: 'x', default: 'pil' }, '<x: optional, default="pil">'],
    [{ name: 'x', default: 10n }, '<x: optional, default=10>'],
    [{ name: null, kwargsType: 'embeds' }, '<**embeds: optional>'],
  ])('prints the declaration %# on one line', (options, text) => {
    expect(String(new InputParam(options))).toBe(text)
  })
})
