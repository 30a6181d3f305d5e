/** Checks ids of tokens before a text model looks them up. */
import type * as tf from '../../tensors/tf'
import { ModelInputError } from '../model-input-error'

/** @throws ModelInputError for an id that has no embedding: executors would fail with words of their own */
export async function checkTokenIds(model: string, inputIds: tf.Tensor2D, vocabSize: number): Promise<void> {
  for (const id of await inputIds.data()) {
    if (id >= 0 && id < vocabSize) continue
    throw new ModelInputError(
      model,
      'inputIds',
      `holds the token ${id}; the model has embeddings for 0 to ${vocabSize - 1}`,
    )
  }
}
