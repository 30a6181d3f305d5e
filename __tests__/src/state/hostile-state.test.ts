import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { InvalidStateFileError, PipelineState, UnsavableValueError } from '../../../index'
import { BlockState } from '../../../src'
import { copyValue } from '../../../src/state/copy-value'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { useBackend } from '../../components/models/use-backend'

useBackend('cpu')
const folder = useTemporaryFolder()
const file = () => join(folder(), 's.safetensors')

async function load(values: string, arrays: Parameters<typeof writeSafetensors>[1] = {}): Promise<PipelineState> {
  const state = `{"values":${values},"kwargsMapping":{}}`
  await writeSafetensors(file(), arrays, { format: 'tesserae-state', version: '1', state })
  return PipelineState.load(file())
}

const kind = (name: string, value: unknown) => ({ $: 'kind', kind: name, value })
const floats = (name: string) => ({ $: 'array', name })
const TENSOR = { dtype: 'float32', shape: [2], values: floats('a') }
const ARRAY = { a: { dtype: 'F32' as const, shape: [2], data: Float32Array.of(1, 2) } }

describe('the file of a state', () => {
  test('is refused where its values are nested too deeply', async () => {
    for (const depth of [250, 5000]) {
      const loading = load(`{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`)
      await expect(loading).rejects.toThrow(InvalidStateFileError)
      await expect(loading).rejects.toThrow(/nested more than 200 deep/)
    }
  })

  test('is refused where it holds too many values', async () => {
    await expect(load(`{"x":[${'1,'.repeat(1_100_000)}1]}`)).rejects.toThrow(/more than 700000 values/)
  })

  test.each([
    ['a number of too many digits', { $: 'bigint', value: '9'.repeat(20_000_000 / 2) }, /whole number of at most/],
    ['a number of letters', { $: 'number', value: '1e5' }, /"1e5" is not a number/],
    ['a value that comes later', { $: 'ref', id: 900 }, /refers to a value that it does not hold/],
    ['the length of a list', { $: 'ref', id: 'length' }, /refers to a value that it does not hold/],
    ['a value of a kind inside of itself', kind('Image', [{ $: 'ref', id: 6 }]), /refers to a value/],
    ['a class of arrays that there is not', { $: 'typed', type: 'constructor', name: 'a' }, /is not a "constructor"/],
    ['an array that there is not', { $: 'array', name: 'b' }, /the array "b" is missing/],
    ['one array twice', [floats('a'), floats('a')], /the array "a" is used twice/],
    ['a key of a map twice', { $: 'map', entries: [1, kind('Tensor', TENSOR), 1, 2] }, /a key twice/],
    [
      'a key twice',
      {
        $: 'object',
        entries: [
          ['k', kind('Tensor', TENSOR)],
          ['k', 2],
        ],
      },
      /a key twice/,
    ],
    [
      'a text that is null',
      kind('Tensor', { dtype: 'string', shape: [2], values: [null, 'y'] }),
      /a tensor is invalid/,
    ],
    [
      'a tensor of another shape',
      kind('Tensor', { ...TENSOR, shape: [3] }),
      /float32 \[3\] does not match its stored values/,
    ],
    [
      'a tensor of another type',
      kind('Tensor', { ...TENSOR, dtype: 'int32' }),
      /int32 \[2\] does not match its stored values/,
    ],
    [
      'a tensor that holds another',
      kind('Tensor', { ...TENSOR, more: kind('Tensor', TENSOR) }),
      /used twice|Unrecognized/,
    ],
    [
      'an image that holds a tensor',
      kind('Image', { pixels: floats('a'), more: kind('Tensor', { dtype: 'string', shape: [], values: ['x'] }) }),
      /Unrecognized/,
    ],
    ['a generator that is none', kind('Generator', 5), /cannot be read/],
    ['a kind that there is not', kind('toString', 5), /kind "toString" are not known/],
  ])('is refused where it holds %s, and leaves no tensor', async (_, value, message) => {
    const before = tf.memory().numTensors
    const loading = load(
      JSON.stringify({ t: kind('Tensor', { dtype: 'string', shape: [1], values: ['x'] }), x: value }),
      ARRAY,
    )
    await expect(loading).rejects.toThrow(InvalidStateFileError)
    await expect(loading).rejects.toThrow(message)
    expect(tf.memory().numTensors).toBe(before)
  })

  test('is refused before it is read where its tensors do not fit into memory', async () => {
    const header = Buffer.from(
      JSON.stringify({
        __metadata__: { format: 'tesserae-state', version: '1', state: '{}' },
        a: { dtype: 'U8', shape: [2 ** 45], data_offsets: [0, 2 ** 45] },
      }),
    )
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    await writeFile(file(), Buffer.concat([length, header]))
    await expect(PipelineState.load(file())).rejects.toThrow(/it is incomplete/i)
  })

  test('may hold keys of any name', async () => {
    const state = await load('{"x":{"$":"object","entries":[["__proto__",{"a":1}],["b",2]]}}')
    const copy = state.clone().get<object>('x') as object
    for (const value of [state.get<object>('x') as object, copy]) {
      expect(Object.entries(value)).toEqual([
        ['__proto__', { a: 1 }],
        ['b', 2],
      ])
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    }
    await state.save(file())
    expect(Object.keys((await PipelineState.load(file())).get<object>('x') as object)).toEqual(['__proto__', 'b'])
  })

  test('whose values refer to one another again and again is printed in a bounded length', async () => {
    const values: Record<string, unknown> = { v0: [1] }
    // The first object is the state, the second its values.
    for (let i = 1; i < 40; i++)
      values[`v${i}`] = [
        { $: 'ref', id: i + 1 },
        { $: 'ref', id: i + 1 },
      ]
    const state = await load(JSON.stringify(values))
    expect(String(state).length).toBeLessThan(40 * 3000)
    expect(inspect(state)).toBe(String(state))
    expect(String(new BlockState(Object.fromEntries(state.values))).length).toBeLessThan(40 * 3000)
    await state.save(file())
    expect(state.clone().values.size).toBe(40)
  })

  test('whose values refer to one another more deeply than the stack is copied and disposed', async () => {
    const values: Record<string, unknown> = { v0: [] }
    for (let i = 1; i < 50_000; i++) values[`v${i}`] = [{ $: 'ref', id: i + 1 }]
    const state = await load(JSON.stringify(values))
    const last = state.clone().get<unknown[]>('v49999')
    expect(last).toEqual([expect.any(Array)])
    expect(String(state)).toMatch(/… 49500 more/)
    state.dispose()
  })
})

describe('a state', () => {
  test('that a reader would refuse is not written', async () => {
    const state = new PipelineState()
    let deep: unknown = 1
    for (let i = 0; i < 100; i++) deep = [deep]
    state.set('deep', deep)
    await expect(state.save(file())).rejects.toThrow(UnsavableValueError)
    state.set('deep', 10n ** 20_000n)
    await expect(state.save(file())).rejects.toThrow(/more than 10000 digits/)
    state.set('deep', new Array(1_100_000).fill(1))
    await expect(state.save(file())).rejects.toThrow(/more than 700000 values/)
  })

  test('prints long texts, lists and names in a bounded length', () => {
    const state = new PipelineState()
    state.set('text', 'x'.repeat(1_000_000))
    state.set('list', new Array(100_000).fill(1))
    state.set('y'.repeat(10_000), { dtype: { toString: 1 }, shape: [1] })
    expect(String(state).length).toBeLessThan(6000)
    expect(String(state)).toContain('… (999000 more)')
  })

  test('gives its copies the names that its values have', () => {
    const value = Object.assign(Object.create(null), { a: [1] })
    const copy = copyValue(value) as object
    expect(copy).toEqual(value)
    expect(Object.getPrototypeOf(copy)).toBeNull()
    const blockState = new BlockState(JSON.parse('{"__proto__": {"x": 1}}'))
    expect(Object.keys(blockState)).toEqual(['__proto__'])
    expect(blockState['x']).toBeUndefined()
  })
})
