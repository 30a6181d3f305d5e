import { inspect } from 'node:util'
import { PipelineState, type RunScoped, UnknownValueError } from '../../../src'
import { failure } from '../fixtures/failures'

const tensor = { dtype: 'float32', shape: [1, 8, 8, 4] }

function stateOf(values: Readonly<Record<string, unknown>>): PipelineState {
  const state = new PipelineState()
  for (const [name, value] of Object.entries(values)) state.set(name, value)
  return state
}

describe('reading a PipelineState', () => {
  const state = stateOf({ x: 1, zero: 0, nothing: undefined })

  test('gives the value, or the default if none exists', () => {
    expect(state.get('x')).toBe(1)
    expect(state.get('y')).toBeUndefined()
    expect(state.get('y', 5)).toBe(5)
    expect(state.get('nothing', 5)).toBeUndefined()
  })

  test('gives every name of a list', () => {
    expect(state.get(['x', 'y'])).toEqual({ x: 1, y: undefined })
    expect(state.get(['y', 'y', 'x'], 0)).toEqual({ y: 0, x: 1 })
  })

  test('tells what is absent from what is merely false', () => {
    expect(state.has('zero')).toBe(true)
    expect(state.has('nothing')).toBe(false)
    expect(state.has('y')).toBe(false)
  })

  test('names the closest value when one must be there and is not', async () => {
    expect(state.at('zero')).toBe(0)
    const error = await failure(UnknownValueError, () => state.at('zeros'))
    expect(error.message).toBe(
      'PipelineState has no value "zeros"; it has "x", "zero" and "nothing". Did you mean "zero"?',
    )
    expect(error.value).toBe('zeros')
  })
})

describe('writing a PipelineState', () => {
  test('overwrites, and takes null for undefined', () => {
    const state = stateOf({ x: 1 })
    state.set('x', 2)
    state.set('y', null)
    expect(state.toObject().values).toEqual({ x: 2, y: undefined })
  })

  test('tags names with groups, again at each tagged write, and forever', () => {
    const state = new PipelineState()
    state.set('a', 1, 'g')
    state.set('b', 2, 'g')
    state.set('a', 3, 'g')
    state.set('a', 4)
    expect(state.toObject().kwargsMapping).toEqual({ g: ['a', 'b', 'a'] })
    expect(state.getByKwargs('g')).toEqual({ a: 4, b: 2 })
    expect(state.getByKwargs('other')).toEqual({})
  })

  test('hands out copies of its maps', () => {
    const state = stateOf({ x: 1 })
    state.set('a', 1, 'g')
    state.toObject().kwargsMapping.g?.push('b')
    state.toObject().values.x = 9
    expect(state.getByKwargs('g')).toEqual({ a: 1 })
    expect(state.get('x')).toBe(1)
  })
})

describe('a clone', () => {
  test('has containers of its own, and shares what never changes', () => {
    const state = stateOf({
      list: [1, [2]],
      map: new Map([['k', [3]]]),
      set: new Set([4]),
      plain: { deep: [5] },
      tensor,
    })
    state.set('tagged', 1, 'g')
    const copy = state.clone()
    expect(copy.toObject()).toEqual(state.toObject())
    ;(copy.get<unknown[][]>('list')[1] as unknown[]).push('x')
    copy.get<Map<string, unknown[]>>('map').get('k')?.push('x')
    copy.get<Set<unknown>>('set').add('x')
    copy.get<{ deep: unknown[] }>('plain').deep.push('x')
    copy.set('other', 1, 'g')
    expect(state.get(['list', 'map', 'set', 'plain'])).toEqual({
      list: [1, [2]],
      map: new Map([['k', [3]]]),
      set: new Set([4]),
      plain: { deep: [5] },
    })
    expect(state.getByKwargs('g')).toEqual({ tagged: 1 })
    const model = new (class Model {})()
    const withModel = stateOf({ model })
    expect(withModel.clone().get('model')).toBe(model)
  })

  test('has generators of its own', () => {
    class Stream implements RunScoped {
      constructor(public position = 0) {}
      forRun(): this {
        return new Stream(this.position) as this
      }
    }
    const stream = new Stream(7)
    const copy = stateOf({ stream, streams: [stream] }).clone()
    copy.get<Stream>('stream').position++
    expect(stream.position).toBe(7)
    expect(copy.get<Stream[]>('streams')[0]).toBe(copy.get('stream'))
  })

  test('keeps what is in two places one thing, also in a cycle', () => {
    const list: unknown[] = [1]
    list.push(list)
    const copy = stateOf({ a: list, b: list }).clone()
    const a = copy.get<unknown[]>('a')
    expect(a).not.toBe(list)
    expect(a[1]).toBe(a)
    expect(copy.get('b')).toBe(a)
  })
})

describe('printing a PipelineState', () => {
  test('shows names, values and groups, one a line', () => {
    const state = stateOf({ prompt: 'red apple', steps: 3, none: undefined })
    state.set('latents', tensor, 'embeds')
    expect(String(state).split('\n')).toEqual([
      'PipelineState(',
      '  values={',
      '    prompt: "red apple"',
      '    steps: 3',
      '    none: undefined',
      '    latents: Tensor(dtype=float32, shape=[1, 8, 8, 4])',
      '  }',
      '  kwargsMapping={',
      '    embeds: [latents]',
      '  }',
      ')',
    ])
    expect(inspect(state)).toBe(String(state))
  })

  test.each([
    ['a list of tensors', [tensor, tensor], '[Tensor(dtype=float32, shape=[1, 8, 8, 4]), …]'],
    ['a list of numbers', [981, 961.5], '[981, 961.5]'],
    ['a map of tensors', { cond: tensor }, '{cond: Tensor(dtype=float32, shape=[1, 8, 8, 4])}'],
    ['bytes', new Uint8Array(12), 'Uint8Array(12 bytes)'],
    ['objects of a class', [new Date(0)], '[Date {…}]'],
    ['a class', PipelineState, '[PipelineState]'],
    ['what JSON cannot hold', [Number.NaN, 10n, undefined, Symbol('s')], '[NaN, 10, undefined, Symbol(s)]'],
  ])('is short and plain for %s', (_, value, text) => {
    expect(String(stateOf({ value }))).toContain(`    value: ${text}\n`)
  })

  test('ends where an object holds itself', () => {
    const circle: Record<string, unknown> = { name: 'loop' }
    circle.self = circle
    expect(String(stateOf({ circle }))).toContain('circle: {name: "loop", self: [circular]}')
  })
})
