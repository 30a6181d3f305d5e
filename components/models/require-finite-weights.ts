/** Looks through the weights of a model for NaN and infinity. */
import { weightFileError } from '../checkpoints/format-errors'
import { readFloat32 } from '../checkpoints/read-tensor'
import { countNonFiniteAsync } from '../tensors/non-finite'
import type { PretrainedModel } from './pretrained-model'

/**
 * Reads all weights that a model has from files. If some are NaN or infinite, the model is disposed.
 *
 * @throws SafetensorsError or GGUFError with the problem `non-finite`; the reason of `signal`
 */
export async function requireFiniteWeights(model: PretrainedModel, signal?: AbortSignal): Promise<void> {
  try {
    for (const [name, { origin }] of model.namedParameters()) {
      signal?.throwIfAborted()
      if (origin === undefined) continue
      const values = await readFloat32(origin)
      const wrong = await countNonFiniteAsync(values, signal)
      if (wrong === 0) continue
      const detail = `has ${values.length} values, of which ${wrong} are NaN or infinite: the file is damaged. Download it again.`
      throw weightFileError(origin.file, 'non-finite', detail, { tensor: name })
    }
  } catch (error) {
    model.dispose()
    throw error
  }
}
