/** The readers of files of weights. */
import { join } from 'node:path'
import fc from 'fast-check'
import { ShardedCheckpoint } from '../../components/checkpoints/sharded-checkpoint'
import { SafetensorsFile } from '../../index'
import { anyValue, damaged, jsonFile, PATHS, pointerFile, safetensors, spoiled } from '../inputs'
import { type Reader, reader, write } from '../reader'

const entry = spoiled({ dtype: 'F32', shape: [2], data_offsets: [0, 8] })
const header = jsonFile(
  fc.oneof(
    fc.record({ a: entry, b: fc.oneof(entry, fc.constant({ dtype: 'F32', shape: [0], data_offsets: [8, 8] })) }),
    fc.record({ __metadata__: anyValue, a: entry }),
    fc.dictionary(fc.string(), fc.oneof(entry, anyValue)),
  ),
)
const weights = safetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', new Uint8Array(8))
const shard = fc.oneof(fc.constant('x.safetensors'), fc.constantFrom(...PATHS), anyValue)
const index = fc.oneof(
  jsonFile(spoiled({ weight_map: { a: 'x.safetensors' }, metadata: {} })),
  jsonFile(fc.record({ weight_map: fc.record({ a: shard, b: shard }, { requiredKeys: [] }) })),
)

/** Read weights without a model. */
export const weightReaders: readonly Reader<unknown>[] = [
  reader(
    'safetensors',
    fc.oneof(
      fc.tuple(header, fc.nat(20)).map(([text, bytes]) => safetensors(text, new Uint8Array(bytes))),
      damaged(weights),
      pointerFile,
    ),
    async (bytes, folder) => {
      const file = await SafetensorsFile.open(join(write(folder, { 'x.safetensors': bytes }), 'x.safetensors'))
      try {
        for (const key of file.keys) await file.readBytes(key)
      } finally {
        await file.close()
      }
    },
  ),
  reader('shard-index', index, async (text, folder) => {
    const place = write(folder, { 'x.safetensors': weights, 'w.index.json': text })
    await (await ShardedCheckpoint.open(join(place, 'w.index.json'))).close()
  }),
]
