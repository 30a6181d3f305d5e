/** The file of a state is a safetensors file. */
import { type ArrayDType, InvalidStateFileError, registerStateStorage, SavedArray } from '../../src'
import { formatBytes } from '../../src/format/byte-size'
import { availableMemory } from '../../src/platform/available-memory'
import type { StoredDType } from '../checkpoints/checkpoint'
import { SafetensorsFile } from '../checkpoints/safetensors-file'
import { writeSafetensors } from '../checkpoints/write-safetensors'

/** Types of weights that no array here has. */
const NO_ARRAYS: readonly StoredDType[] = ['F16', 'BF16', 'F8_E4M3', 'F8_E5M2']

/** Lets states be saved and loaded. */
export function registerStateFiles(): void {
  registerStateStorage({
    write: (file, arrays, text) => writeSafetensors(file, Object.fromEntries(arrays), Object.fromEntries(text)),
    read: readArrays,
  })
}

async function readArrays(path: string) {
  const file = await SafetensorsFile.open(path)
  try {
    const arrays = new Map<string, SavedArray>()
    const bytes = file.keys.reduce((sum, key) => sum + file.info(key).end - file.info(key).begin, 0)
    if (bytes > availableMemory()) {
      throw new InvalidStateFileError(
        path,
        `its tensors have ${formatBytes(bytes)}, for which there is not enough memory.`,
      )
    }
    for (const key of file.keys) {
      const { dtype, shape } = file.info(key)
      // A file with them holds no state, as its text will tell.
      if (NO_ARRAYS.includes(dtype)) continue
      arrays.set(key, new SavedArray(dtype as ArrayDType, shape, await file.readBytes(key)))
    }
    return { arrays, text: file.metadata }
  } finally {
    await file.close()
  }
}
