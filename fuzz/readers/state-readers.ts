/** The reader of saved states. */
import { join } from 'node:path'
import fc from 'fast-check'
import { PipelineState } from '../../index'
import { anyValue, jsonFile, safetensors, spoiled } from '../inputs'
import { type Reader, reader, write } from '../reader'

const stateNode: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  node: fc.oneof(
    { depthSize: 'small' },
    anyValue,
    fc.record({ $: fc.constant('ref'), id: fc.oneof(fc.nat(12), anyValue) }),
    fc.record({
      $: fc.constant('kind'),
      kind: fc.constantFrom('Tensor', 'Image', 'Generator', 'toString'),
      value: tie('saved'),
    }),
    fc.record({
      $: fc.constantFrom('map', 'set', 'object', 'bigint', 'number', 'typed', 'array', 'undefined', 'x'),
      entries: fc.array(tie('node'), { maxLength: 4 }),
      members: fc.array(tie('node'), { maxLength: 3 }),
      value: anyValue,
      type: fc.constantFrom('Float32Array', 'Uint8Array', 'x'),
      name: fc.constantFrom('a', 'b', 'c'),
    }),
    fc.array(tie('node'), { maxLength: 4 }),
  ),
  saved: fc.oneof(
    spoiled({ dtype: 'float32', shape: [2], values: { $: 'array', name: 'a' } }),
    spoiled({ dtype: 'string', shape: [2], values: ['x', 'y'] }),
    spoiled({ pixels: { $: 'array', name: 'a' } }),
    tie('node'),
  ),
})).node
const stateText = fc.tuple(
  jsonFile(
    fc.record({ values: fc.dictionary(fc.string(), stateNode), kwargsMapping: fc.oneof(fc.constant({}), anyValue) }),
  ),
  fc.boolean(),
)

/** Reads states. */
export const stateReaders: readonly Reader<unknown>[] = [
  reader('state', stateText, async ([text, hasArrays], folder) => {
    const header: Record<string, unknown> = { __metadata__: { format: 'tesserae-state', version: '1', state: text } }
    if (hasArrays) header['a'] = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }
    const bytes = safetensors(JSON.stringify(header), new Uint8Array(hasArrays ? 8 : 0))
    const state = await PipelineState.load(join(write(folder, { 's.safetensors': bytes }), 's.safetensors'))
    try {
      if (String(state).length > 100_000) throw new Error('a state prints too much')
      state.clone()
    } finally {
      state.dispose()
    }
  }),
]
