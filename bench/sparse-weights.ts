/** Files of zeros of any size that take no room on the disk. */
import { open } from 'node:fs/promises'
import type { PretrainedModel } from '../components/models/pretrained-model'

/** Shapes by the names of the tensors. */
export type SparseShapes = ReadonlyMap<string, readonly number[]>

const BYTES = { F16: 2, F32: 4 } as const

/** The names and shapes of a model's parameters. */
export function shapesOf(model: PretrainedModel): SparseShapes {
  return new Map([...model.namedParameters()].map(([name, { shape }]) => [name, shape]))
}

/** Writes a safetensors file of zeros. Returns its bytes. */
export async function writeSparse(file: string, shapes: SparseShapes, dtype: keyof typeof BYTES): Promise<number> {
  let position = 0
  const entries = [...shapes].map(([name, shape]) => {
    const begin = position
    position += shape.reduce((product, size) => product * size, BYTES[dtype])
    return [name, { dtype, shape, data_offsets: [begin, position] }]
  })
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const handle = await open(file, 'w')
  try {
    await handle.write(Buffer.concat([length, header]))
    await handle.truncate(8 + header.length + position)
  } finally {
    await handle.close()
  }
  return 8 + header.length + position
}
