/** Reads the alpha of a layer: one number, which some programs store as an integer. */
import type { SafetensorsFile } from '../../checkpoints/safetensors-file'
import { LoraError } from './lora-error'

/** How integers of some types are read. */
const INTEGERS: Readonly<Record<string, (bytes: DataView) => number>> = {
  I64: bytes => Number(bytes.getBigInt64(0, true)),
  I32: bytes => bytes.getInt32(0, true),
  I16: bytes => bytes.getInt16(0, true),
  I8: bytes => bytes.getInt8(0),
  U64: bytes => Number(bytes.getBigUint64(0, true)),
  U32: bytes => bytes.getUint32(0, true),
  U16: bytes => bytes.getUint16(0, true),
  U8: bytes => bytes.getUint8(0),
}

/** @param layer name of the layer, for errors
 * @throws LoraError for more or less than one number, NaN and infinity; SafetensorsError */
export async function readAlpha(file: SafetensorsFile, key: string, layer: string): Promise<number> {
  const { dtype, shape } = file.info(key)
  const refuse = (problem: 'wrong-shape' | 'non-finite', given: string) =>
    new LoraError(file.path, problem, `the alpha of ${layer} is ${given}. The file is damaged: download it again.`, [
      key,
    ])
  if (shape.some(size => size !== 1)) throw refuse('wrong-shape', `a tensor of the shape [${shape.join(', ')}]`)
  const integer = INTEGERS[dtype]
  const alpha = integer
    ? integer(new DataView((await file.readBytes(key)).buffer))
    : ((await file.readFloat32(key))[0] as number) // One number.
  if (Number.isFinite(alpha)) return alpha
  throw refuse('non-finite', String(alpha))
}
