/** Memory for the numbers of a tensor. */
import type { TensorInfo } from './checkpoint'
import { weightFileError } from './format-errors'

/** A buffer of the size of a tensor. @throws WeightFileError (`too-large`) if there is not enough memory: a sparse file can state any size */
export function allocateBytes({ file, begin, end }: TensorInfo): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(end - begin)
  } catch (cause) {
    const detail = `holds a tensor of ${end - begin} bytes, for which there is not enough memory.`
    throw weightFileError(file, 'too-large', detail, { cause })
  }
}
