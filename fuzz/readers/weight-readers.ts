/** The readers of files of weights. */
import { join } from 'node:path'
import fc from 'fast-check'
import { readHeaderSync } from '../../components/checkpoints/read-header-sync'
import { readFloat32Sync } from '../../components/checkpoints/read-tensor-sync'
import { ShardedCheckpoint } from '../../components/checkpoints/sharded-checkpoint'
import { holdsFloats } from '../../components/checkpoints/weight-dtypes'
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

/** A GGUF file with a text, a list, and a tensor of Q4_0 blocks. */
const ggufFile = gguf()

function gguf(): Buffer {
  const uint32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
  const uint64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)
  const text = (value: string) => Buffer.concat([uint64(value.length), Buffer.from(value)])
  const metadata = [
    text('general.architecture'),
    uint32(8),
    text('sd1'),
    text('a'),
    uint32(9),
    uint32(4),
    uint64(1),
    uint32(7),
  ]
  const tensor = [text('a'), uint32(2), uint64(32), uint64(2), uint32(2), uint64(0)]
  const header = Buffer.concat([Buffer.from('GGUF'), uint32(3), uint64(1), uint64(2), ...metadata, ...tensor])
  return Buffer.concat([header, Buffer.alloc(32 - (header.length % 32)), Buffer.alloc(36, 5)])
}

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
  reader('gguf', damaged(ggufFile), async (bytes, folder) => {
    const { tensors } = readHeaderSync(join(write(folder, { 'x.gguf': bytes }), 'x.gguf'))
    for (const info of tensors.values()) if (holdsFloats(info.dtype)) readFloat32Sync(info)
  }),
  reader('shard-index', index, async (text, folder) => {
    const place = write(folder, { 'x.safetensors': weights, 'w.index.json': text })
    await (await ShardedCheckpoint.open(join(place, 'w.index.json'))).close()
  }),
]
